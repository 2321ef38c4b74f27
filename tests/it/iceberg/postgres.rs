//! A lake whose catalog is in Postgres.

use std::fs;
use std::path::Path;

use super::{NOVEMBER, OCTOBER, two_months};
use crate::support::{CatalogDatabase, Finished, TestCommand, TestLake, sealed_lake};

/// A task on a lake whose catalog is this database.
fn task(lake: &TestLake, database: &CatalogDatabase, name: &str) -> TestCommand {
    let mut command = lake.task(name);
    command.env("DISCOGS_CATALOG_PASSWORD_FILE", database.password_file());
    command
}

fn stage(lake: &TestLake, database: &CatalogDatabase, run: &str) -> Finished {
    task(lake, database, "stage-tables").args(&["--run-id", run, "--catalog", &database.url()]).run()
}

fn promote(lake: &TestLake, database: &CatalogDatabase, run: &str) -> Finished {
    let arguments = ["--run-id", run, "--run-mode", "prod", "--allow-promote", "true"];
    task(lake, database, "promote").args(&arguments).run()
}

fn releases(lake: &TestLake, database: &CatalogDatabase, arguments: &[&str]) -> String {
    let mut query = task(lake, database, "query");
    query.args(&["--sql", "SELECT count(*), sum(release_id) FROM releases_ref_v6", "--format", "csv"]);
    query.args(arguments).run().expect_status(0).stdout
}

fn main_of(lake: &TestLake, database: &CatalogDatabase) -> Option<String> {
    let mut history = task(lake, database, "table-history");
    let history = history.args(&["--table", "releases_v6"]).run().expect_status(0).json();
    let names = |snapshot: &&serde_json::Value| snapshot["refs"].as_array().unwrap().iter().any(|name| name == "main");
    let found = history["snapshots"].as_array().unwrap().iter().find(names)?;
    Some(found["run_id"].as_str().unwrap().to_owned())
}

#[test]
fn a_lake_is_staged_promoted_read_and_rolled_back_over_postgres() {
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = two_months();
    for run in [OCTOBER, NOVEMBER] {
        stage(&lake, &database, run).expect_status(0).expect_result("done");
        promote(&lake, &database, run).expect_status(0);
    }
    stage(&lake, &database, NOVEMBER).expect_status(0).expect_result("already_done");
    assert_eq!(main_of(&lake, &database).as_deref(), Some(NOVEMBER));
    for (month, run) in [("2026-10", OCTOBER), ("2026-11", NOVEMBER)] {
        assert_eq!(releases(&lake, &database, &["--as-of", month]), releases(&lake, &database, &["--run-id", run]));
    }
    task(&lake, &database, "rollback").run().expect_status(0);
    lake.expect_active(OCTOBER);
    assert_eq!(main_of(&lake, &database).as_deref(), Some(OCTOBER));
    assert!(!lake.root().join("_meta/catalog.sqlite").exists());

    // The rows are those that Trino, Spark and pyiceberg expect.
    let sql = "SELECT count(*), count(DISTINCT (catalog_name, iceberg_type)), min(catalog_name), min(iceberg_type)
        FROM iceberg_tables";
    let row = database.connect().query_one(sql, &[]).unwrap();
    let found: (i64, i64, String, String) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!(found, (37, 1, "lake".to_owned(), "TABLE".to_owned()));
}

#[test]
fn the_password_is_taken_from_a_file_or_the_environment_and_shown_nowhere() {
    let Some(database) = CatalogDatabase::create() else { return };
    let (lake, [run, ..]) = sealed_lake();
    let stage = |command: &mut TestCommand| command.args(&["--run-id", run, "--catalog", &database.url()]).run();
    let refused = stage(&mut lake.task("stage-tables")).expect_status(6);
    refused.expect_stderr("password missing").expect_stderr("DISCOGS_CATALOG_PASSWORD_FILE");
    let refused = stage(lake.task("stage-tables").env("PGPASSWORD", "not the secret")).expect_status(6);
    let refused = refused.expect_stderr("password authentication failed");
    let secret = fs::read_to_string(database.password_file()).unwrap().trim().to_owned();
    let done = stage(lake.task("stage-tables").env("PGPASSWORD", &secret)).expect_status(0);
    let promoted = promote(&lake, &database, run).expect_status(0);
    for shown in [&done, &promoted, &refused].map(|finished| format!("{}{}", finished.stdout, finished.stderr)) {
        assert!(!shown.contains(&secret) && !shown.contains("not the secret"), "{shown}");
    }
    for entry in walkdir::WalkDir::new(lake.root()).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            let holds = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!holds, "{} holds the password", entry.path().display());
        }
    }
}

#[test]
fn a_database_that_is_read_only_newer_or_of_another_lake_changes_nothing() {
    let Some(database) = CatalogDatabase::create() else { return };
    let (lake, [first, second, _]) = sealed_lake();
    stage(&lake, &database, first).expect_status(0);
    promote(&lake, &database, first).expect_status(0);
    let set = |sql: &str| database.connect().batch_execute(sql).unwrap();
    let refused = |status, says: &str| {
        for finished in [stage(&lake, &database, second), promote(&lake, &database, second)] {
            finished.expect_status(status).expect_stderr(says);
        }
        lake.expect_active(first);
    };
    set(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name));
    refused(6, "read-only transaction");
    assert_eq!(main_of(&lake, &database).as_deref(), Some(first), "a reader needs no more");
    let mut client = database.connect();
    client.batch_execute("SET default_transaction_read_only = off").unwrap();
    client.batch_execute(&format!("ALTER DATABASE {} RESET ALL", database.name)).unwrap();

    set("UPDATE lake_properties SET property_value = '2' WHERE property_key = 'version'");
    refused(2, "version 2");
    set("UPDATE lake_properties SET property_value = '1' WHERE property_key = 'version'");

    let (other, [run, ..]) = sealed_lake();
    stage(&other, &database, run).expect_status(2).expect_stderr("is of the lake at");
    promote(&lake, &database, second).expect_status(0);
    assert_eq!(main_of(&lake, &database).as_deref(), Some(second));
}

#[test]
fn a_lost_database_is_rebuilt_from_the_sealed_runs() {
    let Some(database) = CatalogDatabase::create() else { return };
    let (lake, [first, second, _]) = sealed_lake();
    for run in [first, second] {
        stage(&lake, &database, run).expect_status(0);
    }
    promote(&lake, &database, second).expect_status(0);
    let names = "SELECT 'DROP TABLE ' || table_name FROM information_schema.tables WHERE table_schema = 'public'";
    for drop in database.connect().query(names, &[]).unwrap() {
        database.connect().batch_execute(drop.get(0)).unwrap();
    }
    task(&lake, &database, "table-history").run().expect_status(6);
    task(&lake, &database, "rebuild-catalog").run().expect_status(0);
    assert_eq!(main_of(&lake, &database).as_deref(), Some(second));
    assert_eq!(releases(&lake, &database, &["--as-of", first]), releases(&lake, &database, &["--run-id", first]));
    lake.expect_nothing_staged();
}

#[test]
fn a_catalog_moves_to_postgres_and_back_with_its_history() {
    let Some(database) = CatalogDatabase::create() else { return };
    let (lake, [first, second, third]) = sealed_lake();
    for run in [first, second] {
        super::stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let history = |lake: &TestLake| {
        let json = task(lake, &database, "table-history").args(&["--table", "releases_v6"]).run().json();
        (json["snapshots"].clone(), json["metadata_location"].clone())
    };
    let before = history(&lake);
    let move_to = |to: &str| {
        let mut command = task(&lake, &database, "move-catalog");
        command.args(&["--to", to, "--to-password-file", database.password_file()]).run()
    };
    move_to("mysql://x").expect_status(2).expect_stderr("expected sqlite, postgres://");
    move_to("postgres://lake:x@127.0.0.1:1/x").expect_status(2).expect_stderr("holds a password");
    move_to("postgres://lake@127.0.0.1:1/x").expect_status(6);
    assert_eq!(history(&lake), before);

    move_to(&database.url()).expect_status(0).expect_result("done");
    move_to(&database.url()).expect_status(0).expect_result("already_done");
    assert!(!lake.root().join("_meta/catalog.sqlite").exists());
    assert_eq!(history(&lake), before);
    promote(&lake, &database, third).expect_status(0);
    assert_eq!(main_of(&lake, &database).as_deref(), Some(third));
    let before = history(&lake);

    move_to("sqlite").expect_status(0).expect_result("done");
    move_to("sqlite").expect_status(0).expect_result("already_done");
    assert!(!lake.root().join("_meta/catalog.json").exists());
    assert_eq!(history(&lake), before);
    let rows: i64 = database.connect().query_one("SELECT count(*) FROM iceberg_tables", &[]).unwrap().get(0);
    assert_eq!(rows, 0, "the old catalog shows no table any more");
    lake.task("rollback").run().expect_status(0);
    assert_eq!(super::run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
    lake.expect_nothing_staged();
    assert!(Path::new(&lake.root().join("_meta/catalog.sqlite")).exists());
}
