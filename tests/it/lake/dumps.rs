//! A dump that is missing, cut, damaged or another one: exit 5, where, and a lake that is as it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{RUN, TestLake, gzip, month};

/// Fails to ingest the labels dump, in one line that has these parts, and leaves no trace.
#[track_caller]
fn refused(lake: &TestLake, dump: &Path, parts: &[&str]) {
    let before = lake.snapshot();
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(5);
    assert_eq!(finished.json()["error"]["class"], "bad_input");
    finished.expect_one_line(parts);
    before.expect_unchanged(&lake.root());
    lake.expect_nothing_staged();
    assert!(!lake.in_run("labels_v10").exists());
}

/// Labels with these ids, each on a line of its own.
fn labels(ids: impl Iterator<Item = u32>) -> String {
    ids.map(|id| format!("<label><id>{id}</id><name>Label {id}</name></label>\n")).collect()
}

#[track_caller]
fn refused_bytes(bytes: impl AsRef<[u8]>, parts: &[&str]) {
    let lake = TestLake::begun();
    let dump = lake.write("labels.xml.gz", bytes);
    refused(&lake, &dump, &[parts, &[dump.to_str().unwrap()]].concat());
}

#[test]
fn a_dump_that_is_missing() {
    let lake = TestLake::begun();
    refused(&lake, Path::new("/nowhere/discogs_20261101_labels.xml.gz"), &["/nowhere/discogs_20261101_labels.xml.gz"]);
    refused(&lake, &PathBuf::from("/"), &["the dump / is not a file"]);
}

#[test]
fn a_dump_that_went_away_after_preflight() {
    let lake = TestLake::new();
    let raw = lake.write("raw/2026-11/x", "").parent().unwrap().to_owned();
    for entity in crate::support::ENTITIES {
        fs::copy(month().dump(entity), raw.join(month().dump(entity).file_name().unwrap())).unwrap();
    }
    let mut command = lake.task("preflight");
    command.args(&["--run-id", RUN, "--dump-month", "2026-11", "--min-free", "0"]);
    command.env("raw_root", raw.parent().unwrap()).run().expect_status(0);
    fs::remove_file(raw.join("discogs_20261101_labels.xml.gz")).unwrap();
    let finished = lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(5);
    finished.expect_one_line(&["discogs_20261101_labels.xml.gz cannot be opened"]);
}

#[test]
fn a_dump_that_is_cut_in_its_gzip_stream() {
    let lake = TestLake::begun();
    let whole = fs::read(month().dump("labels")).unwrap();
    let cut = lake.write("cut.xml.gz", &whole[..whole.len() / 2]);
    let parts = ["the gzip stream ends early; the download was cut", "at byte ", "the last whole label is "];
    refused(&lake, &cut, &parts);
    let cut = lake.write("cut.xml.gz", &whole[..whole.len() - 4]);
    refused(&lake, &cut, &["the gzip stream ends early", "the last whole label is "]);
}

/// Most readers take this for the end.
#[test]
fn a_dump_that_is_cut_between_two_members_of_its_gzip_stream() {
    let records = labels(1..=3);
    let first = format!("<labels>\n{records}<label><id>4</id>");
    let parts = [format!("at byte {} of the XML", first.len()), "the last whole label is 3".to_owned()];
    refused_bytes(gzip(&first), &["the XML ends before <labels> is closed", &parts[0], &parts[1]]);
    // Both members are there: all is well.
    let lake = TestLake::begun();
    let dump = lake.write("labels.xml.gz", [gzip(&first), gzip("<name>Label 4</name></label>\n</labels>\n")].concat());
    let arguments = ["--run-id", RUN, "--labels-dump", dump.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["metrics"]["records"], 4);
}

#[test]
fn a_dump_that_is_cut_after_a_whole_record() {
    let xml = format!("<labels>\n{}", labels(1..=3));
    refused_bytes(gzip(&xml), &["the XML ends before <labels> is closed", "the last whole label is "]);
}

#[test]
fn a_dump_that_ends_before_its_first_record() {
    refused_bytes(gzip("<labels>\n<label><id>1"), &["the XML ends before <labels> is closed", "no whole label"]);
    refused_bytes(gzip("<labels>"), &["the XML ends before <labels> is closed"]);
    refused_bytes(gzip(""), &["the file holds no XML"]);
    refused_bytes("", &["the file is empty"]);
}

#[test]
fn a_dump_of_another_entity() {
    let lake = TestLake::begun();
    refused(&lake, &month().dump("artists"), &["this is the dump of artists, not of labels"]);
}

#[test]
fn a_file_that_is_no_dump() {
    refused_bytes("<html>not found</html>", &["the file is not gzip"]);
    refused_bytes(gzip("<html>not found</html>"), &["the root element is <html>, not <labels>"]);
    refused_bytes(gzip("{}"), &["the file is not XML"]);
    refused_bytes(gzip("<!DOCTYPE labels [<!ENTITY a 'b'>]><labels/>"), &["a document type declaration"]);
}

#[test]
fn a_dump_with_something_behind_its_end() {
    let whole = format!("<labels>{}</labels>", labels(1..=3));
    refused_bytes(gzip(format!("{whole}<!-- more --><more/>")), &["something follows </labels>", "label is 3"]);
    refused_bytes(gzip(format!("{whole}<labels></labels>")), &["at byte ", "the last whole label is 3"]);
    refused_bytes([gzip(&whole), b"junk that is not gzip".to_vec()].concat(), &["not gzip follow"]);
    refused_bytes([gzip(&whole), gzip(&whole)].concat(), &["label"]);
}

#[test]
fn a_dump_with_a_byte_changed() {
    let mut bytes = gzip(format!("<labels>{}</labels>", labels(1..=500)));
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    refused_bytes(bytes, &["the gzip stream is damaged"]);
}

#[test]
fn a_record_that_is_not_well_formed() {
    let good = labels(1..=2);
    let xml = format!("<labels>\n{good}<label><id>3</id><name>a & b</nam></label>\n{}</labels>", labels(4..=5));
    refused_bytes(gzip(xml), &["the last whole label is 2", "on_bad_record=skip"]);
}

#[test]
fn a_dump_that_is_not_what_its_checksum_file_says() {
    let lake = TestLake::new();
    let raw = lake.write("raw/2026-11/x", "").parent().unwrap().to_owned();
    for entry in fs::read_dir(month().folder()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), raw.join(entry.file_name())).unwrap();
    }
    fs::write(raw.join("discogs_20261101_labels.xml.gz"), gzip(format!("<labels>{}</labels>", labels(1..=3)))).unwrap();
    let preflight = |arguments: &[&str]| {
        let mut command = lake.task("preflight");
        command.args(&["--run-id", RUN, "--dump-month", "2026-11", "--min-free", "0"]).args(arguments);
        command.env("raw_root", raw.parent().unwrap()).run()
    };
    let part = "discogs_20261101_labels.xml.gz does not match its CHECKSUM file";
    preflight(&[]).expect_status(5).expect_one_line(&[part, "fetch the dump again"]);
    assert!(!lake.root().join("_runs").exists());
    // With verify_dumps=false the ingest reports it, after it has read the dump.
    preflight(&["--verify-dumps", "false"]).expect_status(0);
    let before = lake.snapshot();
    let finished = lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(5);
    finished.expect_one_line(&[part, "fetch the dump again"]);
    before.expect_unchanged(&lake.root());
    lake.task("ingest-artists").args(&["--run-id", RUN]).run().expect_status(0);
}
