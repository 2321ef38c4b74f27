//! Targets and parameters that are refused, and what is not changed then.

use std::fs;
use std::process::Command;

use super::lake::{MONTHS, export};
use crate::support::{Dir, PostgresServer};

#[test]
fn a_file_of_something_else_is_not_replaced() {
    let dir = Dir::new();
    for name in ["letters.sqlite", "letters.duckdb"] {
        fs::write(dir.path(name), "Dear Sir or Madam").unwrap();
        let to = dir.path(name);
        let refused = export(&["--to", to.to_str().unwrap()]).run().expect_status(2);
        refused.expect_stderr("holds no export, so it is not replaced");
        assert_eq!(dir.read(name), "Dear Sir or Madam");
    }
    rusqlite::Connection::open(dir.path("own.sqlite")).unwrap().execute_batch("CREATE TABLE mine (a)").unwrap();
    export(&["--to", dir.path("own.sqlite").to_str().unwrap()]).run().expect_status(2);
}

#[test]
fn targets_and_tables_that_do_not_exist_are_refused() {
    let dir = Dir::new();
    export(&["--to", "discogs"]).run().expect_status(2).expect_stderr("FILE.sqlite");
    let to = dir.path("a.sqlite");
    let to = to.to_str().unwrap();
    export(&["--to", to, "--tables", "artist"]).run().expect_status(2).expect_stderr("no table artist in this schema");
    export(&["--to", to, "--run-id", "2026-10__20261020_000000"]).run().expect_status(2);
    let nowhere = dir.path("nowhere/a.sqlite");
    export(&["--to", nowhere.to_str().unwrap()]).run().expect_status(2);
    assert!(fs::read_dir(dir.path("")).unwrap().next().is_none());
}

#[test]
fn some_tables_are_exported_alone() {
    let dir = Dir::new();
    let to = dir.path("some.sqlite");
    let arguments = ["--to", to.to_str().unwrap(), "--tables", "releases_v6,release_labels_v1"];
    export(&arguments).run().expect_status(0);
    let mut database = super::Database::open(&to);
    let names = database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    let names: Vec<_> = names.into_iter().map(|row| row[0].clone().unwrap()).collect();
    assert_eq!(names, ["_export", "_export_tables", "release_labels_v1", "releases_ref_v6"]);
    // Only the reference to a table that is there is a foreign key.
    assert_eq!(database.number("SELECT count(*) FROM pragma_foreign_key_list('release_labels_v1')"), 1);
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    for url in ["postgres://me:hunter2@localhost/discogs", "postgres://me@localhost/discogs?password=hunter2"] {
        let refused = export(&["--to", url]).run().expect_status(2);
        assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"), "{}", refused.stderr);
        refused.expect_stderr("--database-password-file FILE");
    }
}

#[test]
fn a_server_that_is_not_there_or_refuses_the_login_is_an_error_of_the_server() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://me@{unused}/discogs");
    export(&["--to", &url]).run().expect_status(6).expect_stderr(&unused.to_string());
    let Some(server) = PostgresServer::shared() else { return };
    let dir = Dir::new();
    dir.create("password", "wrong\n");
    let file = dir.path("password");
    let arguments = ["--to", &server.url("postgres"), "--database-password-file", file.to_str().unwrap()];
    let refused = export(&arguments).run().expect_status(6);
    assert!(!refused.stderr.contains("wrong"), "{}", refused.stderr);
    refused.expect_stderr("password authentication failed");
}

#[test]
fn a_schema_of_something_else_is_not_replaced() {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    server.client(&name).batch_execute("CREATE SCHEMA mine; CREATE TABLE mine.letters (a text)").unwrap();
    for schema in ["mine", "public"] {
        let arguments = ["--to", &server.url(&name), "--database-schema", schema];
        export(&arguments).run().expect_status(2).expect_stderr("holds no export");
    }
    for schema in ["Mine", "pg_mine", "1", "a-b", ""] {
        let arguments = ["--to", &server.url(&name), "--database-schema", schema];
        export(&arguments).run().expect_status(2).expect_stderr("database_schema");
    }
}

/// Replacing the schema would drop views of other schemas and added tables.
#[test]
fn what_depends_on_the_tables_is_not_dropped() {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let mut client = server.client(&name);
    let some = ["--tables", "artists_v1_typed", "--to", &server.url(&name)];
    let run = |run: &str| export(&[&some[..], &["--run-id", run]].concat()).run();
    run(MONTHS[0]).expect_status(0);
    client.batch_execute("CREATE VIEW public.names AS SELECT name FROM discogs.artists_v1_typed").unwrap();
    run(MONTHS[1]).expect_status(2).expect_stderr("view names depends on discogs.artists_v1_typed");
    client.batch_execute("DROP VIEW public.names; CREATE TABLE discogs.notes (a text)").unwrap();
    run(MONTHS[1]).expect_status(2).expect_stderr("relation notes is not of the export");
    client.batch_execute("DROP TABLE discogs.notes").unwrap();
    run(MONTHS[1]).expect_status(0);
}

#[test]
fn a_second_export_at_once_is_refused() {
    let dir = Dir::new();
    for name in ["month.sqlite", "month.duckdb"] {
        let lock = dir.path(&format!(".{name}.lock"));
        let held = Command::new("flock").arg("-o").arg(&lock).args(["sleep", "60"]).spawn();
        let mut holder = held.unwrap();
        while Command::new("flock").arg("-n").arg(&lock).arg("true").status().unwrap().success() {}
        let to = dir.path(name);
        export(&["--to", to.to_str().unwrap()]).run().expect_status(4).expect_stderr("is locked by");
        holder.kill().unwrap();
        holder.wait().unwrap();
    }
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let mut client = server.client(&name);
    let lock = "SELECT pg_try_advisory_lock(hashtext('export-database'), hashtext('discogs'))";
    assert!(client.query_one(lock, &[]).unwrap().get::<_, bool>(0));
    let arguments = ["--to", &server.url(&name), "--tables", "label_urls_v1"];
    export(&arguments).run().expect_status(4).expect_stderr("is locked by the process");
    export(&[&arguments[..], &["--database-schema", "other"]].concat()).run().expect_status(0);
    drop(client);
    crate::support::eventually("the lock ends with its connection", || export(&arguments).run().status == Some(0));
}
