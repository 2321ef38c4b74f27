//! The lake's catalog over Iceberg's REST protocol, with the clients that people use.

mod clients;
mod killed;
pub mod serving;
mod writers;

use lake_catalog::Store;

use crate::iceberg::rest;
use crate::iceberg::{stage, two_months};
use crate::support::{TestLake, sealed_lake};
use serving::Serving;

/// The catalog of a lake that is served, apart from the one that the lake's tasks would use by themselves.
fn served(lake: &TestLake) -> Store {
    Store::Sqlite(lake.beside("served.sqlite"))
}

#[test]
fn the_tasks_stage_publish_alter_and_prune_over_it() {
    let lake = two_months();
    rest::published_and_altered(&lake, &Serving::unguarded(&lake.root(), &served(&lake)));
}

#[test]
fn a_catalog_moves_to_it_and_back_and_is_rebuilt_there() {
    let (lake, runs) = sealed_lake();
    rest::moved(&lake, runs, &Serving::unguarded(&lake.root(), &served(&lake)));
}

#[test]
fn a_stale_commit_of_a_task_names_the_table_and_changes_none() {
    let (lake, [first, ..]) = sealed_lake();
    rest::stale(&lake, first, &Serving::unguarded(&lake.root(), &served(&lake)));
}

/// A lake with a published run and a table of people's own, whose own catalog is served.
fn published() -> (TestLake, Store) {
    let (lake, [first, ..]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(first).expect_status(0);
    let store = Store::Sqlite(lake.root().join("_meta/catalog.sqlite"));
    (lake, store)
}
