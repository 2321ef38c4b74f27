//! Files of the lake that a newer version wrote.

use std::fs;

use crate::support::{RUN, TestLake, sealed_lake};

/// Raises the number `format` in a file of a run.
fn raise(lake: &TestLake, run: &str, name: &str) {
    let path = lake.root().join("_runs").join(run).join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"format\": 1,"), "{name} has no format");
    fs::remove_file(&path).unwrap();
    fs::write(&path, text.replace("\"format\": 1,", "\"format\": 2,\n  \"of_tomorrow\": true,")).unwrap();
}

const NEWER: &str = "was written by a newer version: its format is 2, this version reads up to 1";

#[test]
fn a_manifest_of_a_newer_version_is_refused() {
    let (lake, [run, ..]) = sealed_lake();
    raise(&lake, run, "_manifest.json");
    let before = lake.snapshot();
    lake.promote(run).expect_status(5).expect_one_line(&["_manifest.json", NEWER, "install the version"]);
    lake.task("verify-run").args(&["--run-id", run]).run().expect_status(5).expect_stderr(NEWER);
    let status = lake.task("lake-status").run().expect_status(0).json();
    let problems = status["runs"].as_array().unwrap().iter().filter_map(|run| run["problem"].as_str());
    assert_eq!(problems.filter(|problem| problem.contains(NEWER)).count(), 1, "{status}");
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_dataset_of_a_newer_version_is_refused_and_kept() {
    let lake = TestLake::ingested();
    raise(&lake, RUN, "labels_v10/_dataset.json");
    let before = lake.snapshot();
    for task in ["ingest-labels", "sanity-check", "verify-run"] {
        let finished = lake.task(task).args(&["--run-id", RUN]).run().expect_status(5);
        finished.expect_stderr("labels_v10/_dataset.json").expect_stderr(NEWER);
    }
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_run_begun_by_a_newer_version_is_refused() {
    let lake = TestLake::begun();
    raise(&lake, RUN, "_run.json");
    let finished = lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(5);
    finished.expect_one_line(&["_run.json", NEWER]);
}
