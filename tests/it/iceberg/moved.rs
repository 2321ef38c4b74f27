//! A lake that was moved takes the tables of people's own along.

use std::fs;

use lake_catalog::{Access, Catalog, Store, TableName};

use super::evolution::{CHANGES, create, expect_read};
use super::readers::python;
use super::stage;
use crate::support::{TestLake, sealed_lake};

fn store(lake: &TestLake) -> Store {
    Store::Sqlite(lake.root().join("_meta/catalog.sqlite"))
}

#[test]
fn tables_of_peoples_own_are_read_with_their_history_after_a_move_of_the_lake() {
    let Some(python) = python() else { return };
    let (old, [run, ..]) = sealed_lake();
    stage(&old, run).expect_status(0);
    create(&store(&old), &fs::canonicalize(old.root()).unwrap());
    let mut catalog = Catalog::open(&store(&old), &fs::canonicalize(old.root()).unwrap(), Access::Read).unwrap();
    let before = catalog.load(&TableName::new("mine", "added")).unwrap();
    drop(catalog);

    let lake = TestLake::new();
    fs::rename(old.root(), lake.root()).unwrap();
    lake.task("table-history").run().expect_status(2).expect_stderr("rebuild-catalog");
    let rebuilt = lake.task("rebuild-catalog").run().expect_status(0).json();
    assert_eq!(rebuilt["metrics"]["own_tables"], CHANGES.len(), "{rebuilt}");
    assert_eq!(rebuilt["left_out"].as_array().map(Vec::len), Some(0), "{rebuilt}");
    let root = fs::canonicalize(lake.root()).unwrap();
    expect_read(&python, &root);

    let mut catalog = Catalog::open(&store(&lake), &root, Access::Read).unwrap();
    let after = catalog.load(&TableName::new("mine", "added")).unwrap();
    assert_eq!(after.metadata().uuid(), before.metadata().uuid());
    assert_eq!(after.refs().unwrap(), before.refs().unwrap());
    for snapshot in after.metadata().snapshots() {
        for file in catalog.files(&after, snapshot.snapshot_id()).unwrap() {
            assert!(file.file_path().starts_with(&format!("file://{}/", root.display())), "{}", file.file_path());
        }
    }
    drop(catalog);
    let altered = ["--table", "mine.added", "--changes", "rename year to pressed"];
    lake.task("alter-table").args(&altered).run().expect_status(0);

    // A table that lost a file is left out and named; the others are there.
    fs::remove_file(root.join("_tables/mine/renamed/data/old.parquet")).unwrap();
    let moved = TestLake::new();
    fs::rename(lake.root(), moved.root()).unwrap();
    let rebuilt = moved.task("rebuild-catalog").run().expect_status(0).json();
    assert_eq!(rebuilt["metrics"]["own_tables"], CHANGES.len() - 1, "{rebuilt}");
    let left_out = rebuilt["left_out"].to_string();
    assert!(left_out.contains("mine/renamed") && left_out.contains("old.parquet, which is missing"), "{left_out}");
    moved.expect_nothing_staged();
}
