//! One dump always becomes the same bytes: in another run, on any number of threads, in blocks of any size, with either
//! tokeniser. The dumps are large enough to occupy several threads, and the tables have enough row groups for DuckDB to
//! divide them among threads.

use std::collections::BTreeMap;
use std::fs::{self, File};

use arrow::array::RecordBatch;
use discogs_lakehouse::contract::Contract;
use discogs_lakehouse::lake::Lake;
use discogs_lakehouse::parquet::{DatasetWriter, arrow_schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{ENTITIES, Month, RUN, TestLake, month};

/// The hash of each Parquet file of a run, by its path without the run id.
fn hashes(lake: &TestLake, run: &str) -> BTreeMap<String, String> {
    let folder = lake.root().join("_runs").join(run);
    let mut hashes = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap) {
        if entry.file_name() == "_dataset.json" {
            let table = entry.path().parent().unwrap().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            let dataset = lake.json(entry.path().strip_prefix(lake.root()).unwrap().to_str().unwrap());
            for file in dataset["files"].as_array().unwrap() {
                let name = file["name"].as_str().unwrap().replace(run, "RUN");
                hashes.insert(format!("{table}/{name}"), file["sha256"].as_str().unwrap().to_owned());
            }
        }
    }
    hashes
}

fn built(lake: &TestLake, run: &str, further: &[&str], threads: &str) -> BTreeMap<String, String> {
    lake.begin(run, month());
    for entity in ENTITIES {
        let mut command = lake.task(&format!("ingest-{entity}"));
        command.args(&["--run-id", run, "--threads", threads]).args(further).run().expect_status(0);
    }
    lake.task("build-warehouse").args(&["--run-id", run, "--threads", threads]).run().expect_status(0);
    hashes(lake, run)
}

#[test]
fn two_runs_of_the_same_dumps_have_the_same_bytes() {
    let lake = TestLake::new();
    let first = built(&lake, RUN, &[], "2");
    assert!(first.len() > 30, "{:?}", first.keys());
    assert_eq!(built(&lake, "20261121_000000", &[], "2"), first);
}

#[test]
fn threads_blocks_and_the_tokeniser_do_not_change_a_byte() {
    let lake = TestLake::new();
    let expected = built(&lake, RUN, &[], "1");
    for (run, threads, further) in [
        ("20261121_000001", "2", ["--block-size", "64KiB"]),
        ("20261121_000002", "3", ["--block-size", "1MiB"]),
        ("20261121_000003", "8", ["--block-size", "4MiB"]),
        ("20261121_000004", "8", ["--block-size", "64KiB"]),
        ("20261121_000005", "1", ["--block-size", "1000"]),
        ("20261121_000006", "2", ["--tokeniser", "reference"]),
    ] {
        assert_eq!(built(&lake, run, &further, threads), expected, "{threads} threads, {further:?}");
    }
}

#[test]
fn threads_do_not_change_a_byte_of_many_batches_and_row_groups() {
    let lake = TestLake::new();
    let month = Month::generate("2026-11", &["--releases", "28500"]);
    let ingested = |run: &str, threads: &str, block: &str| {
        lake.begin(run, &month);
        let options = ["--run-id", run, "--threads", threads, "--block-size", block];
        let result = lake.task("ingest-releases").args(&options).run().expect_status(0).json();
        let rows = |table: &serde_json::Value| table["rows"].as_u64().unwrap();
        let most = result["tables"].as_array().unwrap().iter().map(rows).max().unwrap();
        assert!(most > 262_144, "{most} rows are one row group");
        hashes(&lake, run)
    };
    let expected = ingested(RUN, "1", "4MiB");
    assert_eq!(ingested("20261121_000001", "8", "256KiB"), expected);

    for entity in ["artists", "labels", "masters"] {
        lake.task(&format!("ingest-{entity}")).args(&["--run-id", RUN]).run().expect_status(0);
    }
    recut(&lake, 700);
    warehouse_is_the_same(&lake);
}

/// Writes the rows of the tables again in small row groups and several files, which DuckDB reads in parallel.
fn recut(lake: &TestLake, row_group_rows: usize) {
    let run = Lake::open(&lake.root()).unwrap().run(&RUN.parse().unwrap()).unwrap();
    let writable = run.writable("test").unwrap();
    let staging = writable.staging().unwrap();
    // The others have the most rows, and the warehouse is not made of them.
    let read = ["artist", "release_artist_credits", "release_labels", "release_genres", "release_styles"];
    let tables = Contract::load().unwrap().tables.into_iter();
    for mut table in tables.filter(|table| read.iter().any(|name| table.name.starts_with(name))) {
        let Some(dataset) = run.dataset(&table.folder()).unwrap() else { continue };
        table.row_group_rows = row_group_rows;
        let mut writer = DatasetWriter::new(&table, staging.dataset(&run, &table.folder()).unwrap()).unwrap();
        for file in run.dataset_files(&dataset) {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                let columns = batch.unwrap().columns().to_vec();
                writer.append(RecordBatch::try_new(arrow_schema(&table), columns).unwrap()).unwrap();
            }
        }
        let (staged, recut) = writer.finish(&run, &dataset.producer, &dataset.inputs, &dataset.counted).unwrap();
        assert_eq!(recut.rows, dataset.rows, "{}", table.name);
        writable.commit(staged, &recut, true).unwrap();
    }
}

/// On any number of threads, with room and with so little memory that DuckDB writes to the disk what it sorts.
fn warehouse_is_the_same(lake: &TestLake) {
    let build = |threads: &str, memory: &str| {
        let options = ["--run-id", RUN, "--threads", threads, "--memory-limit", memory];
        lake.task("build-warehouse").args(&options).run().expect_status(0).expect_result("done");
        let mut files = hashes(lake, RUN);
        files.retain(|path, _| path.starts_with("warehouse_discogs/"));
        fs::remove_dir_all(lake.in_run("warehouse_discogs")).unwrap();
        files
    };
    let expected = build("1", "1GiB");
    assert!(expected.len() >= 6, "{:?}", expected.keys());
    for (threads, memory) in [("2", "1GiB"), ("8", "1GiB"), ("1", "64MiB"), ("2", "64MiB"), ("8", "64MiB")] {
        assert_eq!(build(threads, memory), expected, "{threads} threads, {memory}");
    }
}
