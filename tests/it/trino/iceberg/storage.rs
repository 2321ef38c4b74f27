//! Tables in the warehouse, over the stack's S3 server and Postgres: Trino has the sums of the files, before and after the
//! lake's own copy of a run is gone.

use discogs_lakehouse::contract::{Contract, Table};

use super::super::stack::{LARGE, SMALL, Stack, path, setting};
use super::Tables;
use super::readers::{of_files, of_trino};
use crate::support::skipped;

#[test]
fn trino_has_the_sums_of_the_files_over_s3() {
    let Some(tables) = Tables::of(Stack::with_runs) else { return };
    let Some(endpoint) = setting("DISCOGS_S3_ENDPOINT") else {
        return skipped("the stack has no S3 server; scripts/stack up starts it");
    };
    let warehouse = format!("s3://lake/{}", tables.stack.schema());
    let there = ["--warehouse", &warehouse, "--s3-endpoint", &endpoint];
    let contract = Contract::load().unwrap();
    let exists = |table: &&Table| tables.stack.folder().join("_runs").join(LARGE).join(table.folder()).is_dir();
    let of_run: Vec<_> = contract.tables.iter().filter(exists).collect();
    for run in [SMALL, LARGE] {
        tables.task("upload-run", &[&["--run-id", run][..], &there].concat()).expect_status(0);
        let arguments = ["--run-id", run, "--catalog", &tables.url];
        tables.task("stage-tables", &[&arguments[..], &there].concat()).expect_status(0);
        tables.promote(run);
    }
    assert!(!tables.stack.folder().join("_tables/silver").exists(), "the metadata is in the warehouse");
    tables.wait_for_trino();
    let (now, back) = (of_files(&tables, LARGE, &of_run), of_files(&tables, SMALL, &of_run));
    let at_small = format!("FOR VERSION AS OF 'run_{SMALL}'");
    assert_eq!(of_trino(&tables, &of_run, ""), now);
    assert_eq!(of_trino(&tables, &of_run, &at_small), back);
    let path_of = tables.row("SELECT min(file_path) FROM \"releases_v6$files\"").remove(0);
    assert!(path_of.starts_with(&format!("{warehouse}/_runs/{LARGE}/releases_v6/")), "{path_of}");

    // The lake's own copy goes, the snapshots and their files stay.
    for link in std::fs::read_dir(tables.stack.folder()).unwrap().flatten() {
        if link.file_name().to_string_lossy().starts_with("active__prev_") {
            std::fs::remove_file(link.path()).unwrap();
        }
    }
    tables.task("prune-runs", &["--keep", "1", "--dry-run=false"]).expect_status(0);
    assert!(!tables.stack.folder().join("_runs").join(SMALL).exists());
    assert_eq!(of_trino(&tables, &of_run, &at_small), back);
    let sql = "SELECT count(*), sum(release_id) FROM releases_v6";
    let trino = tables.row(&format!("{sql} {at_small}")).join(",");
    let csv = tables.stack.folder().join("sums.csv");
    let query = ["--as-of", SMALL, "--sql", sql, "--csv", path(&csv)];
    tables.task("query", &query).expect_status(0);
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().nth(1).unwrap(), trino);

    // People's own tables and tables of Trino's lie in the lake, in the same catalog.
    tables.change("CREATE TABLE mine_of_trino AS SELECT release_id, title FROM releases_v6");
    let joined = "SELECT count(*) FROM mine_of_trino AS m JOIN releases_v6 AS r ON m.release_id = r.release_id";
    assert_eq!(tables.row(joined), tables.row("SELECT count(*) FROM releases_v6"));
    tables.change("DROP TABLE mine_of_trino");
}
