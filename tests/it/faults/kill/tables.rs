//! Tasks that change the Iceberg tables: a tag is in every table or in none, and `main` of all tables is one run.

use lake_catalog::{Access, Catalog, Store};

use super::{Trial, equal};
use crate::faults::lake::{RUNS, Stage};
use crate::faults::trace::available;
use crate::support::TestLake;

/// The run that `main` of every table is, or another ref.
fn run_of(lake: &TestLake, reference: &str) -> Result<Option<String>, String> {
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let tables = catalog.load_all().map_err(|error| error.to_string())?;
    let run = |table: &lake_catalog::Table| {
        let snapshot = table.metadata().snapshot_for_ref(reference)?;
        snapshot.summary().additional_properties.get("discogs.run-id").cloned()
    };
    equal(tables.len(), 37)?;
    let first = run(&tables[0]);
    equal(tables.iter().all(|table| run(table) == first), true)?;
    Ok(first)
}

#[test]
fn stage_tables() {
    if !available() {
        return;
    }
    let tag = format!("run_{}", RUNS[4]);
    let done = |lake: &TestLake| {
        equal(run_of(lake, &tag)?.as_deref(), Some(RUNS[4]))?;
        equal(run_of(lake, "main")?, None)
    };
    let arguments = ["--run-id", RUNS[4]];
    let actives = [Some(RUNS[2])];
    let trial =
        Trial { name: "stage-tables", stage: Stage::Published, arguments: &arguments, actives: &actives, done: &done };
    assert!(trial.at_calls("KILL") > 200);
}

/// `active` and `main` of every table: after the next call both are the run that was to be published.
fn moves_both(name: &str, arguments: &[&str], to: &str) {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(lake.active().as_deref(), Some(to))?;
        equal(run_of(lake, "main")?.as_deref(), Some(to))?;
        equal(lake.path("_meta/publication.json").exists(), false)
    };
    let actives = [Some(RUNS[2]), Some(to)];
    let trial = Trial { name, stage: Stage::Staged, arguments, actives: &actives, done: &done };
    assert!(trial.at_calls("KILL") > 100);
}

#[test]
fn promote_with_tables() {
    moves_both("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"], RUNS[4]);
}

#[test]
fn rollback_with_tables() {
    moves_both("rollback", &["--from-run-id", RUNS[2]], RUNS[1]);
}
