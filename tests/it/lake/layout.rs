use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{RUN, TestLake, sealed_lake};

fn names(lake: &TestLake, path: &str) -> Vec<String> {
    let entries = fs::read_dir(lake.in_run(path)).unwrap();
    let names: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.into_iter().collect()
}

/// sql/contract.yml is what people read; the folders are what they query.
#[test]
fn a_run_has_a_folder_for_each_table_of_the_contract() {
    let (lake, _) = sealed_lake();
    let contract = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/contract.yml")).unwrap();
    let contract: Value = serde_yaml::from_str(&contract).unwrap();
    let own = ["_manifest.json", "_reports", "_run.json", "_tasks", "warehouse_discogs"];
    let mut top: BTreeSet<&str> = own.into();
    let mut warehouse = BTreeSet::new();
    for table in contract["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        match table["producer"].as_str().unwrap() {
            "ingest-collection" => false,
            "build-warehouse" => warehouse.insert(name),
            _ => top.insert(name),
        };
    }
    assert_eq!(names(&lake, ""), Vec::from_iter(top));
    assert_eq!(names(&lake, "warehouse_discogs"), Vec::from_iter(warehouse));
}

#[test]
fn a_run_keeps_what_was_asked_done_and_found() {
    let (lake, _) = sealed_lake();
    let tasks = ["build-warehouse", "ingest-artists", "ingest-labels", "ingest-masters", "ingest-releases"];
    let mut files = tasks.map(|task| format!("{task}.json")).to_vec();
    files.push("sanity-check.json".to_owned());
    assert_eq!(names(&lake, "_tasks"), files);
    for file in &files {
        let outcome = lake.json(&format!("_runs/{RUN}/_tasks/{file}"));
        assert_eq!(outcome["status"], "done", "{file}");
        assert_eq!(outcome["run_id"], RUN, "{file}");
    }
    let run = lake.json(&format!("_runs/{RUN}/_run.json"));
    assert_eq!((run["run_id"].as_str(), run["dump_date"].as_str()), (Some(RUN), Some("20261101")));
    let reports = names(&lake, "_reports").join(" ");
    assert!(reports.contains("sanity_") && reports.contains(".csv") && reports.contains(".json"), "{reports}");
}

#[test]
fn a_part_has_the_run_in_its_name_and_its_dataset_describes_it() {
    let (lake, _) = sealed_lake();
    for table in ["releases_v6", "release_tracks_v1", "warehouse_discogs/artist_name_map_v1"] {
        let part = format!("part-{RUN}-00000.parquet");
        assert_eq!(names(&lake, table), ["_dataset.json", &part]);
        let dataset = lake.json(&format!("_runs/{RUN}/{table}/_dataset.json"));
        let bytes = fs::read(lake.in_run(table).join(&part)).unwrap();
        assert_eq!(dataset["table"], table);
        assert_eq!(dataset["files"][0]["name"], part);
        assert_eq!(dataset["files"][0]["bytes"], bytes.len());
        assert_eq!(dataset["files"][0]["sha256"], sha256(&bytes));
        assert_eq!(dataset["rows"], lake.table(table).rows.len());
        let columns = dataset["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap());
        assert_eq!(columns.collect::<Vec<_>>(), lake.table(table).columns);
        assert!(!dataset["inputs"].as_array().unwrap().is_empty() && dataset["producer"]["version"].is_string());
    }
}

#[test]
fn the_manifest_has_every_file_of_the_run_and_no_file_can_be_written() {
    let (lake, _) = sealed_lake();
    let manifest = lake.json(&format!("_runs/{RUN}/_manifest.json"));
    let mut listed = BTreeSet::from(["_manifest.json".to_owned()]);
    for file in manifest["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let bytes = fs::read(lake.in_run(path)).unwrap();
        assert_eq!((&file["bytes"], &file["sha256"]), (&bytes.len().into(), &sha256(&bytes).into()), "{path}");
        listed.insert(path.to_owned());
    }
    let mut found = BTreeSet::new();
    for entry in walkdir::WalkDir::new(lake.in_run("")).into_iter().map(Result::unwrap) {
        let path = entry.path().strip_prefix(lake.in_run("")).unwrap().to_str().unwrap();
        if entry.file_type().is_file() && !path.starts_with("_reports/") {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o222, 0, "{path} can be written");
            found.insert(path.to_owned());
        }
    }
    assert_eq!(found, listed);
    assert_eq!(manifest["checks"]["critical_failed"], 0);
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
