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

fn label(id: u32) -> String {
    format!("<label><id>{id}</id><name>L{id}</name></label>")
}

/// What stands between two good records costs neither of them, in one block or in many.
#[test]
fn junk_between_records_is_left_out_alone() {
    let lake = TestLake::begun();
    let all = |pieces: &[&str]| format!("<labels>\n{}\n</labels>\n", pieces.join("\n"));
    let labels = [1, 2, 3, 4].map(label);
    let [one, two, three, four] = labels.each_ref().map(String::as_str);
    let unclosed = "<label><id>9</id><name>Nine</name>";
    let hidden = "junk <!-- <label><id>9</id></label> -->";
    let with_hidden = format!("<label><id>8</id>&<!-- {} --></label>", label(9));
    for (xml, bad) in [
        // Text, an element of another kind, end tags too many, a record that is cut, one that is not closed.
        (all(&[one, two, "junk", three, four]), vec!["junk"]),
        (all(&[one, two]).replace("\n</labels>\n", "junk") + three + four + "</labels>", vec!["junk"]),
        (
            all(&["junk", one, "<x>y</x>", two, "</label>", three, four, "junk"]),
            vec!["junk", "<x>y</x>", "</label>", "junk"],
        ),
        (
            all(&[one, "<label><id>9</id><na", two, three, "<label><id>9", four]),
            vec!["<label><id>9</id><na", "<label><id>9"],
        ),
        (all(&[one, unclosed, two, unclosed, unclosed, three, four]), vec![unclosed, unclosed, unclosed]),
        (all(&[one, &format!("{unclosed}{two}"), three, four]), vec![unclosed]),
        // What a comment holds is no record.
        (all(&[one, hidden, two, three, &with_hidden, four]), vec![hidden, &with_hidden]),
        (all(&[one, two, "junk &#1; \0", three, four]), vec!["junk \u{fffd} \u{fffd}"]),
    ] {
        for block_size in ["2MiB", "60"] {
            let dump = lake.write("labels.xml.gz", gzip(&xml));
            let mut command = lake.task("ingest-labels");
            command.args(&["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--on-bad-record", "skip"]);
            let finished = command.args(&["--replace=true", "--block-size", block_size]).run().expect_status(0);
            let ids: Vec<_> = lake.table("labels_v10").column("label_id").cloned().collect();
            assert_eq!(ids, (1..=4).map(Value::Int).collect::<Vec<_>>(), "{block_size}: {xml}");
            assert_eq!(finished.json()["anomalies"]["bad_records"], bad.len(), "{block_size}: {xml}");
            let kept = fs::read_to_string(lake.in_run("_reports/bad_records_labels.xml")).unwrap();
            let kept: Vec<_> =
                kept.split("<!-- byte ").skip(1).map(|piece| piece.split_once(" -->\n").unwrap().1.trim()).collect();
            assert_eq!(kept, bad, "{block_size}: {xml}");
            let says =
                format!("left out: {} could not be read and are kept in _reports/bad_records_labels.xml", bad.len());
            assert_eq!(finished.stderr.lines().filter(|line| line.contains(&says)).count(), 1, "{}", finished.stderr);
        }
    }
}

/// Each of its records has an error that shows only at the end of the text.
#[test]
fn bad_records_that_hide_from_each_other_do_not_take_for_ever() {
    let lake = TestLake::begun();
    let bad = "<label><id>9</id><!--\n".repeat(200_000);
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{bad}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap(), "--on-bad-record", "skip"];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert_eq!(Vec::from_iter(lake.table("labels_v10").column("label_id")), [&Value::Int(1)]);
    assert!(finished.json()["anomalies"]["bad_records"].as_u64().unwrap() > 0);
    assert!(fs::metadata(lake.in_run("_reports/bad_records_labels.xml")).unwrap().len() >= bad.len() as u64);
}

#[test]
fn a_record_without_an_id_is_left_out_and_counted() {
    let lake = TestLake::begun();
    let dump = lake.write("labels.xml.gz", gzip(format!("<labels>\n{GOOD}{KEYLESS}{LAST}</labels>")));
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["anomalies"]["records_without_key"], 1);
    finished.expect_stderr("left out: 1 have no id that is a number");
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
