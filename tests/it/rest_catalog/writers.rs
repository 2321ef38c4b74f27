//! Writers at the same time, over HTTP: none loses a commit, and none shows half of one.

use std::collections::HashMap;
use std::thread;

use lake_catalog::{Access, Catalog, Error, NewSnapshot, PrimitiveType, Store, TableChange, TableName};

use super::clients::client;
use super::serving::Serving;
use crate::faults::create_own_table;
use crate::iceberg::rest::fixture::Rest;
use crate::support::{CatalogDatabase, TestLake};

const WRITERS: usize = 8;

#[test]
fn eight_pyiceberg_writers_of_one_table_lose_no_row() {
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root().join("_meta")).unwrap();
    let server = Serving::guarded(&lake.root(), &Store::Sqlite(lake.root().join("_meta/catalog.sqlite")));
    let Some(created) = client(&lake, &server, "create", &["mine.books"]) else { return };
    created.expect_status(0);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (lake, server) = (&lake, &server);
            scope.spawn(move || {
                let call = ["mine.books", &writer.to_string(), "3"];
                client(lake, server, "append", &call).unwrap().expect_status(0)
            });
        }
    });
    let found = client(&lake, &server, "ids", &["mine.books"]).unwrap().expect_status(0);
    let expected: Vec<_> =
        (0..WRITERS).flat_map(|writer| (0..3).map(move |number| (writer * 1000 + number).to_string())).collect();
    assert_eq!(found.stdout.trim(), expected.join(" "));
}

#[test]
fn writers_of_crossing_pairs_of_tables_lose_no_commit_over_sqlite() {
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root().join("_meta")).unwrap();
    crossing(&lake, &Store::Sqlite(lake.root().join("_meta/catalog.sqlite")));
}

#[test]
fn writers_of_crossing_pairs_of_tables_lose_no_commit_over_postgres() {
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root().join("_meta")).unwrap();
    crossing(&lake, &database.store());
}

/// Appends a snapshot to two tables at once, until no other writer is faster.
fn append(catalog: &mut Catalog, pair: [&str; 2]) {
    loop {
        let tables = pair.map(|name| catalog.load(&TableName::new("mine", name)).unwrap());
        let at = Catalog::next_time(&tables);
        let changes = tables.iter().map(|table| {
            let mut change = TableChange::of(table);
            let new = NewSnapshot { files: Vec::new(), properties: HashMap::new(), at };
            let id = change.add_snapshot(0, new).unwrap();
            change.set_main(id, 0).unwrap();
            change
        });
        match catalog.commit(changes.collect(), at) {
            Ok(()) => return,
            Err(Error::Conflict(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Eight writers append to pairs of three tables, in both orders.
fn crossing(lake: &TestLake, store: &Store) {
    const EACH: usize = 3;
    let server = Serving::unguarded(&lake.root(), store);
    let names = ["a", "b", "c"];
    for name in names {
        create_own_table(&server.store(), &lake.root(), name, &[("id", PrimitiveType::Int)]);
    }
    let before: HashMap<_, _> = names.map(|name| (name, snapshots(&server, lake, name).0)).into();
    let pairs = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "b"], ["a", "c"], ["c", "a"], ["a", "b"], ["c", "b"]];
    thread::scope(|scope| {
        for pair in pairs {
            let (server, lake) = (&server, &lake);
            scope.spawn(move || {
                let mut catalog = server.catalog(lake, Access::Write);
                (0..EACH).for_each(|_| append(&mut catalog, pair));
            });
        }
    });
    for name in names {
        let added = pairs.iter().filter(|pair| pair.contains(&name)).count() * EACH;
        let (all, chain) = snapshots(&server, lake, name);
        assert_eq!((all, chain), (before[name] + added, before[name] + added), "{name}");
    }
}

/// The number of snapshots of a table, and of those that lead to `main`.
fn snapshots(server: &Serving, lake: &TestLake, name: &str) -> (usize, usize) {
    let table = server.catalog(lake, Access::Read).load(&TableName::new("mine", name)).unwrap();
    let main = table.ref_id("main");
    (table.metadata().snapshots().len(), main.map_or(0, |main| table.ancestors(main).len()))
}
