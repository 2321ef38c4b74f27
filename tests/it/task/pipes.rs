//! Closed streams, and the output of a failure.

use std::io;

use crate::support::{RUN, TestLake, binary};

#[test]
fn a_reader_that_has_gone_away_changes_nothing() {
    let lake = TestLake::begun();
    let closed = || {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        writer
    };
    for arguments in [&["--run-id", RUN][..], &["--run-id", RUN, "--replace"], &["--help"], &["--version"]] {
        let mut command = lake.task("ingest-labels");
        assert_eq!(command.args(arguments).stdout(closed()).stderr(closed()).status(), Some(0), "{arguments:?}");
    }
    let mut command = lake.task("ingest-labels");
    assert_eq!(command.args(&["--run-id", "x"]).stdout(closed()).stderr(closed()).status(), Some(2));
    assert_eq!(lake.json(&format!("_runs/{RUN}/_tasks/ingest-labels.json"))["status"], "done");
    let mut command = lake.task("run-workflow");
    assert_eq!(command.args(&["no.dig"]).stdout(closed()).stderr(closed()).status(), Some(2));
}

#[test]
fn a_backtrace_is_never_shown() {
    let lake = TestLake::begun();
    for arguments in
        [&["--run-id", "x"][..], &["--run-id", "20200101_000000"], &["--run-id", RUN, "--labels-dump", "/"]]
    {
        let plain = lake.task("ingest-labels").args(arguments).env_remove("RUST_BACKTRACE").run();
        let traced = lake.task("ingest-labels").args(arguments).env("RUST_BACKTRACE", "1").run();
        assert_eq!(plain.status, traced.status);
        assert_eq!(plain.stderr, traced.stderr);
        traced.expect_one_line(&["ingest-labels: "]);
    }
}

#[test]
fn stdin_is_never_read() {
    let lake = TestLake::begun();
    // Like Digdag, which passes a pipe and never closes it.
    let (reader, _writer) = io::pipe().unwrap();
    let mut command = std::process::Command::new(binary("ingest-labels"));
    command.env("DISCOGS_DATA_LAKE", lake.root()).args(["--run-id", RUN]).stdin(reader);
    assert!(command.output().unwrap().status.success());
}
