//! Characters that XML 1.0 does not have never reach a table, however they are written.

use crate::support::{RUN, TestLake, Value, gzip};

/// Raw, decimal, hexadecimal, in an attribute, in CDATA, beyond ASCII; a reference within CDATA is text.
const RELEASES: &str = "<releases>\n<release id=\"1\" status=\"Accepted\"><artists><artist><id>7</id><name>N</name></artist>\
    </artists><title>Ca\0fe</title><country>U&#0;K&#x1;</country><formats><format name=\"V\u{7}&#11;\" qty=\"1\" text=\"\"/>\
    </formats><genres><genre>A\u{ffff}&#xFFFE;</genre></genres><notes>\u{1c}a&#31;b<![CDATA[\0&#0;]]>\u{1d}</notes>\
    <data_quality>Correct</data_quality></release>\n\
    <release id=\"2\" status=\"Accepted\"><title>T</title><data_quality>Correct</data_quality></release>\n</releases>\n";

#[test]
fn characters_that_xml_does_not_have_are_replaced_counted_and_reported() {
    let lake = TestLake::ingested();
    let dump = lake.write("releases.xml.gz", gzip(RELEASES));
    let mut hashes = Vec::new();
    for tokeniser in ["auto", "reference"] {
        let mut command = lake.task("ingest-releases");
        command.args(&["--run-id", RUN, "--releases-dump", dump.to_str().unwrap(), "--replace=true"]);
        let finished = command.args(&["--tokeniser", tokeniser]).run().expect_status(0);
        assert_eq!(finished.json()["anomalies"]["invalid_characters"], 11, "{}", finished.stdout);
        let table = lake.table("releases_v6");
        let first = |column: &str| table.column(column).next().unwrap().clone();
        for (column, text) in [
            ("title", "Ca\u{fffd}fe"),
            ("country", "U\u{fffd}K\u{fffd}"),
            ("formats", "V\u{fffd}\u{fffd}"),
            ("genres", "A\u{fffd}\u{fffd}"),
            ("notes", "a b\u{fffd}&#0;"),
        ] {
            assert_eq!(first(column), Value::Text(text.to_owned()), "{column}, {tokeniser}");
        }
        hashes.push(lake.json(&format!("_runs/{RUN}/releases_v6/_dataset.json"))["files"].clone());
    }
    assert_eq!(hashes[0], hashes[1]);
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    lake.task("sanity-check").args(&["--run-id", RUN, "--environment", "sample"]).run();
    let reports = std::fs::read_dir(lake.in_run("_reports")).unwrap().map(|entry| entry.unwrap().path());
    let tables: String = reports
        .filter(|path| path.extension().is_some_and(|end| end == "csv"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let line = tables.lines().find(|line| line.contains("ingest.invalid_characters")).unwrap();
    assert!(line.contains("11"), "{line}");
}

#[test]
fn a_collection_holds_none_either() {
    let lake = TestLake::begun();
    let page = r#"[{"instance_id": 1, "basic_information": {"id": 5, "title": "A\u0000b\u001c", "artists": [{"name": "\u0001"}]}}]"#;
    let collection = lake.write("discogs_page_1.json", page);
    let arguments = ["--run-id", RUN, "--collection", collection.to_str().unwrap()];
    let finished = lake.task("ingest-collection").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["anomalies"]["invalid_characters"], 3);
    let table = lake.table("collection");
    for (column, text) in [("title", "A\u{fffd}b"), ("artists", "\u{fffd}")] {
        assert_eq!(table.column(column).next().unwrap(), &Value::Text(text.to_owned()), "{column}");
    }
}
