//! The server is killed in the middle of commits: what was answered is there, everything loads, and nothing is left.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lake_catalog::{Access, Catalog, NewSnapshot, PrimitiveType, Store, TableChange, TableName};

use super::serving::Serving;
use crate::faults::create_own_table;
use crate::iceberg::rest::fixture::Rest;
use crate::support::{CatalogDatabase, TestLake, eventually};

const NAMES: [&str; 3] = ["a", "b", "c"];

#[test]
fn what_was_answered_is_there_after_kills_over_sqlite() {
    let lake = TestLake::new();
    fs::create_dir_all(lake.root().join("_meta")).unwrap();
    killed(&lake, &Store::Sqlite(lake.root().join("_meta/catalog.sqlite")), 4);
}

#[test]
fn what_was_answered_is_there_after_kills_over_postgres() {
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = TestLake::new();
    fs::create_dir_all(lake.root().join("_meta")).unwrap();
    killed(&lake, &database.store(), 2);
}

/// Kills the server again and again while four writers commit snapshots to all tables at once.
fn killed(lake: &TestLake, store: &Store, kills: u64) {
    let mut server = Serving::unguarded(&lake.root(), store);
    for name in NAMES {
        create_own_table(&server.store(), &lake.root(), name, &[("id", PrimitiveType::Int)]);
    }
    let answered = Mutex::new(HashSet::new());
    for kill in 0..kills {
        let is_over = AtomicBool::new(false);
        let rest = server.store();
        server = thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        if let Some(ids) = append(lake, &rest) {
                            answered.lock().unwrap().extend(ids);
                        }
                    }
                });
            }
            // From the first answer on, commits are under way at any time.
            let before = answered.lock().unwrap().len();
            eventually("a commit is answered", || answered.lock().unwrap().len() > before);
            thread::sleep(Duration::from_millis(37 * kill));
            let server = server.killed_and_started();
            is_over.store(true, Ordering::Relaxed);
            server
        });
        expect_all(&server, lake, &answered.lock().unwrap());
    }
    // The next server has removed what the killed ones left.
    server = server.killed_and_started();
    expect_all(&server, lake, &answered.lock().unwrap());
    let commits = fs::read_dir(lake.root().join("_meta/rest-catalog/commits")).unwrap().count();
    assert_eq!(commits, 0);
    let mut catalog = Catalog::open(store, &lake.root().canonicalize().unwrap(), Access::Write).unwrap();
    for table in catalog.load_all().unwrap() {
        let folder = table.metadata().location().strip_prefix("file://").unwrap().to_owned() + "/metadata";
        let named: HashSet<_> =
            table.metadata().metadata_log().iter().map(|entry| entry.metadata_file.clone()).collect();
        for entry in fs::read_dir(folder).unwrap() {
            let file = format!("file://{}", entry.unwrap().path().display());
            let is_named = file == table.metadata_location() || named.contains(&file);
            assert!(is_named || !file.ends_with(".metadata.json"), "{file} is left of a commit that was not made");
        }
    }
}

/// Appends a snapshot to every table in one commit. Returns their ids if the server answered that it is made.
fn append(lake: &TestLake, rest: &Store) -> Option<Vec<i64>> {
    let mut catalog = Catalog::open(rest, &lake.root().canonicalize().unwrap(), Access::Write).ok()?;
    let tables = NAMES.map(|name| catalog.load(&TableName::new("mine", name)).ok());
    let tables: Vec<_> = tables.into_iter().collect::<Option<_>>()?;
    let at = Catalog::next_time(&tables);
    let mut ids = Vec::new();
    let changes = tables.iter().map(|table| {
        let mut change = TableChange::of(table);
        let new = NewSnapshot { files: Vec::new(), properties: HashMap::new(), at };
        ids.push(change.add_snapshot(0, new).unwrap());
        change.set_main(ids[ids.len() - 1], 0).unwrap();
        change
    });
    let changes = changes.collect();
    catalog.commit(changes, at).ok().map(|()| ids)
}

/// Expects that every answered snapshot is there, and that no commit is in some of the tables only.
fn expect_all(server: &Serving, lake: &TestLake, answered: &HashSet<i64>) {
    let mut catalog = server.catalog(lake, Access::Read);
    let tables = NAMES.map(|name| catalog.load(&TableName::new("mine", name)).unwrap());
    let found: HashSet<_> =
        tables.iter().flat_map(|table| table.metadata().snapshots().map(|snapshot| snapshot.snapshot_id())).collect();
    assert!(answered.is_subset(&found), "{:?} was answered and is gone", answered.difference(&found));
    let counts = tables.each_ref().map(|table| table.metadata().snapshots().len());
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}
