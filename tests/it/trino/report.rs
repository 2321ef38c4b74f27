use std::fs;
use std::path::PathBuf;

use super::relay::Relay;
use super::stack::{LARGE, SMALL, Stack};

#[test]
fn trino_and_duckdb_find_the_same_and_a_critical_failure_rolls_back() {
    let Some(stack) = Stack::with_runs() else { return };
    stack.task(env!("CARGO_BIN_EXE_register-tables"), &[]).expect_status(0);
    let report = |engine: &str, recheck: &str| -> Vec<Vec<String>> {
        let arguments = ["--engine", engine, "--environment", "sample", "--recheck", recheck];
        let outcome = stack.task(env!("CARGO_BIN_EXE_report-active"), &arguments).expect_status(0).json();
        assert_eq!(outcome["engine"], engine);
        assert_eq!(outcome["verdict"], if recheck == "true" { "checked" } else { "reused" });
        let path = PathBuf::from(outcome["report"].as_str().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{engine}_sanity_active_")), "{name}");
        assert!(path.with_extension("json").exists());
        let text = fs::read_to_string(path).unwrap();
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        rows.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let [by_trino, by_duckdb] = ["trino", "duckdb"].map(|engine| report(engine, "true"));
    assert_eq!(by_trino, by_duckdb);
    // Without a recheck the findings are those that were kept, and one more: what Trino reads.
    let (read, mut kept): (Vec<_>, Vec<_>) =
        report("trino", "false").into_iter().partition(|row| row[0] == "run.as_trino_reads_it");
    assert_eq!(read.iter().map(|row| &row[3]).collect::<Vec<_>>(), ["true"]);
    let mut by_duckdb = by_duckdb;
    kept.sort();
    by_duckdb.sort();
    assert_eq!(kept, by_duckdb);

    // A whole month has at least 1000 artists. Without an environment the run is reported on as it was sealed.
    let report = |arguments: &[&str]| {
        let arguments = [arguments, &["--environment", "month"]].concat();
        stack.task(env!("CARGO_BIN_EXE_report-active"), &arguments).expect_status(3)
    };
    report(&["--engine", "duckdb"]).expect_stderr(&format!("--from-run-id {LARGE}"));
    assert_eq!(stack.lake().active().unwrap().unwrap().as_str(), LARGE);

    report(&["--engine", "trino", "--rollback-on-failure=true"])
        .expect_stderr(&format!("rolled back: active is {SMALL} again"));
    assert_eq!(stack.lake().active().unwrap().unwrap().as_str(), SMALL);
}

/// A verdict that is reused says nothing about how Trino reads the files, so that is asked each time.
#[test]
fn a_trino_that_misreads_a_table_fails_the_report_though_the_verdict_is_reused() {
    let Some(stack) = Stack::with_runs() else { return };
    stack.task(env!("CARGO_BIN_EXE_register-tables"), &[]).expect_status(0);
    // Every number that Trino reads out of release_labels_v1 is one more than it is.
    let relay = Relay::to(&stack, |sql| {
        let misread = sql.replace("count(*)", "count(*) + 1");
        (sql.contains("release_labels_v1") && misread != sql).then_some(misread)
    });
    let arguments = ["--engine", "trino", "--environment", "sample"];
    let report = stack.command_at(&relay.url, env!("CARGO_BIN_EXE_report-active"), &arguments).run().expect_status(3);
    let outcome = report.json();
    assert_eq!(outcome["verdict"], "reused", "{outcome}");
    report.expect_stderr("run.as_trino_reads_it");
}
