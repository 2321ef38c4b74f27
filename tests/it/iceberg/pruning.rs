//! A filter on the sort column of a table of many files reads few of them.

use std::collections::HashMap;
use std::path::Path;

use lake_catalog::{
    Access, Catalog, Column, NewSnapshot, NewTable, PrimitiveType, Store, TableChange, TableName, data_file,
};

use super::evolution::{Columns, file};
use super::readers::python;
use crate::support::{Dir, TestCommand};

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
