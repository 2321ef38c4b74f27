use discogs_lakehouse::contract::{ColumnType, Contract, Table};

use super::super::stack::{LARGE, SMALL, path};
use super::Tables;
use crate::iceberg::pruning;

/// Tables summed in one statement. Each takes a few stages, of which Trino allows 150.
const TABLES_A_STATEMENT: usize = 20;

/// Statements with a row a table: its name, and rows, values, sums, lengths and bounds of every column. DuckDB and Trino
/// have all of these functions.
fn sums(tables: &[&Table], from: impl Fn(&Table) -> String) -> Vec<String> {
    let of_column = |(name, data_type): (&str, ColumnType)| {
        let name = format!("\"{name}\"");
        let sum = match data_type {
            ColumnType::Bigint | ColumnType::Integer => format!("sum(CAST({name} AS DECIMAL(38, 0)))"),
            ColumnType::Varchar => format!("sum(length({name})), min({name}), max({name})"),
            ColumnType::Boolean => format!("sum(CASE WHEN {name} THEN 1 ELSE 0 END)"),
            ColumnType::Timestamp => format!("sum(year({name}))"),
        };
        let parts = format!("count({name}), {sum}");
        parts.split(", ").map(|part| part.to_owned()).collect::<Vec<_>>()
    };
    let of_table = |table: &Table| {
        let columns = table.columns.iter().map(|column| (column.name.as_str(), column.data_type));
        let mut parts = vec!["count(*)".to_owned()];
        parts.extend(columns.flat_map(of_column));
        // A comma within a part was split as well: DECIMAL(38, 0) is put together again.
        let parts = parts.join("\u{1}").replace("DECIMAL(38\u{1}0)", "DECIMAL(38, 0)");
        let parts: Vec<_> =
            parts.split('\u{1}').map(|part| format!("coalesce(CAST({part} AS VARCHAR), '-')")).collect();
        format!("SELECT '{}' AS name, concat_ws('|', {}) AS sums FROM {}", table.name, parts.join(", "), from(table))
    };
    let statements = tables.chunks(TABLES_A_STATEMENT).map(|some| {
        let parts: Vec<_> = some.iter().map(|table| of_table(table)).collect();
        format!("SELECT name, sums FROM ({}) AS t ORDER BY 1", parts.join("\nUNION ALL\n"))
    });
    statements.collect()
}

pub(super) fn of_files(tables: &Tables, run: &str, of: &[&Table]) -> Vec<(String, String)> {
    of_query(tables, &["--run-id", run], of)
}

/// The sums that `query` reads.
pub(super) fn of_query(tables: &Tables, arguments: &[&str], of: &[&Table]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in sums(of, |table| table.name.clone()) {
        let (sql, csv) = (tables.stack.folder().join("sums.sql"), tables.stack.folder().join("sums.csv"));
        std::fs::write(&sql, statement).unwrap();
        let statement = ["--sql-file", path(&sql), "--csv", path(&csv), "--raw=true"];
        tables.task("query", &[arguments, &statement].concat()).expect_status(0);
        let mut rows = csv::Reader::from_path(&csv).unwrap();
        found.extend(rows.records().map(|row| row.unwrap()).map(|row| (row[0].to_owned(), row[1].to_owned())));
    }
    found.sort();
    found
}

pub(super) fn of_trino(tables: &Tables, of: &[&Table], version: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in sums(of, |table| {
        let name = discogs_lakehouse::tables::iceberg::table_name(table);
        format!("{}.{} {version}", name.namespace, name.name)
    }) {
        let rows = tables.ask(&statement).into_iter();
        found.extend(rows.map(|mut row| (row.remove(0).unwrap(), row.remove(0).unwrap())));
    }
    found.sort();
    found
}

#[test]
fn all_tables_have_the_sums_of_the_files_now_and_a_month_back() {
    let Some(tables) = Tables::new() else { return };
    let contract = Contract::load().unwrap();
    let exists = |table: &&Table| tables.stack.folder().join("_runs").join(LARGE).join(table.folder()).is_dir();
    let (there, missing): (Vec<_>, Vec<_>) = contract.tables.iter().partition(exists);
    assert_eq!((there.len(), missing.len()), (36, 1));
    let (now, back) = (of_files(&tables, LARGE, &there), of_files(&tables, SMALL, &there));
    assert_ne!(now, back);
    let at = format!("FOR TIMESTAMP AS OF TIMESTAMP '{}'", tables.between);
    for (version, expected) in [
        (String::new(), &now),
        (format!("FOR VERSION AS OF 'month_{}'", &SMALL[..7]), &back),
        (format!("FOR VERSION AS OF 'run_{SMALL}'"), &back),
        (at, &back),
    ] {
        let found = of_trino(&tables, &there, &version);
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected, "{version}");
        }
        assert_eq!(found.len(), 36);
    }
    assert_eq!(tables.row("SELECT count(*) FROM collection"), ["0"]);

    views_of_a_run_are_pinned_to_it(&tables);
    tables_about_tables_are_those_of_query(&tables);
    files_are_skipped_and_kept(&tables);
}

fn views_of_a_run_are_pinned_to_it(tables: &Tables) {
    let register = |run: &str| {
        let arguments = ["--run-id", run, "--trino-iceberg-catalog", "iceberg"];
        tables.stack.task(env!("CARGO_BIN_EXE_register-tables"), &arguments).expect_status(0).json()
    };
    let schema = register(SMALL)["pinned_schemas"][0].as_str().unwrap().to_owned();
    assert_eq!(schema, format!("{}_r_{}", tables.stack.schema(), SMALL.replace('-', "_")));
    assert_eq!(register(SMALL)["status"], "already_done");
    let count = |from: &str| tables.row(&format!("SELECT count(*), sum(release_id) FROM {from}"));
    let files = tables.stack.ask(&format!("SELECT count(*), sum(release_id) FROM hive.{schema}.releases_v6")).remove(0);
    let files: Vec<_> = files.into_iter().flatten().collect();
    assert_eq!(count(&format!("{schema}.releases_v6")), files);
    assert_ne!(count("silver.releases_v6"), files);
    assert_eq!(count(&format!("{schema}.releases_ref_v6")), files, "the SQL name as well");
    let views = tables.ask(&format!("SHOW TABLES FROM {schema}")).len();
    assert_eq!(views, tables.stack.ask(&format!("SHOW TABLES FROM hive.{schema}")).len() + 1, "and the collection");
}

/// The views that register-tables made beside the pinned ones, and the same SQL in `query`.
fn tables_about_tables_are_those_of_query(tables: &Tables) {
    let schema = format!("{}_tables", tables.stack.schema());
    let both = |sql: &str| {
        let query = sql.replace("{schema}.", "");
        let finished = tables.task("query", &["--sql", &query, "--format", "csv"]).expect_status(0);
        let rows = tables.ask(&sql.replace("{schema}", &schema)).into_iter();
        let rows: Vec<_> =
            rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(finished.stdout.lines().skip(1).collect::<Vec<_>>(), rows, "{sql}");
        assert!(!rows.is_empty(), "{sql}");
    };
    both("SELECT layer, SUM(size_bytes) AS size_bytes FROM {schema}.table_sizes GROUP BY layer ORDER BY layer");
    both(
        "SELECT layer, table_name, \"rows\", files, deleted_rows, delete_files FROM {schema}.table_sizes ORDER BY 1, 2",
    );
    both(
        "SELECT table_name, path, size_bytes, \"rows\", content, file_format, run_id FROM {schema}.table_files ORDER BY 2",
    );
    both(
        "SELECT layer, table_name, snapshot_id, parent_id, operation, run_id, dump_month, is_current, size_bytes, \"rows\", \
         files FROM {schema}.table_snapshots ORDER BY 3",
    );
    let tags = format!(
        "SELECT array_join(tags, ' ') FROM {schema}.table_snapshots WHERE table_name = 'labels_v10' AND is_current"
    );
    assert_eq!(tables.row(&tags), [format!("month_{} run_{LARGE}", &LARGE[..7])]);
}

/// A filter on the sorted column reads few files, and no engine deletes a file of a run.
fn files_are_skipped_and_kept(tables: &Tables) {
    let refused = tables.refused("ALTER TABLE releases_v6 EXECUTE expire_snapshots(retention_threshold => '7d')");
    assert!(refused.contains("GC is disabled"), "{refused}");
    let bounds = tables.row("SELECT count(*) FROM \"releases_v6$files\" WHERE lower_bounds IS NOT NULL");
    assert_eq!(bounds, ["1"]);
    // Outside of the bounds of every file: no split is read.
    let plan = tables.row("EXPLAIN ANALYZE SELECT * FROM releases_v6 WHERE release_id < 0");
    assert!(plan[0].contains("Input: 0 rows (0B)") || plan[0].contains("Physical input: 0B"), "{}", plan[0]);

    pruning::create(&tables.store(""), tables.stack.lake().root());
    let read = |condition: &str| {
        let plan = tables.row(&format!("EXPLAIN ANALYZE SELECT * FROM mine.sorted WHERE {condition}")).remove(0);
        let input = plan.split("Input: ").skip(1).find(|part| part.contains("Physical input: "));
        input.unwrap_or_else(|| panic!("{plan}")).split(" rows").next().unwrap().parse::<i64>().unwrap()
    };
    assert_eq!(read("true"), pruning::FILES * pruning::ROWS);
    assert_eq!(read(&format!("id = {}", pruning::POINT)), pruning::ROWS, "the rows of one file");
}
