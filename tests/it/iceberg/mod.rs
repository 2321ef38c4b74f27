//! The Iceberg tables of a lake: staged, published, rolled back, read as they were.

mod catalog;
mod documentation;
pub mod evolution;
mod moved;
pub mod others;
pub mod partitions;
mod postgres;
pub mod pruning;
mod publish;
pub mod readers;
pub mod rest;
pub mod spark;
pub mod views;

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Dir, Finished, Month, TestLake, month};

const OCTOBER: &str = "2026-10__20261020_000000";
const NOVEMBER: &str = "2026-11__20261120_000000";

/// A lake with a sealed run of each of two months: a copy of one that is made once. Nothing is published or staged.
pub fn two_months() -> TestLake {
    static MONTHS: OnceLock<TestLake> = OnceLock::new();
    let made = || {
        let lake = TestLake::of(Dir::shared());
        seal(&lake, OCTOBER, &Month::generate("2026-10", &["--releases", "60"]));
        seal(&lake, NOVEMBER, month());
        lake
    };
    MONTHS.get_or_init(made).copy()
}

fn seal(lake: &TestLake, run: &str, month: &Month) {
    lake.begin(run, month);
    lake.ingest(run);
    lake.task("build-warehouse").args(&["--run-id", run]).run().expect_status(0);
    let check = ["--run-id", run, "--environment", "sample", "--accept-drift", "true"];
    lake.task("sanity-check").args(&check).run().expect_status(0);
}

pub fn stage(lake: &TestLake, run: &str) -> Finished {
    lake.task("stage-tables").args(&["--run-id", run]).run()
}

/// What table-history reports of a table.
fn history(lake: &TestLake, table: &str) -> Value {
    lake.task("table-history").args(&["--table", table]).run().expect_status(0).json()
}

/// The run of the snapshot that a ref of a table names.
fn run_of(lake: &TestLake, table: &str, reference: &str) -> Option<String> {
    let history = history(lake, table);
    let names = |snapshot: &&Value| snapshot["refs"].as_array().unwrap().iter().any(|name| name == reference);
    let found = history["snapshots"].as_array().unwrap().iter().find(names)?;
    Some(found["run_id"].as_str().unwrap().to_owned())
}

/// The number of releases that a query reads.
fn releases(lake: &TestLake, arguments: &[&str]) -> String {
    let csv = lake.root().parent().unwrap().join("releases.csv");
    let mut query = lake.task("query");
    query.args(&["--sql", "SELECT count(*), sum(release_id) FROM releases_ref_v6", "--csv", csv.to_str().unwrap()]);
    query.args(arguments).run().expect_status(0);
    std::fs::read_to_string(csv).unwrap().lines().nth(1).unwrap().to_owned()
}
