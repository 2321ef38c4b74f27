use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::good_lake::{COPY, TestLake};

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
