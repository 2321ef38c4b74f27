//! Through the ingest task: the same files with either tokeniser, and blocks that fall back are counted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::Dir;

const RUN: &str = "2026-11__20261120_000000";

fn dump(dir: &Dir, xml: &str) -> String {
    let path = dir.path("discogs_20261101_labels.xml.gz");
    let mut gzip = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
    gzip.write_all(xml.as_bytes()).unwrap();
    gzip.finish().unwrap();
    path.display().to_string()
}

/// Ingests labels into a lake of its own; gives the result.
fn ingest(dir: &Dir, lake: &str, dump: &str, more: &[&str]) -> (Option<i32>, Value) {
    fs::create_dir_all(dir.path(lake).join("_runs").join(RUN)).unwrap();
    let mut command = dir.command(env!("CARGO_BIN_EXE_ingest-labels"));
    command.args(&["--lake", lake, "--run-id", RUN, "--labels-dump", dump, "--block-size", "200"]).args(more);
    let finished = command.run();
    (finished.status, finished.json())
}

/// Hash of each file of the run, by table and file name.
fn hashes(lake: &Path) -> BTreeMap<String, Value> {
    let mut hashes = BTreeMap::new();
    for entry in fs::read_dir(lake.join("_runs").join(RUN)).unwrap() {
        let path = entry.unwrap().path().join("_dataset.json");
        if let Ok(text) = fs::read_to_string(&path) {
            let dataset: Value = serde_json::from_str(&text).unwrap();
            hashes.insert(dataset["table"].as_str().unwrap().to_owned(), dataset["files"].clone());
        }
    }
    hashes
}

fn label(id: u32, profile: &str) -> String {
    format!("<label><id>{id}</id><name>Label {id}</name><profile>{profile}</profile></label>\n")
}

#[test]
fn a_block_with_foreign_xml_falls_back_and_gives_the_same_rows() {
    let dir = Dir::new();
    let mut xml = String::from("<labels>\n");
    for id in 1..=40 {
        let profile = if id == 20 { "before <!-- a comment --> <![CDATA[& after]]>" } else { "A &amp; B&#13;\n" };
        xml.push_str(&label(id, profile));
    }
    xml.push_str("</labels>\n");
    let dump = dump(&dir, &xml);
    let (status, auto) = ingest(&dir, "auto", &dump, &[]);
    assert_eq!((status, &auto["metrics"]["fallback_blocks"]), (Some(0), &Value::from(1)), "{auto}");
    let (status, reference) = ingest(&dir, "reference", &dump, &["--tokeniser", "reference"]);
    assert_eq!((status, &reference["metrics"]["fallback_blocks"]), (Some(0), &Value::from(0)), "{reference}");
    let (auto, reference) = (hashes(&dir.path("auto")), hashes(&dir.path("reference")));
    assert_eq!(auto.len(), 3);
    assert_eq!(auto, reference);
}

#[test]
fn a_flaw_is_reported_in_the_same_words() {
    let dir = Dir::new();
    let xml: String = (1..=20).map(|id| label(id, if id == 15 { "A & B" } else { "C" })).collect();
    let dump = dump(&dir, &format!("<labels>\n{xml}</labels>\n"));
    let (status, auto) = ingest(&dir, "auto", &dump, &[]);
    let (_, reference) = ingest(&dir, "reference", &dump, &["--tokeniser", "reference"]);
    assert_eq!(status, Some(5), "{auto}");
    let (auto, reference) =
        (auto["error"]["message"].as_str().unwrap(), reference["error"]["message"].as_str().unwrap());
    assert_eq!(auto, reference);
    assert!(auto.contains("the last whole label is 14"), "{auto}");
}
