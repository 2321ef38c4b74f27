use std::path::{Path, PathBuf};

use super::Tables;
use crate::support::{Month, sample_dumps};
use crate::trino::stack::Stack;

const COLLECTION: &str = "Catalog#,Artist,Title,Label,Format,Rating,Released,release_id,CollectionFolder,Date Added,\
    Collection Media Condition,Collection Sleeve Condition,Collection Notes\n\
    A 1,Someone,A title,A label,LP,4,1999,1,All,2026-01-02 03:04:05,Near Mint (NM or M-),Very Good (VG),\n";

/// Real records and two generated months go through bronze, silver and gold by the workflows, and a collection through bronze
/// and silver. Trino has the sums of DuckDB in each layer.
#[test]
fn months_go_through_all_layers_by_the_workflows() {
    let Some(tables) = Tables::of(Stack::new) else { return };
    let generated = [("2026-11", "150"), ("2026-12", "160")];
    let generated = generated.map(|(month, releases)| (month, Month::generate(month, &["--releases", releases])));
    let real = sample_dumps().map(|folder| ("2025-01", folder));
    let of_generated = generated.iter().map(|(name, month)| (*name, month.raw_root().to_owned()));
    let months: Vec<(&str, PathBuf)> = real.into_iter().chain(of_generated).collect();
    for (month, raw_root) in &months {
        let (month, raw_root) = (format!("dump_month={month}"), format!("raw_root={}", raw_root.display()));
        let publish = ["run_mode=prod", "allow_promote=true", "environment=sample", "min_free=0", "bronze=changes"];
        tables.workflow("main.dig", &[&publish[..], &[&month, &raw_root]].concat()).expect_status(0);
        tables.workflow("gold.dig", &[]).expect_status(0);
    }
    let file = tables.stack.folder().join("collection.csv");
    std::fs::write(&file, COLLECTION).unwrap();
    let declaration = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/refine/collection.yml");
    let (from, declaration) = (format!("from={}", file.display()), format!("declaration={}", declaration.display()));
    let refined = tables.workflow("refine.dig", &["table=bronze.mine_collection", &from, &declaration]);
    refined.expect_status(0).expect_stderr("1 inserted");
    tables.workflow("retention.dig", &["runs=true"]).expect_status(0).expect_stderr("dry_run: 0 rows");

    tables.wait_for_trino();
    let query = |sql: &str| {
        let found = tables.task("query", &["--sql", sql, "--format", "csv"]).expect_status(0);
        found.stdout.lines().nth(1).unwrap().to_owned()
    };
    for (trino, duckdb, sums) in [
        (
            "bronze.releases",
            "bronze.releases",
            "count(*), sum(id), sum(position), count(xml), count(DISTINCT dump_month)",
        ),
        ("bronze.artists", "bronze.artists", "count(*), sum(id), max(record_hash), count(DISTINCT dump_month)"),
        ("bronze.mine_collection", "bronze.mine_collection", "count(*), max(record_hash)"),
        ("mine.collection", "mine.collection", "count(*), sum(release_id)"),
        ("silver.releases_v6", "releases_v6", "count(*), sum(release_id), count(title), sum(master_id)"),
        ("silver.release_tracks_v1", "release_tracks_v1", "count(*), sum(release_id), sum(duration_seconds)"),
        ("gold.release_wide", "gold.release_wide", "count(*), sum(release_id), sum(tracks), count(first_track)"),
        (
            "gold.monthly_metrics",
            "gold.monthly_metrics",
            "count(*), sum(value), sum(change), count(DISTINCT dump_month)",
        ),
    ] {
        let of_trino = tables.row(&format!("SELECT {sums} FROM {trino}")).join(",");
        assert_eq!(of_trino, query(&format!("SELECT {sums} FROM {duckdb}")), "{sums} of {trino}");
    }
    let bronze = tables.row("SELECT count(DISTINCT dump_month) FROM bronze.releases");
    let gold = tables.row("SELECT count(DISTINCT dump_month) FROM gold.monthly_metrics");
    assert_eq!([&bronze[0], &gold[0]], [&months.len().to_string(); 2]);
}
