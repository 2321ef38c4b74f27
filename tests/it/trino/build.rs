use std::fs::{self, File};
use std::path::Path;

use discogs_lakehouse::contract::Contract;
use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, quoted};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use super::relay::Relay;
use super::stack::{LARGE, Stack, run_id};
use crate::faults::trace::{available, traced};
use crate::support::{Finished, TestCommand};

const UNSEALED: &str = "2026-12__20261221_000000";

/// A run with the datasets of ingest for [`LARGE`], unsealed and without the warehouse.
fn begin_run(stack: &Stack) {
    let runs = stack.folder().join("_runs");
    let (from, to) = (runs.join(LARGE), runs.join(UNSEALED));
    for table in fs::read_dir(&from).unwrap().map(Result::unwrap) {
        let name = table.file_name().into_string().unwrap();
        let description = table.path().join("_dataset.json");
        if !description.exists() {
            continue;
        }
        fs::create_dir_all(to.join(&name)).unwrap();
        for file in fs::read_dir(table.path()).unwrap().map(Result::unwrap) {
            let there = to.join(&name).join(file.file_name().to_str().unwrap().replace(LARGE, UNSEALED));
            if file.path() == description {
                let text = fs::read_to_string(&description).unwrap().replace(LARGE, UNSEALED);
                fs::write(there, text).unwrap();
            } else {
                fs::copy(file.path(), there).unwrap();
            }
        }
    }
    let description = fs::read_to_string(from.join("_run.json")).unwrap().replace(LARGE, UNSEALED);
    fs::write(to.join("_run.json"), description).unwrap();
}

/// Runs the build; each part that it commits was flushed to the disk.
fn built_and_flushed(build: &TestCommand) -> Value {
    let log = tempfile::NamedTempFile::new().unwrap();
    let built = Finished::of(traced(build, log.path(), &["-e", "trace=fsync"])).expect_status(0).json();
    let calls = fs::read_to_string(log.path()).unwrap();
    let flushed = calls.lines().filter(|call| call.contains("/part-") && call.contains(".parquet>")).count() as u64;
    let files: u64 = built["tables"].as_array().unwrap().iter().map(|table| table["files"].as_u64().unwrap()).sum();
    assert_eq!(flushed, files, "{calls}");
    built
}

#[test]
fn trino_builds_the_same_rows_as_duckdb_and_its_checks_seal_the_run() {
    let Some(stack) = Stack::with_runs().filter(|_| available()) else { return };
    begin_run(&stack);
    let arguments = ["--run-id", UNSEALED, "--engine", "trino"];
    let built = built_and_flushed(&stack.command_at(stack.url(), env!("CARGO_BIN_EXE_build-warehouse"), &arguments));
    assert_eq!(built["tables"].as_array().unwrap().len(), 6);

    expect_same_tables(&stack, UNSEALED, LARGE);

    let again = stack.task(env!("CARGO_BIN_EXE_build-warehouse"), &arguments).expect_status(0).json();
    assert_eq!(again["status"], "already_done");

    let arguments = ["--run-id", UNSEALED, "--engine", "trino", "--environment", "sample"];
    let checked = stack.task(env!("CARGO_BIN_EXE_sanity-check"), &arguments).expect_status(0).json();
    assert_eq!(checked["engine"], "trino");
    assert!(stack.lake().run(&run_id(UNSEALED)).unwrap().is_sealed().unwrap());
    stack.promote(UNSEALED);
}

/// Compares the warehouses of two runs, row by row.
pub(super) fn expect_same_tables(stack: &Stack, run: &str, other: &str) {
    let lake = stack.lake();
    let spill = tempfile::tempdir().unwrap();
    let parameters = EngineParameters::new("1GiB".parse().unwrap(), None);
    let engine = DuckDb::open(&parameters, spill.path()).unwrap();
    for table in Contract::load().unwrap().tables_of("build-warehouse") {
        let [a, b] = [run, other].map(|id| {
            let run = lake.run(&run_id(id)).unwrap();
            let dataset = run.dataset(&table.folder()).unwrap().unwrap();
            assert_ne!(dataset.rows, 0, "{}", table.name);
            let name = format!("{id}.{}", table.name);
            engine.mount(&name, &run.dataset_files(&dataset)).unwrap();
            quoted(&name)
        });
        let both = format!("(FROM {a} EXCEPT ALL FROM {b}) UNION ALL (FROM {b} EXCEPT ALL FROM {a})");
        assert_eq!(engine.rows(&both, "a test").unwrap(), Vec::<Vec<_>>::new(), "{}", table.name);
    }
}

/// Whether a column of a file has a Bloom filter, and whether a dictionary.
pub(super) fn filter_and_dictionary(file: &Path, column: &str) -> (bool, bool) {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let column = columns.iter().find(|found| found.column_path().string() == column).unwrap();
    (column.bloom_filter_offset().is_some(), column.dictionary_page_offset().is_some())
}

/// If Trino reads other rows than were written, the build must fail before it commits anything.
#[test]
fn a_checksum_that_is_not_that_of_the_files_commits_nothing() {
    let Some(stack) = Stack::with_runs() else { return };
    begin_run(&stack);
    let relay = Relay::to(&stack, |sql| sql.contains("AS checksum").then(|| "SELECT 1, '2'".to_owned()));
    let arguments = ["--run-id", UNSEALED, "--engine", "trino"];
    let build = stack.command_at(&relay.url, env!("CARGO_BIN_EXE_build-warehouse"), &arguments).run();
    build.expect_status(6).expect_stderr("with 1 rows, checksum 2").expect_stderr("nothing was committed");
    let run = stack.lake().run(&run_id(UNSEALED)).unwrap();
    for table in Contract::load().unwrap().tables_of("build-warehouse") {
        assert!(run.dataset(&table.folder()).unwrap().is_none(), "{}", table.name);
    }
    let schema = format!("{}_r_{}", stack.schema(), UNSEALED.replace('-', "_"));
    assert!(stack.ask(&format!("SHOW TABLES FROM {schema} LIKE '%built'")).is_empty());
}

#[test]
fn a_table_that_others_made_is_not_taken_for_a_build_that_was_left() {
    let Some(stack) = Stack::with_runs() else { return };
    begin_run(&stack);
    let schema = format!("{}_r_{}", stack.schema(), UNSEALED.replace('-', "_"));
    stack.change(&format!("CREATE SCHEMA hive.{schema}"));
    stack.change(&format!("CREATE VIEW {schema}.artist_name_map_v1__built AS SELECT 1 AS x"));
    let arguments = ["--run-id", UNSEALED, "--engine", "trino"];
    let build = stack.task(env!("CARGO_BIN_EXE_build-warehouse"), &arguments);
    build.expect_status(2).expect_stderr("\"artist_name_map_v1__built\" is something else");
    assert_eq!(stack.cell(&format!("SELECT x FROM {schema}.artist_name_map_v1__built")), "1");
}
