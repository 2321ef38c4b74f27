//! Upkeep: the rows stay, files become fewer, old snapshots and unnamed files go, and what a tag names stays.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Own;
use crate::iceberg::others::with_pyiceberg;
use crate::iceberg::readers::python;
use crate::support::{Snapshot, TestCommand, sealed_lake};

const KEEP_NOTHING: [&str; 4] = ["--keep-snapshots", "1", "--keep-days", "0"];

/// A table of six files, added by six calls.
fn of_six_files() -> Own {
    let own = Own::new();
    for call in 0..6 {
        let rows = (0..20).map(|row| format!("{},{call}\n", row * 7 % 20 + call * 100)).collect::<String>();
        own.done(format!("id,call\n{rows}"), &["--key", "id", "--mode", "append"]);
    }
    own
}

fn maintain(own: &Own, arguments: &[&str]) -> Value {
    own.0.call("maintain-tables", arguments).run().expect_status(0).json()
}

fn data_files(own: &Own) -> Vec<PathBuf> {
    fs::read_dir(own.0.path("_tables/mine/inventory/data")).unwrap().map(|file| file.unwrap().path()).collect()
}

fn snapshots(own: &Own) -> u64 {
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    history["metrics"]["snapshots"].as_u64().unwrap()
}

#[test]
fn small_files_become_one_in_order_and_old_snapshots_go_with_their_files() {
    let own = of_six_files();
    let rows = own.inventory();
    let before = own.0.snapshot();
    let shown = maintain(&own, &KEEP_NOTHING);
    before.expect_unchanged(&own.0.root());
    assert_eq!((&shown["status"], &shown["metrics"]["rewritten_files"]), (&"skipped".into(), &6.into()), "{shown}");
    let done = maintain(&own, &[&KEEP_NOTHING[..], &["--dry-run", "false"]].concat());
    assert_eq!(done["metrics"]["rewritten_files"], 6, "{done}");
    assert_eq!(own.inventory(), rows);
    assert_eq!((data_files(&own).len(), snapshots(&own)), (1, 1));
    let in_order = own.rows("SELECT id FROM mine.inventory", &[]);
    assert!(in_order.is_sorted_by_key(|id| id.parse::<u32>().unwrap()), "{in_order:?}");
    let again = maintain(&own, &[&KEEP_NOTHING[..], &["--dry-run", "false"]].concat());
    assert_eq!(again["status"], "already_done", "{again}");
    // Compaction changes no row, so a reader of changes finds none.
    own.done("id,call\n900,7\n", &["--mode", "append"]);
    assert_eq!(own.rows("SELECT count(*) FROM mine.inventory", &[]), ["121"]);
}

#[test]
fn snapshots_that_are_young_or_tagged_stay_and_can_be_read() {
    let own = of_six_files();
    let maintained = maintain(&own, &["--dry-run", "false"]);
    assert_eq!(maintained["metrics"]["expired_snapshots"], 0, "younger than five days: {maintained}");
    assert_eq!(snapshots(&own), 7);
    let Some(tagged) = with_pyiceberg(&own.0, &["tag", "mine.inventory", "for_the_audit", "2"]) else { return };
    tagged.expect_status(0);
    maintain(&own, &[&KEEP_NOTHING[..], &["--dry-run", "false"]].concat());
    assert_eq!(snapshots(&own), 2);
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    let id = history["snapshots"][0]["snapshot_id"].as_str().unwrap();
    assert_eq!(own.rows("SELECT count(*) FROM mine.inventory", &["--table", "mine.inventory", "--as-of", id]), ["60"]);
    assert_eq!(own.rows("SELECT count(*) FROM mine.inventory", &[]), ["120"]);
}

#[test]
fn a_file_that_no_snapshot_names_goes_after_a_day() {
    let own = of_six_files();
    let data = own.0.path("_tables/mine/inventory/data");
    let (old, young) = (data.join("old.parquet"), data.join("young.parquet"));
    for file in [&old, &young] {
        fs::write(file, "left by a writer").unwrap();
    }
    let two_days_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
    File::options().write(true).open(&old).unwrap().set_modified(two_days_ago).unwrap();
    let done = maintain(&own, &["--dry-run", "false"]);
    assert_eq!(done["metrics"]["removed_files"], 1, "{done}");
    assert!(!old.exists() && young.exists());
    assert_eq!(own.inventory().len(), 120);
}

#[test]
fn tables_of_runs_are_neither_compacted_nor_expired() {
    let (lake, [first, second, _]) = sealed_lake();
    for run in [first, second] {
        lake.task("stage-tables").args(&["--run-id", run]).run().expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let runs = Snapshot::of(&lake.root().join("_runs"));
    let arguments = [&KEEP_NOTHING[..], &["--unnamed-hours", "0", "--dry-run", "false"]].concat();
    lake.task("maintain-tables").args(&arguments).run().expect_status(0).expect_result("already_done");
    runs.expect_unchanged(&lake.root().join("_runs"));
    lake.task("report-active").run().expect_status(0);
    let as_of = ["--as-of", first, "--sql", "SELECT count(*) FROM releases_ref_v6"];
    lake.task("query").args(&as_of).run().expect_status(0);
}

#[test]
fn writers_and_upkeep_of_one_table_all_land() {
    let own = &of_six_files();
    let expected = own.inventory().len() + 4;
    thread::scope(|scope| {
        for writer in 0..4 {
            let file = own.0.write(&format!("of-{writer}.csv"), format!("id,call\n{},9\n", 1000 + writer));
            scope.spawn(move || {
                let call = ["--table", "mine.inventory", "--mode", "append", "--from", file.to_str().unwrap()];
                own.0.call("upsert-table", &call).run().expect_status(0);
            });
        }
        scope.spawn(|| maintain(own, &[&KEEP_NOTHING[..], &["--dry-run", "false"]].concat()));
    });
    assert_eq!(own.inventory().len(), expected);
}

#[test]
fn an_unknown_table_and_no_snapshot_to_keep_are_refused() {
    let own = of_six_files();
    let refused = |arguments: &[&str]| own.0.call("maintain-tables", arguments).run().expect_status(2);
    refused(&["--tables", "mine.prices"]).expect_stderr("mine.prices");
    refused(&["--keep-snapshots", "0"]).expect_stderr("keep_snapshots");
}

#[test]
fn pyiceberg_and_duckdbs_extension_read_a_maintained_table_as_before() {
    let Some(python) = python() else { return };
    let own = of_six_files();
    own.done("id,call\n7,9\n900,9\n", &[]);
    own.done("id\n14\n", &["--mode", "delete"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/own/upkeep.py");
    let read = || {
        let root = fs::canonicalize(own.0.root()).unwrap();
        let mut command = TestCommand::new(&python, &own.0.root());
        command.args(&[script, root.to_str().unwrap()]).run().expect_status(0).stdout
    };
    let (before, rows) = (read(), own.inventory());
    let done = maintain(&own, &[&KEEP_NOTHING[..], &["--dry-run", "false"]].concat());
    assert!(done["metrics"]["rewritten_files"].as_u64().unwrap() > 1, "{done}");
    assert_eq!((read(), own.inventory()), (before.clone(), rows.clone()));
    assert_eq!(before.lines().collect::<Vec<_>>(), [rows.join(";"), rows.join(";")], "two other engines");
}

#[test]
fn tables_of_other_writers_beside_those_of_runs_are_compacted_and_those_of_runs_are_not() {
    let (lake, [run, ..]) = sealed_lake();
    lake.task("stage-tables").args(&["--run-id", run]).run().expect_status(0);
    lake.promote(run).expect_status(0);
    let tables = ["bronze.prices", "gold.by_others"];
    for table in tables {
        let Some(created) = with_pyiceberg(&lake, &["create", table, "3"]) else { return };
        created.expect_status(0);
    }
    let rows = || tables.map(|table| with_pyiceberg(&lake, &["rows", table]).unwrap().expect_status(0).stdout);
    let before = rows();
    assert_eq!(before[0].lines().count(), 6, "{before:?}");
    let runs = Snapshot::of(&lake.root().join("_runs"));
    let arguments = [&KEEP_NOTHING[..], &["--dry-run", "false"]].concat();
    let done = lake.task("maintain-tables").args(&arguments).run().expect_status(0).json();
    runs.expect_unchanged(&lake.root().join("_runs"));
    assert_eq!((&done["metrics"]["tables"], &done["metrics"]["rewritten_files"]), (&39.into(), &6.into()), "{done}");
    let busy: Vec<_> = done["upkeep"].as_array().unwrap().iter().filter(|of| of["rewritten_files"] != 0).collect();
    assert_eq!(busy.iter().map(|of| of["table"].as_str().unwrap()).collect::<Vec<_>>(), tables);
    assert_eq!(rows(), before);
    let files = "SELECT files FROM table_sizes WHERE layer = 'bronze' OR table_name = 'by_others'";
    let files = lake.task("query").args(&["--sql", files, "--format", "csv"]).run().expect_status(0).stdout;
    assert_eq!(files.lines().collect::<Vec<_>>(), ["files", "1", "1"]);
}

/// DuckDB reads columns by field id, which files that pyiceberg's add_files took over lack.
#[test]
fn a_table_whose_files_have_no_field_ids_is_left_as_it_is_and_the_result_says_so() {
    let own = of_six_files();
    let Some(added) = with_pyiceberg(&own.0, &["add-files", "mine.taken_over", "2"]) else { return };
    added.expect_status(0);
    let rows = || with_pyiceberg(&own.0, &["rows", "mine.taken_over"]).unwrap().expect_status(0).stdout;
    let before = rows();
    let done = maintain(&own, &["--tables", "mine.taken_over", "--dry-run", "false"]);
    assert!(done["upkeep"][0]["not_rewritten"].as_str().unwrap().contains("has no field ids"), "{done}");
    assert_eq!(rows(), before);
    let query = own.0.call("query", &["--sql", "SELECT count(*) FROM mine.taken_over"]).run().expect_status(5);
    query.expect_stderr("has no field ids").expect_stderr("EXECUTE optimize in Trino");
}
