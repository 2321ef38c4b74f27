use std::fs;
use std::path::Path;

use super::stack::{LARGE, Stack, path};
use crate::support::Finished;

fn register(stack: &Stack, arguments: &[&str]) -> Finished {
    stack.task(env!("CARGO_BIN_EXE_register-tables"), arguments)
}

#[test]
fn every_table_name_and_view_is_there_and_again_nothing_changes() {
    let Some(stack) = Stack::with_runs() else { return };
    let first = register(&stack, &["--run-id", LARGE]).expect_status(0).json();
    assert_eq!(first["status"], "done");
    assert_eq!(first["run_schema"], format!("{}_r_2026_12__20261220_000000", stack.schema()));
    // 33 tables without the collection, two SQL names, seven views; twice.
    assert_eq!(first["metrics"]["created"], 2 * stack.ask("SHOW TABLES").len());

    for name in ["artists_v1", "masters_v1", "releases_ref_v6", "labels_ref_v10", "release_label_xref_v1_canon"] {
        assert_ne!(stack.cell(&format!("SELECT count(*) FROM {name}")), "0", "{name}");
    }
    assert_eq!(stack.cell("SELECT count(*) FROM releases_ref_v6"), stack.cell("SELECT count(*) FROM releases_v6"));

    let again = register(&stack, &["--run-id", LARGE]).expect_status(0).json();
    assert_eq!(again["status"], "already_done");
    assert_eq!(again["metrics"]["unchanged"], first["metrics"]["created"]);
}

#[test]
fn a_column_that_is_new_is_added_where_the_table_stands() {
    let Some(stack) = Stack::with_runs() else { return };
    register(&stack, &[]).expect_status(0);
    stack.change("ALTER TABLE masters_v1_typed DROP COLUMN notes");
    stack.change("COMMENT ON TABLE masters_v1_typed IS 'A master. [discogs-lakehouse 000000000000]'");
    let outcome = register(&stack, &[]).expect_status(0).json();
    assert_eq!(outcome["metrics"]["altered"], 1);
    assert_eq!(stack.cell("SELECT count(*) FROM masters_v1_typed WHERE notes IS NULL OR notes IS NOT NULL"), {
        stack.cell("SELECT count(*) FROM masters_v1_typed")
    });
}

#[test]
fn what_others_made_is_left_alone() {
    let Some(stack) = Stack::with_runs() else { return };
    stack.change(&format!("CREATE SCHEMA hive.{}", stack.schema()));
    stack.change("CREATE VIEW mine AS SELECT 1 AS x");
    stack.change("CREATE VIEW masters_v1 AS SELECT 1 AS x");
    register(&stack, &[]).expect_status(2).expect_stderr("register-tables did not make it");
    assert_eq!(stack.cell("SELECT x FROM masters_v1"), "1");

    stack.change("DROP VIEW masters_v1");
    register(&stack, &[]).expect_status(0);
    assert_eq!(stack.cell("SELECT x FROM mine"), "1");
}

#[test]
fn a_table_at_another_location_is_replaced_only_when_that_is_asked_for() {
    let Some(stack) = Stack::with_runs() else { return };
    register(&stack, &[]).expect_status(0);
    let elsewhere = stack.folder().join("_runs/../");
    let other_root = ["--trino-lake-root", path(&elsewhere)];
    let again = |more: &[&str]| {
        let mut command = crate::support::TestCommand::new(
            Path::new(env!("CARGO_BIN_EXE_register-tables")),
            stack.folder(),
        );
        command.args(&["--lake", path(stack.folder()), "--trino-schema", stack.schema()]).args(&other_root);
        command.args(&["--trino-url", stack.session().address()]).args(more).run()
    };
    again(&[]).expect_status(2).expect_stderr("has another location");
    let outcome = again(&["--replace-tables=true"]).expect_status(0).json();
    assert_ne!(outcome["metrics"]["replaced"], 0);
    assert_eq!(stack.ask("SHOW TABLES LIKE '%\\_\\_%' ESCAPE '\\'").len(), 0);
}

#[test]
fn a_folder_that_is_missing_is_refused_and_not_made() {
    let Some(stack) = Stack::with_runs() else { return };
    let folder = stack.folder().join("_runs").join(LARGE).join("label_urls_v1");
    fs::rename(&folder, stack.folder().join("elsewhere")).unwrap();
    register(&stack, &[]).expect_status(5).expect_stderr("holds no label_urls_v1");
    assert!(!folder.exists());
}

#[test]
fn the_bootstrap_file_of_the_compose_stack_is_that_of_the_contract() {
    let Some(stack) = Stack::with_runs() else { return };
    let written = stack.folder().join("bootstrap.sql");
    let mut command =
        crate::support::TestCommand::new(Path::new(env!("CARGO_BIN_EXE_register-tables")), stack.folder());
    command.args(&["--lake", path(stack.folder()), "--trino-lake-root", "/data/hive-data"]);
    let outcome = command.args(&["--bootstrap-file", path(&written)]).run().expect_status(0).json();
    assert_eq!(outcome["status"], "skipped");
    assert_eq!(outcome["reason"], "no trino_url is given");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stack.d/trino/bootstrap_discogs.sql");
    assert_eq!(
        fs::read_to_string(&written).unwrap(),
        fs::read_to_string(&kept).unwrap_or_default(),
        "write it anew: register-tables --bootstrap-file {} --trino-lake-root /data/hive-data",
        kept.display()
    );
}

#[test]
fn the_bootstrap_file_can_be_run_twice() {
    let Some(stack) = Stack::with_runs() else { return };
    register(&stack, &[]).expect_status(0);
    let script = fs::read_to_string(stack.folder().join("_meta/bootstrap_discogs.sql")).unwrap();
    stack.change(&format!("DROP SCHEMA hive.{} CASCADE", stack.schema()));
    for _ in 0..2 {
        for statement in script.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            // The command line's own; the session here is in the schema already.
            if !statement.trim().starts_with("USE ") {
                stack.change(statement);
            }
        }
    }
    assert_eq!(register(&stack, &[]).expect_status(0).json()["status"], "already_done");
}
