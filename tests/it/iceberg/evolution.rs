//! Changes of the data contract: each becomes the evolution of a table, as stage-tables makes it. Old snapshots are read with
//! old names and types, the new one with new names, from files of both.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use lake_catalog::{
    Access, Catalog, Column, NewSnapshot, NewTable, PrimitiveType, Store, TableChange, TableName, data_file,
};
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};

use super::readers::python;
use crate::support::{Dir, TestCommand};

pub type Columns = &'static [(i32, &'static str, PrimitiveType)];

/// A change of the columns id and title. What readers give of them is `name:count:maximum` for each column, in order.
pub struct Change {
    pub table: &'static str,
    columns: Columns,
    pub expected: &'static str,
}

/// The values that readers find in the snapshot before the change.
pub const BEFORE: &str = "id:2:2 title:1:a";

/// The tag of the snapshot before the change.
pub const TAG: &str = "run_1";

const OLD: Columns = &[(1, "id", PrimitiveType::Int), (2, "title", PrimitiveType::String)];

pub const CHANGES: [Change; 5] = [
    Change {
        table: "added",
        columns: &[(1, "id", PrimitiveType::Int), (2, "title", PrimitiveType::String), (3, "year", PrimitiveType::Int)],
        expected: "id:3:3 title:2:c year:1:1999",
    },
    Change {
        table: "renamed",
        columns: &[(1, "id", PrimitiveType::Int), (2, "name", PrimitiveType::String)],
        expected: "id:3:3 name:2:c",
    },
    Change {
        table: "widened",
        columns: &[(1, "id", PrimitiveType::Long), (2, "title", PrimitiveType::String)],
        expected: "id:3:9000000000 title:2:c",
    },
    Change { table: "dropped", columns: &[(1, "id", PrimitiveType::Int)], expected: "id:3:3" },
    Change {
        table: "moved",
        columns: &[(2, "title", PrimitiveType::String), (1, "id", PrimitiveType::Int)],
        expected: "title:2:c id:3:3",
    },
];

/// Writes rows of the ids, and of a title and a year as far as the columns have them.
pub fn file(path: &Path, columns: Columns, rows: &[(i64, Option<&str>)]) -> PathBuf {
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (id, name, data_type) in columns {
        let array: ArrayRef = match (id, data_type) {
            (1, PrimitiveType::Long) => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
            (1, _) => Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| i32::try_from(row.0).unwrap()))),
            (2, _) => Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
            _ => Arc::new(Int32Array::from(vec![1999; rows.len()])),
        };
        let metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())]);
        fields.push(Field::new(*name, array.data_type().clone(), true).with_metadata(metadata));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, arrays).unwrap()).unwrap();
    writer.close().unwrap();
    path.to_owned()
}

/// Creates the tables in the namespace `mine`, each before and after its change.
pub fn create(store: &Store, root: &Path) {
    let mut catalog = Catalog::open(store, root, Access::Write).unwrap();
    let columns = |columns: Columns| -> Vec<Column> {
        let column = |(id, name, data_type): &(i32, &str, PrimitiveType)| Column {
            id: *id,
            name: (*name).to_owned(),
            data_type: data_type.clone(),
            description: None,
        };
        columns.iter().map(column).collect()
    };
    let add = |change: &mut TableChange, schema_id: i32, files: &[PathBuf], at: i64| {
        let schema = change.schema_by_id(schema_id).unwrap();
        let files = files.iter().map(|path| data_file(path, &schema).unwrap()).collect();
        let id = change.add_snapshot(schema_id, NewSnapshot { files, properties: HashMap::new(), at }).unwrap();
        change.set_main(id, schema_id).unwrap();
        id
    };
    for change in &CHANGES {
        let folder = root.join("_tables/mine").join(change.table);
        let name = TableName::new("mine", change.table);
        let old = file(&folder.join("data/old.parquet"), OLD, &[(1, Some("a")), (2, None)]);
        let new = NewTable {
            name: name.clone(),
            folder: folder.clone(),
            columns: columns(OLD),
            sorted_by: None,
            properties: HashMap::new(),
        };
        let at = Catalog::next_time([]);
        let mut created = TableChange::create(&new, catalog.session()).unwrap();
        let id = add(&mut created, 0, std::slice::from_ref(&old), at);
        created.set_tag(TAG, id).unwrap();
        catalog.commit(vec![created], at).unwrap();

        let table = catalog.load(&name).unwrap();
        let at = Catalog::next_time([&table]);
        let mut changed = TableChange::of(&table);
        let schema_id = changed.schema(&columns(change.columns)).unwrap();
        let greatest = if change.table == "widened" { 9_000_000_000 } else { 3 };
        let new = file(&folder.join("data/new.parquet"), change.columns, &[(greatest, Some("c"))]);
        add(&mut changed, schema_id, &[old, new], at);
        catalog.commit(vec![changed], at).unwrap();
    }
}

#[test]
fn pyiceberg_and_duckdb_read_a_table_before_and_after_each_change_of_its_columns() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let root = std::fs::canonicalize(dir.path("")).unwrap();
    std::fs::create_dir_all(root.join("_meta")).unwrap();
    create(&Store::Sqlite(root.join("_meta/catalog.sqlite")), &root);
    expect_read(&python, &root);
}

/// Reads the tables with pyiceberg and DuckDB, before and after their changes.
#[track_caller]
pub fn expect_read(python: &Path, root: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/iceberg/evolution.py");
    let finished = TestCommand::new(python, root).args(&[script, root.to_str().unwrap(), TAG]).run().expect_status(0);
    let expected = |change: &Change| {
        let lines = ["pyiceberg", "duckdb"].map(|reader| {
            format!("{reader} {} before {BEFORE}\n{reader} {} after {}\n", change.table, change.table, change.expected)
        });
        lines.concat()
    };
    let mut lines: Vec<_> = CHANGES.iter().map(expected).collect();
    lines.sort();
    assert_eq!(finished.stdout, lines.concat());
}
