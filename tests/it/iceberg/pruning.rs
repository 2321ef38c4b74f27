//! A filter on the sort column of a table of many files reads few of them.

use std::collections::HashMap;
use std::path::Path;

use lake_catalog::{
    Access, Catalog, Column, NewSnapshot, NewTable, PrimitiveType, Store, TableChange, TableName, data_file,
};

use super::evolution::{Columns, file};
use super::readers::python;
use super::views::rows;
use crate::support::{Dir, RUN, TestCommand, TestLake, sealed_lake};

/// The files of the table, and the rows of each.
pub const FILES: i64 = 64;
pub const ROWS: i64 = 1000;

/// A value of the sort column, which one file has.
pub const POINT: i64 = 31_500;

const COLUMNS: Columns = &[(1, "id", PrimitiveType::Long), (2, "title", PrimitiveType::String)];

/// Creates the table `mine.sorted`, whose files have ranges of the sort column that do not meet.
pub fn create(store: &Store, root: &Path) {
    let mut catalog = Catalog::open(store, root, Access::Write).unwrap();
    let column = |(id, name, data_type): &(i32, &str, PrimitiveType)| Column {
        id: *id,
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        description: None,
    };
    let folder = root.join("_tables/mine/sorted");
    let new = NewTable {
        name: TableName::new("mine", "sorted"),
        folder: folder.clone(),
        columns: COLUMNS.iter().map(column).collect(),
        sorted_by: Some(1),
        properties: HashMap::new(),
    };
    let mut change = TableChange::create(&new, catalog.session()).unwrap();
    let schema = change.schema_by_id(0).unwrap();
    let files = (0..FILES).map(|number| {
        let rows: Vec<_> = (number * ROWS..(number + 1) * ROWS).map(|id| (id, Some("a title"))).collect();
        data_file(&file(&folder.join(format!("data/{number}.parquet")), COLUMNS, &rows), &schema).unwrap()
    });
    let at = Catalog::next_time([]);
    let snapshot = NewSnapshot { files: files.collect(), properties: HashMap::new(), at };
    let id = change.add_snapshot(0, snapshot).unwrap();
    change.set_main(id, 0).unwrap();
    catalog.commit(vec![change], at).unwrap();
}

#[test]
fn pyiceberg_and_duckdb_read_one_file_of_many_for_a_value_of_the_sort_column() {
    let Some(python) = python() else { return };
    let lake = Dir::new();
    std::fs::create_dir(lake.path("_meta")).unwrap();
    create(&Store::Sqlite(lake.path("_meta/catalog.sqlite")), &lake.path(""));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/iceberg/pruning.py");
    let mut command = TestCommand::new(&python, &lake.path(""));
    let point = POINT.to_string();
    let found = command.args(&[script, lake.path("").to_str().unwrap(), &point]).run().expect_status(0).json();
    assert_eq!(found["all"]["files"], FILES);
    assert_eq!(found["pyiceberg"]["files"], 1, "{found}");
    let [all, read] = ["all", "pyiceberg"].map(|scan| found[scan]["bytes"].as_i64().unwrap());
    assert!(read * 32 < all, "{found}");
    assert_eq!(found["duckdb"], 1, "{found}");
    assert_eq!(found["rows"], 1);
}

/// A lake with `mine.sorted` alone.
fn lake_of_many_files() -> TestLake {
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.path("_meta")).unwrap();
    create(&Store::Sqlite(lake.path("_meta/catalog.sqlite")), &std::fs::canonicalize(lake.root()).unwrap());
    lake
}

#[test]
fn a_query_reads_and_explains_the_files_whose_bounds_meet_its_conditions() {
    let lake = lake_of_many_files();
    let point = POINT;
    let explained = |condition: &str| {
        let sql = format!("SELECT count(*) FROM mine.sorted AS t {condition}");
        let finished = lake.task("query").args(&["--sql", &sql, "--explain", "true"]).run().expect_status(0);
        let metrics = finished.json()["metrics"].clone();
        let [all, read, bytes, bytes_read] =
            ["files", "files_read", "bytes", "bytes_read"].map(|name| metrics[name].as_i64().unwrap());
        assert_eq!(all, FILES);
        assert!(bytes_read * all <= bytes * (read + 1), "{condition}: {metrics}");
        let table = finished.json()["tables_read"][0].clone();
        assert_eq!((&table["table"], &table["files_read"]), (&"mine.sorted".into(), &metrics["files_read"]));
        // The plan is DuckDB's own account of the same.
        if read > 0 {
            let counted =
                finished.stderr.split("Total Files Read: ").nth(1).map(|rest| rest.split(' ').next().unwrap());
            assert_eq!(counted, Some(read.to_string().as_str()), "{condition}:\n{}", finished.stderr);
        }
        read
    };
    for (condition, read, counted) in [
        (String::new(), FILES, FILES * ROWS),
        (format!("WHERE id = {point}"), 1, 1),
        (format!("WHERE {point} = t.id AND title = 'a title'"), 1, 1),
        (format!("WHERE id IN ({point}, 5)"), 2, 2),
        (format!("WHERE id BETWEEN {point} AND {point} + 0"), FILES, 1),
        (format!("WHERE id > {point} - 1 OR id < 10"), FILES, FILES * ROWS - point + 10),
        ("WHERE id < 10 OR id >= 63000".to_owned(), 2, 10 + ROWS),
        ("WHERE id = -1".to_owned(), 0, 0),
        ("WHERE title > 'a title'".to_owned(), 0, 0),
        (format!("WHERE id + 0 = {point}"), FILES, 1),
    ] {
        assert_eq!(explained(&condition), read, "{condition}");
        let sql = format!("SELECT count(*) FROM mine.sorted AS t {condition}");
        assert_eq!(rows(&lake, &sql, &[]), [counted.to_string()], "{condition}");
    }
    let twice = format!("SELECT (SELECT count(*) FROM mine.sorted) - count(*) FROM mine.sorted WHERE id = {POINT}");
    assert_eq!(rows(&lake, &twice, &[]), [(FILES * ROWS - 1).to_string()], "a table that is read twice");
    let mut refused = lake.task("query");
    refused.args(&["--sql", "FROM mine.sorted", "--explain", "true", "--format", "csv"]);
    refused.run().expect_status(2).expect_stderr("takes neither format nor csv");
}

#[test]
fn an_explained_query_of_a_run_shows_its_tables_and_the_plan_and_no_text_of_the_data_on_stdout() {
    let (lake, [run, ..]) = sealed_lake();
    lake.promote(run).expect_status(0);
    super::stage(&lake, run).expect_status(0);
    let manifest = lake.json(&format!("_runs/{run}/_manifest.json"));
    let dataset = |table: &str| {
        let datasets = manifest["datasets"].as_array().unwrap();
        datasets.iter().find(|dataset| dataset["table"] == table).unwrap()["bytes"].clone()
    };
    let sql = "SELECT count(*) FROM releases_ref_v6 JOIN labels_v10 ON name = 'a secret' WHERE release_id < 0";
    for arguments in [vec![], vec!["--as-of", run]] {
        let mut query = lake.task("query");
        let explained = query.args(&["--sql", sql, "--explain", "true"]).args(&arguments).run().expect_status(0);
        let tables = explained.json()["tables_read"].clone();
        let of = |table: &str| tables.as_array().unwrap().iter().find(|of| of["table"] == table).unwrap().clone();
        assert_eq!(tables.as_array().map(Vec::len), Some(2), "{tables}");
        for table in ["releases_v6", "labels_v10"] {
            assert_eq!(of(table)["bytes"], dataset(table), "{arguments:?}");
            assert_eq!((&of(table)["files"], &of(table)["files_read"]), (&1.into(), &1.into()), "{tables}");
        }
        assert!(explained.stderr.contains("READ_PARQUET") && !explained.stdout.contains("secret"));
    }
    let any = ["--sql", "SELECT count(*) FROM query_table('labels_v10')", "--explain", "true"];
    let any = lake.task("query").args(&any).run().expect_status(0);
    assert_eq!(any.json()["tables_read"].as_array().map(Vec::len), Some(0));
    any.expect_stderr("may read any table");
}

#[test]
fn a_run_without_a_catalog_is_read_by_the_bounds_in_the_footers_of_its_files() {
    let lake = TestLake::ingested();
    let folder = lake.in_run("labels_v10");
    let part = format!("part-{RUN}-00000.parquet");
    std::fs::copy(folder.join(&part), folder.join(part.replace("00000", "00001"))).unwrap();
    let mut dataset = lake.json(&format!("_runs/{RUN}/labels_v10/_dataset.json"));
    let mut second = dataset["files"][0].clone();
    second["name"] = part.replace("00000", "00001").into();
    dataset["files"].as_array_mut().unwrap().push(second);
    std::fs::write(folder.join("_dataset.json"), dataset.to_string()).unwrap();
    let count = |condition: &str, explain: &str| {
        let sql = format!("SELECT count(*) FROM labels_v10 WHERE label_id > 0 AND {condition}");
        let arguments = ["--run-id", RUN, "--sql", &sql, "--explain", explain];
        lake.task("query").args(&arguments).run().expect_status(0)
    };
    for (condition, read) in [("label_id >= 1", 2), ("label_id < 1", 1), ("lower(name) = 'x'", 2), ("name < ''", 1)] {
        let metrics = count(condition, "true").json()["metrics"].clone();
        assert_eq!((&metrics["files"], &metrics["files_read"]), (&2.into(), &read.into()), "{condition}");
        let bytes = metrics["bytes"].as_u64().unwrap();
        assert_eq!(metrics["bytes_read"].as_u64().unwrap(), bytes * read / 2, "{condition}");
        assert_eq!(count(condition, "false").json()["metrics"]["rows"], 1);
    }
}
