//! Tables about the lake's tables: their sizes, files, snapshots and schemas, in `query`.

use std::fs;

use super::{NOVEMBER, OCTOBER, stage, two_months};
use crate::support::{TestLake, sealed_lake};

/// The rows of a query as lines of CSV, without the header.
#[track_caller]
pub fn rows(lake: &TestLake, sql: &str, arguments: &[&str]) -> Vec<String> {
    let mut query = lake.task("query");
    let finished = query.args(&["--sql", sql, "--format", "csv"]).args(arguments).run().expect_status(0);
    finished.stdout.lines().skip(1).map(str::to_owned).collect()
}

/// Rows and bytes of all datasets of a run, as its manifest has them, and the number of files.
fn of_manifest(lake: &TestLake, run: &str) -> String {
    let manifest = lake.json(&format!("_runs/{run}/_manifest.json"));
    let datasets = manifest["datasets"].as_array().unwrap();
    let sum = |key: &str| datasets.iter().map(|dataset| dataset[key].as_u64().unwrap()).sum::<u64>();
    ["rows", "bytes", "files"].map(|key| sum(key).to_string()).join(",")
}

#[test]
fn sizes_and_files_are_those_of_the_run_that_is_read() {
    let lake = two_months();
    for run in [OCTOBER, NOVEMBER] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let layers = "SELECT layer, count(*), SUM(size_bytes) > 0 FROM table_sizes GROUP BY layer ORDER BY layer";
    assert_eq!(rows(&lake, layers, &[]), ["gold,6,true", "silver,31,true"]);
    for (arguments, run) in
        [(vec![], NOVEMBER), (vec!["--as-of", "2026-10"], OCTOBER), (vec!["--run-id", OCTOBER], OCTOBER)]
    {
        let sizes = rows(&lake, "SELECT SUM(rows), SUM(size_bytes), SUM(files) FROM table_sizes", &arguments);
        let files = "SELECT SUM(rows), SUM(size_bytes), count(DISTINCT path) FROM table_files WHERE content = 'data'";
        let files = rows(&lake, files, &arguments);
        assert_eq!((&sizes, &files), (&vec![of_manifest(&lake, run)], &sizes), "{arguments:?}");
        let others = format!("SELECT count(*) FROM table_files WHERE run_id <> '{run}' OR path NOT LIKE '/%/_runs/%'");
        assert_eq!(rows(&lake, &others, &arguments), ["0"]);
        let joined =
            "SELECT s.rows - (SELECT count(*) FROM labels_v10) FROM table_sizes AS s WHERE table_name = 'labels_v10'";
        assert_eq!(rows(&lake, joined, &arguments), ["0"], "beside a table of the run");
    }
    snapshots_and_schemas_are_those_of_the_catalog(&lake);
}

fn snapshots_and_schemas_are_those_of_the_catalog(lake: &TestLake) {
    let snapshots = "SELECT table_name, operation, run_id, dump_month, array_to_string(tags, ' '), is_current, rows > 0, \
                     parent_id IS NULL, committed_at > TIMESTAMP '2020-01-01' FROM table_snapshots \
                     WHERE layer = 'silver' AND table_name = 'labels_v10' ORDER BY committed_at";
    assert_eq!(
        rows(lake, snapshots, &[]),
        [
            format!("labels_v10,append,{OCTOBER},2026-10,month_2026-10 run_{OCTOBER},false,true,true,true"),
            format!("labels_v10,overwrite,{NOVEMBER},2026-11,month_2026-11 run_{NOVEMBER},true,true,false,true"),
        ]
    );
    let totals = "SELECT count(*) FROM table_snapshots JOIN table_sizes USING (layer, table_name, rows, files, size_bytes) \
                  WHERE is_current";
    assert_eq!(rows(lake, totals, &[]), ["37"], "the totals of writers are those of the files");
    let columns = "SELECT schema_id, field_id, position, column_name, type, required, is_current, description <> '' \
                   FROM table_schema_versions WHERE table_name = 'artist_urls_v1' ORDER BY position LIMIT 1";
    assert_eq!(rows(lake, columns, &[]), ["0,1,1,artist_id,long,false,true,true"]);
}

#[test]
fn tables_about_tables_are_loaded_if_a_statement_reads_them_and_shadow_no_name_of_its_own() {
    let (lake, [run, ..]) = sealed_lake();
    lake.promote(run).expect_status(0);
    let mut query = lake.task("query");
    query.args(&["--sql", "FROM table_sizes"]).run().expect_status(2).expect_stderr("no Iceberg tables yet");
    let own = "WITH table_sizes AS (SELECT 7 AS n) SELECT n FROM table_sizes";
    assert_eq!(rows(&lake, own, &[]), ["7"], "a lake without a catalog");
    stage(&lake, run).expect_status(0);
    // A statement that names none of them does not open the catalog.
    fs::write(lake.path("_meta/catalog.sqlite"), "no catalog").unwrap();
    assert_eq!(rows(&lake, "SELECT 'table_sizes' FROM labels_v10 LIMIT 1", &[]), ["table_sizes"]);
    assert_ne!(lake.task("query").args(&["--sql", "FROM table_files"]).run().status, Some(0));
}
