//! The writer's files depend on the rows alone: however they are cut into batches, each file has the same bytes, over the
//! borders of batches, row groups and files.

use std::fs::{self, File};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use discogs_lakehouse::contract::Table;
use discogs_lakehouse::lake::{Counted, Lake, Producer, Run};
use discogs_lakehouse::parquet::{DatasetWriter, arrow_schema};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::support::Dir;

const ROWS: usize = 40_000;
/// No divisor of the rows that the writer gathers, 8192; a file ends with the batch in which its sixteenth group does.
const ROW_GROUP_ROWS: usize = 1000;

/// A column of each type, each way of storing it, and NULLs.
fn table() -> Table {
    let text = format!(
        "{{name: cuttings, producer: test, row: A row., example: SELECT 1, key: [id], row_group_rows: {ROW_GROUP_ROWS}, columns: [
            {{name: id, type: BIGINT, not_null: true, description: i}}, {{name: small, type: INTEGER, description: s}},
            {{name: text, type: VARCHAR, dictionary: false, description: t}}, {{name: word, type: VARCHAR, description: w}},
            {{name: name, type: VARCHAR, dictionary: false, bloom_filter: true, description: n}},
            {{name: flag, type: BOOLEAN, description: f}}, {{name: moment, type: TIMESTAMP, description: m}}]}}"
    );
    serde_yaml::from_str(&text).unwrap()
}

/// The rows, in the order of their ids but for one.
fn rows(table: &Table, out_of_order: Option<usize>) -> RecordBatch {
    let id = |row: usize| if Some(row) == out_of_order { 0 } else { row as i64 + 1 };
    let text = |row: usize| (!row.is_multiple_of(7)).then(|| "text ".repeat(row * 31 % 50));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(id))),
        Arc::new(Int32Array::from_iter((0..ROWS).map(|row| (row % 3 != 0).then_some(row as i32 * 7919)))),
        Arc::new(StringArray::from_iter((0..ROWS).map(text))),
        Arc::new(StringArray::from_iter((0..ROWS).map(|row| (row % 5 != 0).then(|| format!("word {}", row % 97))))),
        Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("name {}", row * 7919 % ROWS)))),
        Arc::new(BooleanArray::from_iter((0..ROWS).map(|row| (row % 11 != 0).then_some(row % 2 == 0)))),
        Arc::new(TimestampMicrosecondArray::from_iter((0..ROWS).map(|row| (row % 13 != 0).then_some(row as i64)))),
    ];
    RecordBatch::try_new(arrow_schema(table), columns).unwrap()
}

/// A written file: its rows, its row groups, whether it says that it is sorted, and the hash of its bytes.
#[derive(Debug, PartialEq, Eq)]
struct Part(u64, usize, bool, String);

/// The files of the rows when they come in batches of these sizes, over and over.
fn written(table: &Table, rows: &RecordBatch, sizes: &[usize]) -> Vec<Part> {
    let dir = Dir::in_memory();
    fs::create_dir(dir.path("lake")).unwrap();
    let description = r#"{"format":1,"run_id":"2026-11__20261120_000000","dump_month":"2026-11","dump_date":"20261101",
        "run_mode":"dev","created":"2026-11-20T00:00:00Z","dumps":{},"checksums":{},"version":"0"}"#;
    let lake = Lake::open(&dir.path("lake")).unwrap();
    let run = Run::create(&lake, &serde_json::from_str(description).unwrap()).unwrap().0;
    let writable = run.writable("test").unwrap();
    let staging = writable.staging().unwrap();
    let mut writer = DatasetWriter::new(table, staging.dataset(&run, &table.name).unwrap()).unwrap();
    let mut from = 0;
    for size in sizes.iter().cycle() {
        let size = (*size).min(ROWS - from);
        writer.append(rows.slice(from, size)).unwrap();
        from += size;
        if from == ROWS {
            break;
        }
    }
    let (staged, dataset) = writer.finish(&run, &Producer::this_version("test"), &[], &Counted::default()).unwrap();
    writable.commit(staged, &dataset, false).unwrap();
    let part = |(path, file): (std::path::PathBuf, &discogs_lakehouse::lake::DataFile)| {
        let hash: String = Sha256::digest(fs::read(&path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file.sha256, hash, "the writer's own hash");
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let groups = reader.metadata().row_groups();
        let sorted = groups.iter().all(|group| group.sorting_columns().is_some());
        Part(file.rows, groups.len(), sorted, hash)
    };
    run.dataset_files(&dataset).into_iter().zip(&dataset.files).map(part).collect()
}

/// Ways to cut the same rows: all at once, one by one, around each border, with batches of no rows, and at random.
fn cuttings() -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(20261120);
    let random = (0..200).map(|_| rng.random_range(0..3000)).chain([1]).collect();
    let sizes = [1, 999, 1000, 1001, 4096, 8191, 8192, 8193, 16_384, 16_385, 20_000];
    sizes.map(|size| vec![size]).into_iter().chain([vec![0, 8192, 0, 0, 1], vec![8000, 192, 16_000], random]).collect()
}

/// Returns files of this shape for any batches of rows.
#[track_caller]
fn expect_the_same_however_cut(out_of_order: Option<usize>, shape: &[(u64, usize, bool)]) {
    let table = table();
    let rows = rows(&table, out_of_order);
    let expected = written(&table, &rows, &[ROWS]);
    let found: Vec<_> = expected.iter().map(|Part(rows, groups, sorted, _)| (*rows, *groups, *sorted)).collect();
    assert_eq!(found, shape);
    for sizes in cuttings() {
        assert_eq!(written(&table, &rows, &sizes), expected, "in batches of {sizes:?}");
    }
}

#[test]
fn files_have_the_same_bytes_however_their_rows_are_cut() {
    expect_the_same_however_cut(None, &[(16_384, 17, true), (16_384, 17, true), (7232, 8, true)]);
}

#[test]
fn a_break_of_the_order_is_at_the_same_place_however_the_rows_are_cut() {
    // The second batch has the break: a file begins with it, and nothing from there on is said to be sorted.
    expect_the_same_however_cut(Some(10_000), &[(8192, 9, true), (16_384, 17, false), (15_424, 16, false)]);
}

#[test]
fn another_row_makes_other_bytes() {
    let table = table();
    let files = written(&table, &rows(&table, None), &[ROWS]);
    let other = written(&table, &rows(&table, Some(39_999)), &[ROWS]);
    assert_eq!(files[..2], other[..2]);
    assert_ne!(files[2], other[2]);
}
