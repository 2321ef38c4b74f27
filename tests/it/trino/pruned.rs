use std::fs;
use std::path::Path;

use super::stack::{LARGE, SMALL, Stack, path};
use crate::support::TestCommand;

fn schemas(stack: &Stack) -> usize {
    stack.ask(&format!("SHOW SCHEMAS FROM hive LIKE '{}_r_%'", stack.schema())).len()
}

#[test]
fn the_schema_of_a_pruned_run_goes_unless_something_of_others_is_in_it() {
    let Some(stack) = Stack::with_runs() else { return };
    // Nothing is published, so only the two runs have schemas.
    for entry in fs::read_dir(stack.folder()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_symlink() {
            fs::remove_file(entry).unwrap();
        }
    }
    let register = env!("CARGO_BIN_EXE_register-tables");
    let first = stack.task(register, &["--run-id", SMALL]).expect_status(0).json();
    let gone = first["run_schema"].as_str().unwrap().to_owned();
    stack.change(&format!("CREATE VIEW {gone}.mine AS SELECT 1 AS x"));

    let mut prune = TestCommand::new(Path::new(env!("CARGO_BIN_EXE_prune-runs")), stack.folder());
    prune.args(&["--lake", path(stack.folder()), "--keep", "1", "--dry-run=false"]);
    assert_eq!(prune.run().expect_status(0).json()["removed"], serde_json::json!([SMALL]));
    let reconcile = || stack.workflow("digdag/history", "reconcile_register.dig", &[]).expect_status(0);
    reconcile().expect_stderr(&format!("WARN {gone} stays, though run {SMALL} is gone: mine in it"));
    assert_eq!(schemas(&stack), 2);

    stack.change(&format!("DROP VIEW {gone}.mine"));
    reconcile().expect_stderr(&format!("{gone} is removed, for run {SMALL} is gone"));
    assert_eq!(schemas(&stack), 1);
    let again = stack.task(register, &["--all-runs"]).expect_status(0).json();
    assert_eq!(again["status"], "already_done");
    assert_eq!(again["removed_run_schemas"], serde_json::json!([]));
    assert_eq!(again["further_run_schemas"].as_array().unwrap().len(), 1, "{LARGE} keeps its own");
}

/// Two lakes may have one Trino, and runs of one id.
#[test]
fn the_schema_of_a_run_of_another_lake_stays() {
    let Some(stack) = Stack::new() else { return };
    fs::create_dir(stack.folder().join("_runs")).unwrap();
    let name = format!("{}_r_{}", stack.schema(), SMALL.replace('-', "_"));
    stack.change(&format!("CREATE SCHEMA hive.{name}"));
    stack.change(&format!(
        "CREATE TABLE {name}.numbers (id bigint) COMMENT 'A number. [discogs-lakehouse 000000000000]'
         WITH (external_location = '{}', format = 'PARQUET')",
        stack.location("another_lake/_runs/numbers")
    ));
    let finished = stack.task(env!("CARGO_BIN_EXE_register-tables"), &["--all-runs"]).expect_status(0);
    let finished = finished.expect_stderr(&format!("WARN {name} stays"));
    assert_eq!(finished.json()["removed_run_schemas"], serde_json::json!([]));
    assert_eq!(schemas(&stack), 1);
}
