//! Tables stay readable while register-tables changes them, and after it was killed in the middle.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::relay::Relay;
use super::stack::{LARGE, Stack};
use crate::support::Finished;

const REGISTER: &str = env!("CARGO_BIN_EXE_register-tables");

fn register(stack: &Stack, arguments: &[&str]) -> Finished {
    stack.task(REGISTER, arguments)
}

/// Changes label_urls_v1 into a table that has to be swapped.
fn put_elsewhere(stack: &Stack) {
    stack.change("DROP TABLE IF EXISTS label_urls_v1");
    stack.change(&format!(
        "CREATE TABLE label_urls_v1 (label_id bigint, position integer, url varchar)
         COMMENT 'Elsewhere. [discogs-lakehouse 000000000000]'
         WITH (external_location = '{}', format = 'PARQUET')",
        stack.location(&format!("_runs/{LARGE}/label_urls_v1"))
    ));
}

fn is_in_place(stack: &Stack) -> bool {
    stack.cell("SHOW CREATE TABLE label_urls_v1").contains("/active/label_urls_v1")
}

fn names(stack: &Stack) -> Vec<String> {
    let rows = stack.ask("SHOW TABLES LIKE 'label\\_urls\\_v1%' ESCAPE '\\'");
    rows.into_iter().flatten().flatten().collect()
}

#[test]
fn tables_are_there_while_columns_come_and_go_and_views_are_replaced() {
    let Some(stack) = Stack::with_runs() else { return };
    register(&stack, &[]).expect_status(0);
    let before: Vec<_> = ["masters_v1_typed", "artists_v1_typed", "artist_aliases_v1", "label_urls_v1"]
        .map(|table| (table, stack.cell(&format!("SELECT count(*) FROM {table}"))))
        .to_vec();
    stack.change("ALTER TABLE masters_v1_typed DROP COLUMN notes");
    stack.change("COMMENT ON TABLE masters_v1_typed IS 'One is new. [discogs-lakehouse 000000000000]'");
    stack.change("ALTER TABLE artists_v1_typed ADD COLUMN shoe_size integer");
    stack.change("COMMENT ON TABLE artists_v1_typed IS 'One is gone. [discogs-lakehouse 000000000000]'");
    stack.change(
        "CREATE OR REPLACE VIEW artist_aliases_v1 COMMENT 'Another. [discogs-lakehouse 000000000000]'
         AS SELECT artist_id FROM artist_aliases_v1_typed",
    );
    put_elsewhere(&stack);

    let done = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (table, count) in &before {
            let (stack, done, asked) = (&stack, &done, &asked);
            scope.spawn(move || {
                let trino = stack.session();
                while !done.load(Ordering::Relaxed) {
                    match trino.table(&format!("SELECT count(*) FROM {table}"), "a test") {
                        Ok((_, rows)) => assert_eq!(rows[0][0].as_deref(), Some(count.as_str()), "{table}"),
                        // A swap has an instant without the table.
                        Err(error) => {
                            let away = *table == "label_urls_v1" && error.to_string().contains("TABLE_NOT_FOUND");
                            assert!(away, "{table}: {error}");
                        }
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let outcome = register(&stack, &["--replace-tables=true"]);
        done.store(true, Ordering::Relaxed);
        let outcome = outcome.expect_status(0).json();
        assert_eq!((&outcome["metrics"]["altered"], &outcome["metrics"]["replaced"]), (&3.into(), &1.into()));
    });
    assert!(asked.into_inner() >= before.len());
    stack.ask("SELECT notes FROM masters_v1_typed LIMIT 1");
    assert!(!stack.cell("SHOW CREATE TABLE artists_v1_typed").contains("shoe_size"));
    stack.ask("SELECT alias_name FROM artist_aliases_v1 LIMIT 1");
    assert!(is_in_place(&stack));
}

#[test]
fn one_registers_at_a_time_and_a_swap_that_is_ended_is_finished() {
    let Some(stack) = Stack::with_runs() else { return };
    the_lake_is_locked_while_tables_are_made(&stack);
    names_that_others_have_are_refused(&stack);
    a_signal_waits_until_a_swap_is_whole(&stack);
    the_next_registration_finishes_what_was_killed(&stack);
}

fn the_lake_is_locked_while_tables_are_made(stack: &Stack) {
    let locked = stack.lake().lock("a test").unwrap();
    register(stack, &[]).expect_status(4).expect_stderr("the lake is locked by a test");
    drop(locked);

    let seen = Arc::new(Mutex::new(None));
    let (lake, told) = (stack.lake(), seen.clone());
    let relay = Relay::to(stack, move |sql| {
        let mut told = told.lock().unwrap();
        if sql.contains("CREATE TABLE") && told.is_none() {
            *told = Some(lake.lock("prune-runs").map(drop).map_err(|error| error.to_string()));
        }
        None
    });
    stack.command_at(&relay.url, REGISTER, &[]).run().expect_status(0);
    let seen = seen.lock().unwrap().take().unwrap().unwrap_err();
    assert!(seen.contains("the lake is locked by register-tables"), "{seen}");

    // If nothing has to be changed, no lock is needed.
    let _locked = stack.lake().lock("a test").unwrap();
    register(stack, &[]).expect_status(0).expect_result("already_done");
}

fn names_that_others_have_are_refused(stack: &Stack) {
    put_elsewhere(stack);
    for name in ["label_urls_v1__next", "label_urls_v1__before"] {
        stack.change(&format!("CREATE VIEW {name} AS SELECT 1 AS x"));
        register(stack, &["--replace-tables=true"])
            .expect_status(2)
            .expect_stderr(&format!("\"{name}\" is something else"));
        assert_eq!(stack.cell(&format!("SELECT x FROM {name}")), "1");
        stack.change(&format!("DROP VIEW {name}"));
    }
    assert!(!is_in_place(stack));
}

/// Registers through a relay that does something at the rename of that number. Returns how the task ended.
fn register_with(stack: &Stack, rename: usize, signal: Signal, instead: Option<&'static str>) -> std::process::Output {
    let (task, renames) = (Arc::new(AtomicI32::new(0)), AtomicUsize::new(0));
    let known = task.clone();
    let relay = Relay::to(stack, move |sql| {
        if !sql.contains("RENAME TO") || renames.fetch_add(1, Ordering::SeqCst) + 1 != rename {
            return None;
        }
        kill_process(Pid::from_raw(known.load(Ordering::SeqCst)).unwrap(), signal).unwrap();
        // A task that takes the signal at once has ended by then.
        std::thread::sleep(Duration::from_millis(500));
        instead.map(str::to_owned)
    });
    let child = stack.command_at(&relay.url, REGISTER, &["--replace-tables=true"]).spawn();
    task.store(child.id().cast_signed(), Ordering::SeqCst);
    child.wait_with_output().unwrap()
}

fn a_signal_waits_until_a_swap_is_whole(stack: &Stack) {
    let output = register_with(stack, 1, Signal::TERM, None);
    assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_in_place(stack));
    register(stack, &[]).expect_status(0);
    assert_eq!(names(stack), ["label_urls_v1"]);
}

fn the_next_registration_finishes_what_was_killed(stack: &Stack) {
    put_elsewhere(stack);
    let output = register_with(stack, 2, Signal::KILL, Some("SELECT 1"));
    assert_eq!(output.status.signal(), Some(9));
    assert_eq!(names(stack), ["label_urls_v1__before", "label_urls_v1__next"]);
    register(stack, &[]).expect_status(0);
    assert_eq!(names(stack), ["label_urls_v1"]);
    assert!(is_in_place(stack));
}
