//! Every table is read by other people's readers, cell by cell as by the parquet crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::workflow::run_workflow;
use crate::support::{Dir, ENTITIES, RUN, Table, TestLake, Value, month, skipped};

const READERS: [&str; 5] = ["duckdb", "pyarrow", "pandas", "polars", "datafusion"];

#[test]
fn duckdb_pyarrow_pandas_polars_and_datafusion_read_every_table() {
    let Some(python) = python() else { return };
    let lake = TestLake::built();
    for reader in READERS {
        expect_read(&python, reader, &tables(lake));
    }
}

/// fastparquet stands for readers that do not know the delta encodings, such as Spark 3.3.
#[test]
fn compatible_encodings_are_read_by_readers_without_delta_encodings_too() {
    let lake = TestLake::begun();
    let compatible = ["--run-id", RUN, "--parquet-encodings", "compatible"];
    for task in ENTITIES.map(|entity| format!("ingest-{entity}")).iter().chain([&"build-warehouse".to_owned()]) {
        lake.task(task).args(&compatible).run().expect_status(0).expect_result("done");
        lake.task(task).args(&compatible).run().expect_status(0).expect_result("already_done");
        // A run does not change its encodings unnoticed.
        lake.task(task).args(&["--run-id", RUN]).run().expect_status(2);
    }
    for table in tables(&lake) {
        let same = table.strip_prefix(lake.in_run("")).unwrap();
        assert_eq!(Table::read(&table), Table::read(&TestLake::built().in_run(same.to_str().unwrap())));
        let delta = encodings(&table).into_iter().find(|encoding| encoding.starts_with("DELTA"));
        assert_eq!(delta, None, "{}", table.display());
    }
    let Some(python) = python() else { return };
    for reader in READERS.into_iter().chain(["fastparquet"]) {
        expect_read(&python, reader, &tables(&lake));
    }
}

/// The Python that scripts/setup-test-tools gave the readers.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/pyarrow/bin/python");
    let imports = ["-c", "import datafusion, duckdb, fastparquet, pandas, polars"];
    let ready = python.exists() && Command::new(&python).args(imports).status().unwrap().success();
    if !ready {
        skipped("what other readers read: they are not there; scripts/setup-test-tools gets them");
    }
    ready.then_some(python)
}

/// The folders of all tables of a lake's run.
fn tables(lake: &TestLake) -> Vec<PathBuf> {
    let tables = tables_below(&lake.in_run(""));
    assert!(tables.len() >= 35, "{tables:?}");
    tables
}

fn tables_below(run: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(run).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    let descriptions = walk.filter(|entry| entry.file_name() == "_dataset.json");
    descriptions.map(|entry| entry.path().parent().unwrap().to_owned()).collect()
}

#[track_caller]
fn expect_read(python: &Path, reader: &str, tables: &[PathBuf]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lakehouse/readers.py");
    let output = Command::new(python).arg(script).arg(reader).args(tables).output().unwrap();
    assert!(output.status.success(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    for folder in tables {
        let table = Table::read(folder);
        let mut digest = Sha256::new();
        for row in &table.rows {
            let cells: Vec<Json> = row.iter().map(cell).collect();
            digest.update(format!("{}\n", Json::from(cells)));
        }
        let digest = hex::encode(digest.finalize());
        let expected = json!({"columns": table.columns, "rows": table.rows.len(), "sha256": digest});
        assert_eq!(found[folder.to_str().unwrap()], expected, "{reader}: {}", folder.display());
    }
}

fn cell(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bool(flag) => (*flag).into(),
    }
}

/// The names of all encodings in the files of a table.
fn encodings(folder: &Path) -> Vec<String> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "parquet"));
    let metadata =
        files.map(|file| SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap().metadata().clone());
    let mut names = Vec::new();
    for group in metadata.flat_map(|metadata| metadata.row_groups().to_vec()) {
        for column in group.columns() {
            names.extend(column.encodings().map(|encoding| encoding.to_string()));
        }
    }
    names
}

#[test]
fn the_workflow_passes_the_encodings_on() {
    let dir = Dir::new();
    let mut command = run_workflow(&dir, "main.dig");
    let raw_root = format!("raw_root={}", month().raw_root().display());
    for parameter in
        ["dump_month=2026-11", "environment=sample", "min_free=0", &raw_root, "parquet_encodings=compatible"]
    {
        command.args(&["-p", parameter]);
    }
    let finished = command.env("DISCOGS_DATA_LAKE", dir.path("lake")).run().expect_status(0);
    assert!(!finished.stderr.contains("WARN no task takes"), "{}", finished.stderr);
    let tables = tables_below(&dir.path("lake/_runs").join(RUN));
    assert!(tables.len() >= 34, "{tables:?}");
    for table in tables {
        let delta = encodings(&table).into_iter().find(|encoding| encoding.starts_with("DELTA"));
        assert_eq!(delta, None, "{}", table.display());
    }
}
