use std::fs;

use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, quoted};
use discogs_lakehouse::table::Contract;

use serde_json::Value;

use super::stack::{LARGE, Stack, run_id};
use crate::faults::trace::{available, traced};
use crate::support::{Finished, TestCommand};

const UNSEALED: &str = "2026-12__20261221_000000";

/// A run that holds what ingest wrote for [`LARGE`], unsealed and without the warehouse.
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
    let built = built_and_flushed(&stack.command(env!("CARGO_BIN_EXE_build-warehouse"), &arguments));
    assert_eq!(built["tables"].as_array().unwrap().len(), 6);

    let lake = stack.lake();
    let (by_trino, by_duckdb) = (lake.run(&run_id(UNSEALED)).unwrap(), lake.run(&run_id(LARGE)).unwrap());
    let spill = tempfile::tempdir().unwrap();
    let parameters = EngineParameters { memory_limit: "1GiB".parse().unwrap(), threads: None };
    let engine = DuckDb::open(&parameters, spill.path()).unwrap();
    for table in Contract::load().unwrap().tables_of("build-warehouse") {
        for (name, run) in [("trino", &by_trino), ("duckdb", &by_duckdb)] {
            let dataset = run.dataset(&table.folder()).unwrap().unwrap();
            assert_ne!(dataset.rows, 0, "{}", table.name);
            engine.mount(&format!("{name}.{}", table.name), &run.dataset_files(&dataset)).unwrap();
        }
        let [a, b] = ["trino", "duckdb"].map(|name| quoted(&format!("{name}.{}", table.name)));
        let both = format!("(FROM {a} EXCEPT ALL FROM {b}) UNION ALL (FROM {b} EXCEPT ALL FROM {a})");
        assert_eq!(engine.rows(&both, "a test").unwrap(), Vec::<Vec<_>>::new(), "{}", table.name);
    }

    let again = stack.task(env!("CARGO_BIN_EXE_build-warehouse"), &arguments).expect_status(0).json();
    assert_eq!(again["status"], "already_done");

    let arguments = ["--run-id", UNSEALED, "--engine", "trino", "--environment", "sample"];
    let checked = stack.task(env!("CARGO_BIN_EXE_sanity-check"), &arguments).expect_status(0).json();
    assert_eq!(checked["engine"], "trino");
    assert!(by_trino.is_sealed().unwrap());
    stack.promote(UNSEALED);
}
