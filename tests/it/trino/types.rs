use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use discogs_lakehouse::contract::Table;
use discogs_lakehouse::lake::{Counted, Producer, Run, WritableRun};
use discogs_lakehouse::parquet::{DatasetWriter, arrow_schema};
use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters, Rows};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};

use super::stack::{Stack, path};
use crate::support::skipped;

/// Rows of the large table: several row groups, and some pages in each.
const ROWS: i64 = 200_000;

/// A table with a column of each type that the contract has.
fn table(row_group_rows: usize) -> Table {
    let text = format!(
        "{{name: extremes, producer: test, row: A row., example: SELECT 1, key: [id], row_group_rows: {row_group_rows}, columns: [
            {{name: id, type: BIGINT, not_null: true, description: i}},
            {{name: large, type: BIGINT, description: l}}, {{name: small, type: INTEGER, description: s}},
            {{name: text, type: VARCHAR, dictionary: false, bloom_filter: true, description: t}},
            {{name: word, type: VARCHAR, description: w}}, {{name: flag, type: BOOLEAN, description: f}},
            {{name: moment, type: TIMESTAMP, description: m}}]}}"
    );
    serde_yaml::from_str(&text).unwrap()
}

fn begin(stack: &Stack) -> WritableRun {
    let description = r#"{"format":1,"run_id":"2026-11__20261120_000000","dump_month":"2026-11","dump_date":"20261101",
        "run_mode":"dev","created":"2026-11-20T00:00:00Z","dumps":{},"checksums":{},"version":"0"}"#;
    let run = Run::create(&stack.lake(), &serde_json::from_str(description).unwrap()).unwrap().0;
    run.writable("test").unwrap()
}

/// Writes a dataset as every dataset is written, and registers it under its name. Returns its files.
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
        "CREATE TABLE extremes (id bigint, large bigint, small integer, text varchar, word varchar, flag boolean,
            moment timestamp(6))
         WITH (external_location = '{location}', format = 'PARQUET')"
    ));
    run.dataset_files(&dataset)
}

fn duckdb(files: &[PathBuf]) -> DuckDb {
    let parameters = EngineParameters::new("1GiB".parse().unwrap(), Some(1));
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
        Arc::new(TimestampMicrosecondArray::from_iter(MOMENTS.map(|(moment, _)| moment))),
    ];
    let files = write(&stack, &begin(&stack), &table(1024), columns);
    let query = |moment: &str| format!("SELECT id, large, small, text, word, flag, {moment} FROM extremes ORDER BY id");
    let by_trino = stack.ask(&query("CAST(moment AS VARCHAR)"));
    assert_eq!(by_trino.len(), texts.len());
    assert_eq!(by_trino[0][0].as_deref(), Some("-9223372036854775808"));
    for (row, (text, (_, moment))) in by_trino.iter().zip(texts.into_iter().zip(MOMENTS)) {
        assert_eq!(row[3].as_deref(), text);
        assert_eq!(row[6].as_deref(), moment);
    }
    let by_duckdb = duckdb(&files).rows(&query("strftime(moment, '%Y-%m-%d %H:%M:%S.%f')"), "a test").unwrap();
    assert!(by_trino == by_duckdb, "{:?}", difference(&by_trino, &by_duckdb));
    if let Some(by_pyarrow) = pyarrow(&files[0], "v.as_py().isoformat(' ', 'microseconds')") {
        assert!(by_trino == by_pyarrow, "{:?}", difference(&by_trino, &by_pyarrow));
    }
}

/// The range of Python's years, and the limits of other types: the day before the first of the
/// Gregorian calendar, the last second of 32 bits, the first microsecond that 64 bits of nanoseconds do not hold.
const MOMENTS: [(Option<i64>, Option<&str>); 8] = [
    (Some(-62_135_596_800_000_000), Some("0001-01-01 00:00:00.000000")),
    (Some(-12_219_292_800_000_001), Some("1582-10-14 23:59:59.999999")),
    (Some(-1), Some("1969-12-31 23:59:59.999999")),
    (Some(0), Some("1970-01-01 00:00:00.000000")),
    (None, None),
    (Some(2_147_483_648_000_001), Some("2038-01-19 03:14:08.000001")),
    (Some(9_223_372_036_854_776), Some("2262-04-11 23:47:16.854776")),
    (Some(253_402_300_799_999_999), Some("9999-12-31 23:59:59.999999")),
];

/// Beyond those years the engines show different values for the same file. No task writes such a time.
#[test]
fn engines_differ_on_times_beyond_the_years_of_python() {
    let Some(stack) = Stack::new() else { return };
    let moments = [i64::MIN, -i64::MAX, -62_135_596_800_000_001, 253_402_300_800_000_000, i64::MAX - 1, i64::MAX];
    let nothing = |data_type| arrow::array::new_null_array(&data_type, moments.len());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..moments.len() as i64)),
        nothing(DataType::Int64),
        nothing(DataType::Int32),
        nothing(DataType::Utf8),
        nothing(DataType::Utf8),
        nothing(DataType::Boolean),
        Arc::new(TimestampMicrosecondArray::from(moments.to_vec())),
    ];
    let files = write(&stack, &begin(&stack), &table(1024), columns);
    let moment_of = |row: &Vec<Option<String>>| row[0].clone().unwrap();
    let query = "SELECT CAST(moment AS VARCHAR) FROM extremes ORDER BY id";

    // All 64 bits, but the edges in a file's statistics are no dates to Trino, and it refuses to look for a time in it.
    let by_trino: Vec<_> = stack.ask(query).iter().map(moment_of).collect();
    assert_eq!(
        by_trino,
        [
            "-290308-12-21 19:59:05.224192",
            "-290308-12-21 19:59:05.224193",
            "0000-12-31 23:59:59.999999",
            "+10000-01-01 00:00:00.000000",
            "+294247-01-10 04:00:54.775806",
            "+294247-01-10 04:00:54.775807",
        ]
    );
    let refused =
        stack.session().table("SELECT id FROM extremes WHERE moment > TIMESTAMP '2026-01-01 00:00:00'", "a test");
    assert!(refused.unwrap_err().to_string().contains("Corrupted statistics"));
    // To DuckDB the least is no time at all, what is beside it and the greatest are infinity, and the year 0 is 1 BC.
    let duckdb = duckdb(&files);
    let refused = duckdb.rows(query, "a test");
    assert!(refused.unwrap_err().to_string().contains("Date out of range"));
    let later = query.replace("ORDER", "WHERE id > 0 ORDER");
    let by_duckdb: Vec<_> = duckdb.rows(&later, "a test").unwrap().iter().map(moment_of).collect();
    assert_eq!(
        by_duckdb,
        [
            "-infinity",
            "0001-12-31 (BC) 23:59:59.999999",
            "10000-01-01 00:00:00",
            "294247-01-10 04:00:54.775806",
            "infinity",
        ]
    );
    // pyarrow gives all 64 bits; only Python's own type has no such years.
    if let Some(by_pyarrow) = pyarrow(&files[0], "v.value") {
        let by_pyarrow: Vec<_> = by_pyarrow.iter().map(|row| row[6].clone().unwrap()).collect();
        assert_eq!(by_pyarrow, moments.map(|moment| moment.to_string()));
    }
}

/// The first row that differs, without the long text.
fn difference(a: &Rows, b: &Rows) -> Option<String> {
    let (a, b) = a.iter().zip(b).find(|(a, b)| a != b)?;
    let mut text = format!("{a:?} / {b:?}");
    text.truncate(text.char_indices().nth(2000).map_or(text.len(), |(index, _)| index));
    Some(text)
}

/// The rows that pyarrow reads, with the Python of scripts/setup-test-tools. `moment` converts a time `v` to text.
fn pyarrow(file: &Path, moment: &str) -> Option<Rows> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/pyarrow/bin/python");
    if !python.exists() {
        skipped("what pyarrow reads: it is not there; scripts/setup-test-tools gets it");
        return None;
    }
    let script = format!(
        "import json,sys,pyarrow as a,pyarrow.parquet as p\n\
        def cell(v):\n \
            if isinstance(v,a.TimestampScalar) and v.is_valid: return str({moment})\n \
            v=v.as_py()\n \
            return v if v is None or isinstance(v,str) else str(v).lower()\n\
        t=p.read_table(sys.argv[1]).sort_by('id')\n\
        print(json.dumps([[cell(c[i]) for c in t.columns] for i in range(len(t))]))"
    );
    let output = Command::new(python).args(["-c", &script, path(file)]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
        // A second apart, from the first of 2026 on.
        Arc::new(TimestampMicrosecondArray::from_iter(
            (0..ROWS).map(|row| (row % 11 != 0).then_some((1_767_225_600 + row) * 1_000_000)),
        )),
    ];
    let files = write(&stack, &begin(&stack), &table(65_536), columns);
    assert_has_page_indexes(&files[0]);
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
        "moment >= TIMESTAMP '2026-01-02 00:00:00' AND moment < TIMESTAMP '2026-01-02 00:01:00'".to_owned(),
        "moment IS NULL AND id < 1000".to_owned(),
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

/// Requires the premise of the test: pages that can be skipped, and the indexes for it.
fn assert_has_page_indexes(file: &Path) {
    let options = ReadOptionsBuilder::new().with_page_index().build();
    let reader = SerializedFileReader::new_with_options(File::open(file).unwrap(), options).unwrap();
    let metadata = reader.metadata();
    assert!(metadata.num_row_groups() > 1);
    for (group, pages) in metadata.row_groups().iter().zip(metadata.offset_index().unwrap()) {
        for (chunk, pages) in group.columns().iter().zip(pages) {
            let column = chunk.column_path().string();
            assert!(chunk.offset_index_offset().is_some(), "{column} has no offset index");
            // Texts in no order have no smallest and largest that would leave a page out.
            assert_eq!(chunk.column_index_offset().is_some(), column != "word", "{column}");
            // The last row group is a short one.
            if column == "id" && group.num_rows() == 65_536 {
                assert!(pages.page_locations().len() > 1);
            }
        }
    }
}
