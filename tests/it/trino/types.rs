use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use discogs_lakehouse::lake::{Counted, Producer, Run, WritableRun};
use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, Rows};
use discogs_lakehouse::table::{DatasetWriter, Table, arrow_schema};

use super::stack::{Stack, path};

/// Rows of the large table: several row groups, and some pages in each.
const ROWS: i64 = 200_000;

/// A table with a column of each type that the contract has.
fn table(row_group_rows: usize) -> Table {
    let text = format!(
        "{{name: extremes, producer: test, row: A row., example: SELECT 1, key: [id], row_group_rows: {row_group_rows}, columns: [
            {{name: id, type: BIGINT, not_null: true, description: i}},
            {{name: large, type: BIGINT, description: l}}, {{name: small, type: INTEGER, description: s}},
            {{name: text, type: VARCHAR, dictionary: false, bloom_filter: true, description: t}},
            {{name: word, type: VARCHAR, description: w}}, {{name: flag, type: BOOLEAN, description: f}}]}}"
    );
    serde_yaml::from_str(&text).unwrap()
}

fn begin(stack: &Stack) -> WritableRun {
    let description = r#"{"format":1,"run_id":"2026-11__20261120_000000","dump_month":"2026-11","dump_date":"20261101",
        "run_mode":"dev","created":"2026-11-20T00:00:00Z","dumps":{},"checksums":{},"version":"0"}"#;
    let run = Run::create(&stack.lake(), &serde_json::from_str(description).unwrap()).unwrap().0;
    run.writable("test").unwrap()
}

/// Writes a dataset as every dataset is written, and registers it under its name. Gives its files.
fn write(stack: &Stack, writable: &WritableRun, table: &Table, columns: Vec<ArrayRef>) -> Vec<PathBuf> {
    let run = writable.run();
    let staging = writable.staging().unwrap();
    let mut writer = DatasetWriter::new(table, staging.dataset(run, &table.name).unwrap()).unwrap();
    writer.append(RecordBatch::try_new(arrow_schema(table), columns).unwrap()).unwrap();
    let (staged, dataset) = writer.finish(run, &Producer::this_version("test"), &[], &Counted::default()).unwrap();
    writable.commit(staged, &dataset, true).unwrap();

    stack.change(&format!("CREATE SCHEMA IF NOT EXISTS hive.{}", stack.schema()));
    let location = stack.location(&format!("_runs/{}/{}", run.id(), table.name));
    stack.change(&format!(
        "CREATE TABLE extremes (id bigint, large bigint, small integer, text varchar, word varchar, flag boolean)
         WITH (external_location = '{location}', format = 'PARQUET')"
    ));
    run.dataset_files(&dataset)
}

fn duckdb(files: &[PathBuf]) -> DuckDb {
    let parameters = EngineParameters { memory_limit: "1GiB".parse().unwrap(), threads: Some(1) };
    let engine = DuckDb::open(&parameters, &std::env::temp_dir()).unwrap();
    engine.mount("extremes", files).unwrap();
    engine
}

#[test]
fn extreme_values_are_the_same_in_duckdb_trino_and_pyarrow() {
    let Some(stack) = Stack::new() else { return };
    let long = "ä".repeat(100_000);
    let texts = [
        Some(""),
        Some("\u{0}"),
        Some("a'b\"c\\d\te\nf\r\u{1f}\u{a0}\u{2028}"),
        Some("İıßẞǅﬁ"),
        Some("e\u{301}\u{200d}👩‍👩‍👧\u{10ffff}"),
        Some("\u{feff}名前 NULL"),
        Some(long.as_str()),
        None,
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![i64::MIN, -1, 0, 1, 2, 3, 4, i64::MAX])),
        Arc::new(Int64Array::from(vec![
            Some(i64::MIN),
            Some(i64::MAX),
            Some(-1),
            Some(1 << 31),
            Some(1 << 53),
            Some((1 << 53) + 1),
            Some(0),
            None,
        ])),
        Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), Some(-1), Some(0), None, None, None, Some(1)])),
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, None, None, None, None, Some(true)])),
    ];
    let files = write(&stack, &begin(&stack), &table(1024), columns);
    let query = "SELECT * FROM extremes ORDER BY id";
    let by_trino = stack.ask(query);
    assert_eq!(by_trino.len(), texts.len());
    assert_eq!(by_trino[0][0].as_deref(), Some("-9223372036854775808"));
    for (row, text) in by_trino.iter().zip(texts) {
        assert_eq!(row[3].as_deref(), text);
    }
    let by_duckdb = duckdb(&files).rows(query, "a test").unwrap();
    assert!(by_trino == by_duckdb, "{:?}", difference(&by_trino, &by_duckdb));
    if let Some(by_pyarrow) = pyarrow(&files[0]) {
        assert!(by_trino == by_pyarrow, "{:?}", difference(&by_trino, &by_pyarrow));
    }
}

/// The first row that differs, without the long text.
fn difference(a: &Rows, b: &Rows) -> Option<String> {
    let (a, b) = a.iter().zip(b).find(|(a, b)| a != b)?;
    let mut text = format!("{a:?} / {b:?}");
    text.truncate(text.char_indices().nth(2000).map_or(text.len(), |(index, _)| index));
    Some(text)
}

/// What pyarrow reads, where there is one.
fn pyarrow(file: &Path) -> Option<Rows> {
    let script = "import json,sys,pyarrow.parquet as p\n\
        cell=lambda v: v if v is None or isinstance(v,str) else str(v).lower()\n\
        t=p.read_table(sys.argv[1]).sort_by('id')\n\
        print(json.dumps([[cell(v) for v in r.values()] for r in t.to_pylist()]))";
    let output = Command::new("python3").args(["-c", script, path(file)]).output().ok()?;
    if !output.status.success() {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: pyarrow, which python3 does not have\n");
        return None;
    }
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn filtered_queries_give_the_right_rows_with_page_indexes_on() {
    let Some(stack) = Stack::new() else { return };
    // Ids with gaps of two, in order, so that pages can be skipped; a flag and texts with NULLs.
    let texts: Vec<_> = (0..ROWS).map(|row| (row % 3 != 0).then(|| format!("text {:09}", row * 7919 % ROWS))).collect();
    let words: Vec<_> = (0..ROWS).map(|row| Some(format!("word {}", row / 50_000))).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| row * 2))),
        Arc::new(Int64Array::from_iter((0..ROWS).map(|row| (row % 5 != 0).then_some(row << 31)))),
        Arc::new(Int32Array::from_iter((0..ROWS).map(|row| (row > 100_000).then_some((row % 1000) as i32)))),
        Arc::new(StringArray::from(texts)),
        Arc::new(StringArray::from(words)),
        Arc::new(BooleanArray::from_iter((0..ROWS).map(|row| (row % 7 != 0).then_some(row < 1000)))),
    ];
    let files = write(&stack, &begin(&stack), &table(65_536), columns);
    let duckdb = duckdb(&files);
    let mut filters = vec![
        "text = 'text 000007919'".to_owned(),
        "text IN ('text 000007919', 'text 000000003', 'no such text')".to_owned(),
        "text >= 'text 000199990'".to_owned(),
        "text IS NULL AND id < 1000".to_owned(),
        "word = 'word 2'".to_owned(),
        "word > 'word 2' AND small = 7".to_owned(),
        "small IS NULL".to_owned(),
        "small IS NOT NULL AND large IS NULL".to_owned(),
        "flag".to_owned(),
        "NOT flag AND id > 399000".to_owned(),
        "large > 400000000000000".to_owned(),
        "id IN (0, 131070, 131072, 131073, 399998, 400000)".to_owned(),
    ];
    for edge in [0, 16_384, 131_070, 131_072, 262_144, 399_998] {
        filters.push(format!("id BETWEEN {} AND {}", edge - 3, edge + 3));
    }
    let mut query = String::new();
    for (index, filter) in filters.iter().enumerate() {
        let all = if index == 0 { "" } else { " UNION ALL " };
        write!(
            query,
            "{all}SELECT {index} AS i, count(*) AS n, CAST(sum(id) AS BIGINT) AS s FROM extremes WHERE {filter}"
        )
        .unwrap();
    }
    let query = format!("SELECT * FROM ({query}) AS filters ORDER BY i");
    let (by_trino, by_duckdb) = (stack.ask(&query), duckdb.rows(&query, "a test").unwrap());
    for (filter, (trino, duckdb)) in filters.iter().zip(by_trino.iter().zip(&by_duckdb)) {
        assert_eq!(trino, duckdb, "{filter}");
    }
    assert_eq!(by_trino[4][1].as_deref(), Some("50000"));
}
