//! Tasks that change the Iceberg tables: a tag is in every table or in none, and `main` of all tables is one run.

use lake_catalog::{Access, Catalog, Store, TableName};

use super::{Trial, equal};
use crate::faults::lake::{RUNS, Stage};
use crate::faults::sample::few;
use crate::faults::trace::{available, run_with_fault, writing_calls};
use crate::support::{CatalogDatabase, TestLake};

/// The run that `main` of every table is, or another ref.
fn run_of(lake: &TestLake, reference: &str) -> Result<Option<String>, String> {
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    let tables = catalog.load_all().map_err(|error| error.to_string())?;
    let run = |table: &lake_catalog::Table| {
        let snapshot = table.metadata().snapshot_for_ref(reference)?;
        snapshot.summary().additional_properties.get("discogs.run-id").cloned()
    };
    let tables: Vec<_> = tables.into_iter().filter(|table| table.name().namespace != "mine").collect();
    equal(tables.len(), 37)?;
    let first = run(&tables[0]);
    equal(tables.iter().all(|table| run(table) == first), true)?;
    Ok(first)
}

/// Files in the tables' metadata folders that no table names: the next task has removed those of a killed one.
pub fn no_orphans(lake: &TestLake) -> Result<(), String> {
    equal(lake.path("_meta/session.json").exists(), false)?;
    let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
    for table in catalog.load_all().map_err(|error| error.to_string())? {
        let unnamed = catalog.remove_unnamed(&table).map_err(|error| error.to_string())?;
        equal(unnamed, 0).map_err(|error| format!("{}: {error} orphans", table.name()))?;
    }
    Ok(())
}

#[test]
fn stage_tables() {
    if !available() {
        return;
    }
    let tag = format!("run_{}", RUNS[4]);
    let done = |lake: &TestLake| {
        equal(run_of(lake, &tag)?.as_deref(), Some(RUNS[4]))?;
        equal(run_of(lake, "main")?, None)?;
        no_orphans(lake)
    };
    let arguments = ["--run-id", RUNS[4]];
    let actives = [Some(RUNS[2])];
    let trial =
        Trial { name: "stage-tables", stage: Stage::Published, arguments: &arguments, actives: &actives, done: &done };
    assert!(trial.at_calls("KILL") > 200);
}

/// `active` and `main` of every table: after the next call both are the run that was to be published.
fn moves_both(name: &str, arguments: &[&str], to: &str) {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(lake.active().as_deref(), Some(to))?;
        equal(run_of(lake, "main")?.as_deref(), Some(to))?;
        equal(lake.path("_meta/publication.json").exists(), false)?;
        no_orphans(lake)
    };
    let actives = [Some(RUNS[2]), Some(to)];
    let trial = Trial { name, stage: Stage::Staged, arguments, actives: &actives, done: &done };
    assert!(trial.at_few_calls("KILL") > 100);
}

#[test]
fn promote_with_tables() {
    moves_both("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"], RUNS[4]);
}

#[test]
fn rollback_with_tables() {
    moves_both("rollback", &["--from-run-id", RUNS[2]], RUNS[1]);
}

#[test]
fn rollback_table() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(run_of(lake, "main")?.as_deref(), Some(RUNS[1]))?;
        equal(lake.active().as_deref(), Some(RUNS[2]))?;
        no_orphans(lake)
    };
    let (arguments, actives) = (["--to", RUNS[1]], [Some(RUNS[2])]);
    let trial =
        Trial { name: "rollback-table", stage: Stage::Staged, arguments: &arguments, actives: &actives, done: &done };
    assert!(trial.at_few_calls("KILL") > 100);
}

#[test]
fn rebuild_catalog() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(run_of(lake, "main")?.as_deref(), Some(RUNS[2]))?;
        for run in RUNS {
            equal(run_of(lake, &format!("run_{run}"))?.as_deref(), Some(run))?;
        }
        no_orphans(lake)
    };
    let actives = [Some(RUNS[2])];
    let trial = Trial { name: "rebuild-catalog", stage: Stage::Staged, arguments: &[], actives: &actives, done: &done };
    assert!(trial.at_few_calls("KILL") > 200);
}

#[test]
fn alter_table() {
    if !available() {
        return;
    }
    // A change that can be repeated: a kill behind the commit leaves the column, and moving it again changes nothing.
    let done = |lake: &TestLake| {
        let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
        let root = std::fs::canonicalize(lake.root()).map_err(|error| error.to_string())?;
        let mut catalog = Catalog::open(&store, &root, Access::Read).map_err(|error| error.to_string())?;
        let table = catalog.load(&TableName::new("mine", "names")).map_err(|error| error.to_string())?;
        let schema = table.metadata().current_schema().clone();
        let columns: Vec<_> = schema.as_struct().fields().iter().map(|field| field.name.clone()).collect();
        equal(columns, vec!["name".to_owned(), "id".to_owned()])?;
        no_orphans(lake)
    };
    let arguments = ["--table", "mine.names", "--changes", "move name first"];
    let actives = [Some(RUNS[2])];
    let trial = Trial { name: "alter-table", stage: Stage::Own, arguments: &arguments, actives: &actives, done: &done };
    assert!(trial.at_few_calls("KILL") > 10);
}

/// To Postgres: the rows are copied, the lake records the new catalog, the old file goes. Each trial has a database.
#[test]
fn move_catalog() {
    if !available() {
        return;
    }
    let Some(database) = CatalogDatabase::create() else { return };
    let url = database.url();
    let arguments = ["--to", url.as_str(), "--to-password-file", database.password_file()];
    let calls = writing_calls(&TestLake::at(Stage::Staged).call("move-catalog", &arguments));
    assert!(calls.len() > 10);
    for call in few(calls, 4) {
        let when = format!("move-catalog killed before {} number {}, {}", call.name, call.number, call.text);
        // The database is that of one lake, so the next one finds it empty.
        lake_catalog::Catalog::clear(&database.store()).unwrap();
        let lake = TestLake::at(Stage::Staged);
        let history = || {
            let mut command = lake.call("table-history", &["--table", "artists_v1_typed"]);
            command.env("DISCOGS_CATALOG_PASSWORD_FILE", database.password_file());
            command.run().expect_status(0).json()["snapshots"].clone()
        };
        let before = history();
        let command = lake.call("move-catalog", &arguments);
        run_with_fault(&command, &call, "signal=KILL", std::path::Path::new("/dev/null"), "");
        assert_eq!(history(), before, "{when}");
        assert_eq!(lake.call("move-catalog", &arguments).run().status, Some(0), "{when}");
        assert_eq!(history(), before, "{when}; run again");
        assert!(!lake.path("_meta/catalog.sqlite").exists(), "{when}");
        let record = std::fs::read_to_string(lake.path("_meta/catalog.json")).unwrap();
        assert!(record.contains(&url) && !record.contains("left"), "{when}: {record}");
    }
}
