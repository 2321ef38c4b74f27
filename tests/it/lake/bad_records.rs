//! `on_bad_record=skip`: a record that cannot be read is left out, kept and counted.

use std::fs;

use crate::support::{RUN, TestLake, Value, gzip};

const GOOD: &str = "<label><id>1</id><name>One</name></label>\n";
const BAD: &str = "<label><id>2</id><name>Two & a half</nam></label>\n";
const KEYLESS: &str = "<label><id>three</id><name>Three</name></label>\n";
const LAST: &str = "<label><id>4</id><name>Four</name></label>\n";

#[test]
fn a_skipped_record_is_kept_and_counted() {
    let lake = TestLake::begun();
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{BAD}{LAST}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--on-bad-record", "skip"];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["anomalies"]["bad_records"], 1);
    assert_eq!(Vec::from_iter(lake.table("labels_v10").column("label_id")), [&Value::Int(1), &Value::Int(4)]);
    let kept = fs::read_to_string(lake.in_run("_reports/bad_records_labels.xml")).unwrap();
    assert!(kept.contains(BAD.trim()) && !kept.contains("Four"), "{kept}");
    let start = "<labels>\n".len() + GOOD.len();
    let byte = kept.strip_prefix("<!-- byte ").and_then(|rest| rest.split_once(':')).unwrap().0.parse().unwrap();
    assert!((start..start + BAD.len()).contains(&byte), "not in the record at {start}: {kept}");
    lake.expect_nothing_staged();
}

#[test]
fn a_record_without_an_id_is_left_out_and_counted() {
    let lake = TestLake::begun();
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{KEYLESS}{LAST}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["anomalies"]["records_without_key"], 1);
    assert_eq!(lake.table("labels_v10").rows.len(), 2);
}

#[test]
fn more_bad_records_than_the_contract_allows_fail_the_checks() {
    let lake = TestLake::ingested();
    let bad: String = (0..20).map(|_| BAD).collect();
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{bad}{LAST}</labels>")));
    let mut command = lake.task("ingest-labels");
    command.args(&["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--on-bad-record", "skip"]);
    command.args(&["--replace", "true"]).run().expect_status(0);
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    let finished = lake.task("sanity-check").args(&["--run-id", RUN, "--environment", "sample"]).run().expect_status(3);
    finished.expect_stderr("ingest.bad_records (20)");
    assert!(!lake.in_run("_manifest.json").exists());
}

#[test]
fn what_was_left_out_is_kept_before_the_tables_and_goes_with_them() {
    let lake = TestLake::begun();
    let kept = lake.in_run("_reports/bad_records_labels.xml");
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{BAD}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--on-bad-record", "skip"];
    // Something in the way of the first table: the ingest ends where it would commit.
    let in_the_way = lake.in_run("label_sublabels_v1");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("x"), "").unwrap();
    lake.task("ingest-labels").args(&arguments).run().expect_status(1).expect_stderr("cannot rename");
    assert!(fs::read_to_string(&kept).unwrap().contains(BAD.trim()));
    fs::remove_dir_all(&in_the_way).unwrap();
    lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert!(kept.is_file());

    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{LAST}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--replace", "true"];
    lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert!(!kept.exists(), "records of a dump that was replaced");
}
