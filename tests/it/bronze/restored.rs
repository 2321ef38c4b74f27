use std::fs;

use serde_json::Value;

use super::{Bronze, Records, run_of};
use crate::support::{ENTITIES, Month, TestLake, sample_dumps};

/// The files of all tables of a run, with their digests.
fn tables(lake: &TestLake, run: &str) -> Vec<(String, Value)> {
    let folders = fs::read_dir(lake.run(run)).unwrap().map(|entry| entry.unwrap().path());
    let described = folders.filter(|folder| folder.join("_dataset.json").is_file());
    let mut found: Vec<_> = described
        .map(|folder| {
            let text = fs::read(folder.join("_dataset.json")).unwrap();
            let mut dataset: Value = serde_json::from_slice(&text).unwrap();
            for file in dataset["files"].as_array_mut().unwrap() {
                // Names have the run's id.
                file["name"] = Value::Null;
            }
            let kept = ["rows", "files", "columns", "counted"].map(|name| dataset[name].clone());
            (folder.file_name().unwrap().to_str().unwrap().to_owned(), Value::from(kept.to_vec()))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Ingests a month in a run of its own and returns the tables.
fn ingested(lake: &TestLake, run: &str, month: &Month) -> Vec<(String, Value)> {
    lake.begin(run, month);
    lake.ingest(run);
    tables(lake, run)
}

/// The tables of a restored month are those of the original, in their order and byte for byte.
#[track_caller]
fn expect_equal_tables(bronze: &Bronze, original: &Month, mode: &str) {
    let (name, run) = (original.name(), run_of(original.name()));
    let of_original = ingested(&bronze.lake, &run, original);
    let append = ["--run-id", &run, "--bronze", mode, "--threads", "2", "--memory-limit", "200MB"];
    bronze.lake.call("append-bronze-dump", &append).run().expect_status(0);
    let folder = format!("restored-{mode}");
    let finished = bronze.restore(name, &folder, &[]).expect_status(0).json();
    for entity in ENTITIES {
        let (restored, dump) = (finished[&format!("{entity}_dump")].as_str().unwrap(), original.dump(entity));
        let name = |path: &std::path::Path| path.file_name().unwrap().to_owned();
        if dump.exists() {
            assert_eq!(name(restored.as_ref()), name(&dump));
        }
    }
    let restored = Month::at(&bronze.lake.beside(&folder), name);
    let of_restored = ingested(&bronze.lake, &format!("{name}__20270101_000000"), &restored);
    assert!(of_original.len() > 20, "{} tables", of_original.len());
    assert_eq!(of_original, of_restored, "{name}");
}

#[test]
fn the_tables_of_real_records_are_equal() {
    let Some(dumps) = sample_dumps() else { return };
    for month in ["2017-04", "2020-08", "2025-01"] {
        expect_equal_tables(&Bronze::new(), &Month::at(&dumps, month), "full");
    }
}

#[test]
fn the_tables_of_a_month_of_changes_are_equal() {
    let bronze = Bronze::new();
    let generated = Month::generate("2026-10", &["--releases", "600", "--unknown-element", "true"]);
    let append = |run: &str, mode| {
        let arguments = ["--run-id", run, "--bronze", mode, "--threads", "2"];
        bronze.lake.call("append-bronze-dump", &arguments).run().expect_status(0).json()
    };
    bronze.lake.begin(&run_of("2026-10"), &generated);
    append(&run_of("2026-10"), "full");
    // All four entities of the next month, each with changed, new and missing records.
    for entity in ENTITIES {
        let mut next = Records::of(&generated.dump(entity), entity);
        (0..next.records.len()).step_by(40).for_each(|index| next.change(index));
        next.records.remove(1);
        let last = next.records.last().unwrap().clone();
        let id = last.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect::<String>();
        next.records.push(last.replacen(&id, "90000001", 1));
        bronze.write("2026-11", &[&next]);
    }
    let next = Month::at(&bronze.lake.beside("raw"), "2026-11");
    expect_equal_tables(&bronze, &next, "changes");
    let rows = bronze.rows("SELECT count(*) < 60 FROM bronze.releases WHERE dump_month = DATE '2026-11-01'");
    assert_eq!(rows, ["true"]);
}

#[test]
fn a_restored_dump_replaces_no_file_and_goes_into_no_lake() {
    let bronze = Bronze::new();
    let dump = Records::releases(&[(1, "One")]);
    bronze.load("2026-11", "full", &dump);
    let entity = ["--entities", "releases"];
    bronze.restore("2026-11", "restored", &entity).expect_status(0);
    bronze.restore("2026-11", "restored", &entity).expect_status(2).expect_stderr("exists");
    bronze.restore("2026-11", "lake/_runs", &entity).expect_status(2).expect_stderr("_runs");
    bronze.restore("2026-12", "restored", &entity).expect_status(2).expect_stderr("it has those of 2026-11");
    bronze.restore("2026-11", "restored", &["--entities", "labels"]).expect_status(2).expect_stderr("bronze.labels");
    assert_eq!(bronze.restored("2026-11"), dump.xml());
}
