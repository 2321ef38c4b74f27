use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Signal;

use serde_json::{Value, json};

use super::good_lake::{COPY, TestLake};
use crate::support::{Finished, eventually, gzip, signal};

const TEST_DUMPS: &str = env!("CARGO_BIN_EXE_test-dumps");

fn paths(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn they_are_tried_in_a_lake_of_their_own_and_the_run_is_not_touched() {
    let lake = TestLake::new();
    let before = paths(&lake.run(COPY));
    let result = lake
        .task(TEST_DUMPS)
        .args(&["--run-id", COPY, "--do-xml-tests", "true", "--xml-test-records", "50"])
        .run()
        .expect_status(0)
        .json();
    assert_eq!(result["metrics"]["releases_records"], 50);
    assert_eq!(result["checks"]["critical_failed"], 0);
    assert_eq!(paths(&lake.run(COPY)), before);

    let scratch = lake.root().join("_tmp_test").join(COPY);
    assert!(Path::new(result["report"].as_str().unwrap()).starts_with(&scratch));
    let dataset = scratch.join("lake/_runs").join(COPY).join("releases_v6/_dataset.json");
    let dataset: Value = serde_json::from_slice(&fs::read(dataset).unwrap()).unwrap();
    assert_eq!(dataset["rows"], json!(50));
}

#[test]
fn they_are_skipped_unless_asked_for() {
    let lake = TestLake::new();
    let result = lake.task(TEST_DUMPS).args(&["--run-id", COPY]).run().expect_status(0).json();
    assert_eq!(result["status"], "skipped");
    assert!(!lake.root().join("_tmp_test").exists());
}

#[test]
fn a_damaged_dump_is_named() {
    let lake = TestLake::new();
    let dump = lake.root().join("discogs_20261101_labels.xml.gz");
    fs::write(&dump, "no gzip").unwrap();
    super::good_lake::edit_json(&lake.run(COPY).join("_run.json"), |run| run["dumps"]["labels"] = json!(dump));
    lake.task(TEST_DUMPS)
        .args(&["--run-id", COPY, "--do-xml-tests", "true", "--xml-test-records", "50"])
        .run()
        .expect_status(5)
        .expect_stderr("discogs_20261101_labels.xml.gz");
}

/// As the ingests of the run will: what is left out there is left out here.
#[test]
fn a_record_that_is_not_well_formed_is_left_out_where_the_run_leaves_it_out() {
    let lake = TestLake::new();
    let dump = lake.root().join("discogs_20261101_labels.xml.gz");
    let bad = "<label><id>1</id><name>a & b</nam></label>\n<label><id>2</id><name>Two</name></label>";
    fs::write(&dump, gzip(format!("<labels>\n{bad}\n</labels>"))).unwrap();
    super::good_lake::edit_json(&lake.run(COPY).join("_run.json"), |run| run["dumps"]["labels"] = json!(dump));
    let test_dumps = |further: &[&str]| {
        let arguments = ["--run-id", COPY, "--do-xml-tests", "true", "--xml-test-records", "50"];
        lake.task(TEST_DUMPS).args(&arguments).args(further).run()
    };
    test_dumps(&[]).expect_status(5).expect_stderr("on_bad_record=skip");
    test_dumps(&["--on-bad-record", "skip"]);
    let tried = lake.root().join("_tmp_test").join(COPY).join("lake/_runs").join(COPY);
    assert!(tried.join("_reports/bad_records_labels.xml").is_file());
    assert!(tried.join("labels_v10/_dataset.json").is_file());
}

#[test]
fn a_link_in_their_place_is_not_followed() {
    for linked in ["_tmp_test", &format!("_tmp_test/{COPY}")] {
        let lake = TestLake::new();
        let outside = lake.root().with_file_name("outside");
        fs::create_dir_all(outside.join(COPY)).unwrap();
        fs::write(outside.join(COPY).join("mine"), "").unwrap();
        let link = lake.root().join(linked);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, link).unwrap();
        let finished = lake.task(TEST_DUMPS).args(&["--run-id", COPY, "--do-xml-tests", "true"]).run();
        finished.expect_status(5).expect_one_line(&["is a link, and a link here may lead out of the lake"]);
        assert!(outside.join(COPY).join("mine").is_file() && paths(&outside) == [COPY], "{linked}");
    }
}

#[test]
fn a_run_that_names_no_dumps_is_refused() {
    let lake = TestLake::new();
    fs::remove_file(lake.run(COPY).join("_run.json")).unwrap();
    let finished = lake.task(TEST_DUMPS).args(&["--run-id", COPY, "--do-xml-tests", "true"]).run();
    finished.expect_status(2).expect_one_line(&["names no dumps", "preflight finds the dumps of a month"]);
}

/// The processes that have this in their command line.
fn processes(part: &str) -> usize {
    let there =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    there.filter(|line| String::from_utf8_lossy(line).contains(part)).count()
}

#[test]
fn a_signal_ends_the_task_that_tries_them_too() {
    let lake = TestLake::new();
    let scratch = lake.root().join("_tmp_test").join(COPY);
    let arguments = ["--run-id", COPY, "--do-xml-tests", "true", "--xml-test-records", "9000"];
    let child = lake.task(TEST_DUMPS).args(&arguments).spawn();
    let part = scratch.join("lake").display().to_string();
    eventually("the dumps are ingested", || scratch.join("lake/_runs").join(COPY).join("_staging").exists());
    eventually("a task is at work", || processes(&part) > 0);
    signal(&child, Signal::TERM);
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
    assert_eq!(processes(&part), 0, "a task is still at work");
    assert!(!scratch.exists(), "half a trial is left");
}
