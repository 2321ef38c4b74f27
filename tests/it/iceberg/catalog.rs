use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::{releases, run_of, stage};
use crate::support::sealed_lake;

#[test]
fn a_moved_lake_is_refused_until_its_catalog_is_rebuilt() {
    let (lake, [first, second, _]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(first).expect_status(0);
    let database = Connection::open(lake.root().join("_meta/catalog.sqlite")).unwrap();
    database
        .execute("UPDATE lake_properties SET property_value = '/elsewhere' WHERE property_key = 'root'", [])
        .unwrap();
    drop(database);
    for finished in [stage(&lake, second), lake.promote(second), lake.task("table-history").run()] {
        finished.expect_status(2).expect_stderr("rebuild-catalog");
    }
    lake.expect_active(first);
    lake.task("rebuild-catalog").run().expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(first));
    assert_eq!(run_of(&lake, "releases_v6", &format!("run_{second}")).as_deref(), Some(second));
    assert_eq!(releases(&lake, &["--as-of", first]), releases(&lake, &["--run-id", first]));
}

#[test]
fn a_lost_catalog_is_rebuilt_from_the_sealed_runs() {
    let (lake, [first, second, third]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(second).expect_status(0);
    fs::remove_file(lake.root().join("_meta/catalog.sqlite")).unwrap();
    fs::remove_dir_all(lake.root().join("_tables")).unwrap();
    lake.task("rebuild-catalog").run().expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
    for run in [first, second, third] {
        assert_eq!(run_of(&lake, "releases_v6", &format!("run_{run}")).as_deref(), Some(run));
    }
    lake.expect_nothing_staged();
}

#[test]
fn a_newer_catalog_is_refused_and_stays_as_it_is() {
    let (lake, [first, second, _]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    let path = lake.root().join("_meta/catalog.sqlite");
    let database = Connection::open(&path).unwrap();
    database.execute("UPDATE lake_properties SET property_value = '2' WHERE property_key = 'version'", []).unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    stage(&lake, second).expect_status(2).expect_stderr("version 2");
    lake.promote(second).expect_status(2);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn another_catalog_than_the_lakes_and_a_password_in_its_url_are_refused() {
    let (lake, [run, ..]) = sealed_lake();
    let with = |url: &str| lake.task("stage-tables").args(&["--run-id", run, "--catalog", url]).run();
    with("postgres://lake:secret@127.0.0.1:1/lake").expect_status(2).expect_stderr("holds a password");
    with("mysql://127.0.0.1/lake").expect_status(2).expect_stderr("expected sqlite, postgres://");
    stage(&lake, run).expect_status(0);
    with("postgres://lake@127.0.0.1:1/lake").expect_status(2).expect_stderr("a lake has one");
    with("sqlite").expect_status(0).expect_result("already_done");
}

#[test]
fn a_catalog_that_cannot_be_written_stops_a_promotion_before_it_moves_anything() {
    let (lake, [first, second, _]) = sealed_lake();
    stage(&lake, first).expect_status(0);
    lake.promote(first).expect_status(0);
    stage(&lake, second).expect_status(0);
    // Another process in a transaction, for as long as a writer waits.
    let database = Connection::open(lake.root().join("_meta/catalog.sqlite")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = lake.promote(second);
    assert_eq!(refused.status, Some(1), "{}", refused.stderr);
    lake.expect_active(first);
    drop(database);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(first));
    lake.promote(second).expect_status(0);
    assert_eq!(run_of(&lake, "releases_v6", "main").as_deref(), Some(second));
}

#[test]
fn the_embedded_catalog_is_read_only_to_readers() {
    let (lake, [run, ..]) = sealed_lake();
    stage(&lake, run).expect_status(0);
    let path = lake.root().join("_meta/catalog.sqlite");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let before = lake.snapshot();
    releases(&lake, &["--as-of", run]);
    before.expect_unchanged(&lake.root());
}
