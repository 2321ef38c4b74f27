//! The gold tables: built from what is published, checked, month by month, and moved with their run.

mod documentation;
mod evolution;
mod months;
mod real;

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Dir, Month, RUN, TestLake, month};

/// A run of the month after that of `RUN`.
pub const NEXT: &str = "2026-12__20261220_000000";

/// A lake with two sealed runs of two months, of which none is published.
pub fn two_months() -> TestLake {
    static SEALED: OnceLock<TestLake> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| {
        let lake = TestLake::of(Dir::shared());
        let next = Month::generate("2026-12", &["--releases", "310"]);
        for (run, month) in [(RUN, month()), (NEXT, &next)] {
            lake.begin(run, month);
            lake.ingest(run);
            lake.call("build-warehouse", &["--run-id", run]).run().expect_status(0);
            lake.call("sanity-check", &["--run-id", run, "--environment", "sample"]).run().expect_status(0);
        }
        lake
    });
    sealed.copy()
}

/// Adds a run to the tables, publishes it and builds the gold tables.
#[track_caller]
pub fn publish(lake: &TestLake, run: &str) -> Value {
    lake.call("stage-tables", &["--run-id", run]).run().expect_status(0);
    lake.promote(run).expect_status(0);
    build(lake)
}

#[track_caller]
fn build(lake: &TestLake) -> Value {
    lake.call("build-gold", &["--threads", "2"]).run().expect_status(0).json()
}

/// The rows of a query as lines of CSV, without the header.
#[track_caller]
pub fn rows(lake: &TestLake, sql: &str, arguments: &[&str]) -> Vec<String> {
    let query = [&["--sql", sql, "--format", "csv"], arguments].concat();
    let finished = lake.call("query", &query).run().expect_status(0);
    finished.stdout.lines().skip(1).map(str::to_owned).collect()
}
