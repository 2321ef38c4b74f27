use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::relay::Relay;
use super::stack::{LARGE, Stack, path};
use crate::support::{Finished, TestCommand};

fn register(stack: &Stack, arguments: &[&str]) -> Finished {
    stack.task(env!("CARGO_BIN_EXE_register-tables"), arguments)
}

#[test]
fn every_table_name_and_view_is_registered_and_kept_up_to_date() {
    let Some(stack) = Stack::with_runs() else { return };
    let first = register(&stack, &["--run-id", LARGE]).expect_status(0).json();
    assert_eq!(first["status"], "done");
    assert_eq!(first["run_schema"], format!("{}_r_2026_12__20261220_000000", stack.schema()));
    assert_eq!(first["metrics"]["created"], 2 * stack.ask("SHOW TABLES").len());
    for name in ["artists_v1", "masters_v1", "releases_ref_v6", "labels_ref_v10", "release_label_xref_v1_canon"] {
        assert_ne!(stack.cell(&format!("SELECT count(*) FROM {name}")), "0", "{name}");
    }

    let again = register(&stack, &["--run-id", LARGE]).expect_status(0).json();
    assert_eq!(again["status"], "already_done");
    assert_eq!(again["metrics"]["unchanged"], first["metrics"]["created"]);

    a_column_that_is_new_is_added_where_the_table_stands(&stack);
    a_table_at_another_location_is_replaced_when_that_is_asked_for(&stack);
    what_others_made_is_left_alone(&stack);
    a_view_that_breaks_is_blamed_on_its_own_file(&stack);
    the_bootstrap_file_can_be_run_twice(&stack);
}

fn a_column_that_is_new_is_added_where_the_table_stands(stack: &Stack) {
    stack.change("ALTER TABLE masters_v1_typed DROP COLUMN notes");
    stack.change("COMMENT ON TABLE masters_v1_typed IS 'A master. [discogs-lakehouse 000000000000]'");
    let outcome = register(stack, &[]).expect_status(0).json();
    assert_eq!(outcome["metrics"]["altered"], 1);
    stack.ask("SELECT notes FROM masters_v1_typed LIMIT 1");
}

fn a_table_at_another_location_is_replaced_when_that_is_asked_for(stack: &Stack) {
    stack.change("DROP TABLE label_urls_v1");
    stack.change(&format!(
        "CREATE TABLE label_urls_v1 (label_id bigint, position integer, url varchar)
         COMMENT 'Elsewhere. [discogs-lakehouse 000000000000]'
         WITH (external_location = '{}', format = 'PARQUET')",
        stack.location(&format!("_runs/{LARGE}/label_urls_v1"))
    ));
    register(stack, &[]).expect_status(2).expect_stderr("has another location");
    let outcome = register(stack, &["--replace-tables=true"]).expect_status(0).json();
    assert_eq!(outcome["metrics"]["replaced"], 1);
    assert!(stack.cell("SHOW CREATE TABLE label_urls_v1").contains("/active/label_urls_v1"));
    assert!(stack.ask("SHOW TABLES LIKE 'label_urls%'").len() == 1);
}

fn what_others_made_is_left_alone(stack: &Stack) {
    stack.change("CREATE VIEW mine AS SELECT 1 AS x");
    stack.change("DROP VIEW masters_v1");
    stack.change("CREATE VIEW masters_v1 AS SELECT 1 AS x");
    register(stack, &[]).expect_status(2).expect_stderr("register-tables did not make it");
    assert_eq!(stack.cell("SELECT x FROM masters_v1"), "1");
    stack.change("DROP VIEW masters_v1");
    register(stack, &[]).expect_status(0);
    assert_eq!(stack.cell("SELECT x FROM mine"), "1");
}

fn a_view_that_breaks_is_blamed_on_its_own_file(stack: &Stack) {
    stack.change(
        "CREATE OR REPLACE VIEW artists_v1 COMMENT 'Old. [discogs-lakehouse 000000000000]' SECURITY INVOKER
         AS SELECT 1 AS x",
    );
    let relay = Relay::to(stack, |sql| sql.contains("OR REPLACE").then(|| sql.replace("artist_id", "no_such_column")));
    let broken = stack.command_at(&relay.url, env!("CARGO_BIN_EXE_register-tables"), &[]).run().expect_status(6);
    broken.expect_stderr("sql/views/artists_v1.sql:2: line 5:8: Column 'no_such_column'");
    register(stack, &[]).expect_status(0);
}

fn the_bootstrap_file_can_be_run_twice(stack: &Stack) {
    let script = fs::read_to_string(stack.folder().join("_meta/bootstrap_discogs.sql")).unwrap();
    stack.change("DROP VIEW artists_v1");
    stack.change("DROP TABLE release_videos_v1");
    // Some of it; all of it would be the registration again. USE is for the command line, which begins in no schema.
    let some = ["CREATE SCHEMA", "artists_v1\"", "release_videos_v1"];
    for _ in 0..2 {
        for statement in script.split(";\n").filter(|statement| some.iter().any(|name| statement.contains(name))) {
            stack.change(statement);
        }
    }
    assert_eq!(register(stack, &[]).expect_status(0).json()["status"], "already_done");
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
fn what_trino_reads_is_held_to_what_was_written() {
    let Some(stack) = Stack::with_runs() else { return };
    trino_that_sees_no_lake_makes_one_folder_at_most(&stack);
    a_file_that_was_put_in_beside_the_others_is_found(&stack);
}

/// The root is checked only if this machine has a folder of that name.
fn trino_that_sees_no_lake_makes_one_folder_at_most(stack: &Stack) {
    let root = stack.location("elsewhere").replacen("file:", "", 1);
    let finished = register(stack, &["--trino-lake-root", &root]);
    // One that may not write there makes none.
    assert!([Some(3), Some(6)].contains(&finished.status), "{}", finished.stderr);
    let elsewhere = WalkDir::new(stack.folder().join("elsewhere")).min_depth(2).max_depth(2);
    assert!(elsewhere.into_iter().count() <= 1);
    assert!(stack.ask("SHOW TABLES").is_empty());
    register(stack, &[]).expect_status(0);
}

fn a_file_that_was_put_in_beside_the_others_is_found(stack: &Stack) {
    let folder = stack.folder().join("active/label_urls_v1");
    let part = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let part = part.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "parquet")).unwrap();
    fs::copy(part, folder.join("another.parquet")).unwrap();
    let wrong = register(stack, &[]).expect_status(3);
    wrong.expect_stderr("\"label_urls_v1\" at").expect_stderr("verify-run");
}

/// `UPDATE_DOCS=1` writes the file instead of comparing it.
#[test]
fn the_bootstrap_file_of_the_compose_stack_is_that_of_the_contract() {
    let Some(stack) = Stack::with_runs() else { return };
    let written = stack.folder().join("bootstrap.sql");
    let mut command = TestCommand::new(Path::new(env!("CARGO_BIN_EXE_register-tables")), stack.folder());
    command.args(&["--lake", path(stack.folder()), "--trino-lake-root", "/data/hive-data"]);
    let outcome = command.args(&["--bootstrap-file", path(&written)]).run().expect_status(0).json();
    assert_eq!(outcome["status"], "skipped");
    assert_eq!(outcome["reason"], "no trino_url is given");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stack.d/trino/bootstrap_discogs.sql");
    let text = fs::read_to_string(&written).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&kept, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&kept).unwrap_or_default() == text,
        "{} is not what the contract says; run UPDATE_DOCS=1 scripts/test bootstrap",
        kept.display()
    );
}
