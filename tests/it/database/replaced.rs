//! The next month: readers see the old tables or the new ones.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::lake::{MONTHS, export};
use super::{Database, Row};
use crate::support::{Dir, PostgresServer};

/// The run and its number of releases.
const STATE: &str = "SELECT run_id, CAST(count(*) AS TEXT), CAST((SELECT count(*) FROM release_labels_v1) AS TEXT)
    FROM _export, releases_ref_v6 GROUP BY run_id";

#[test]
fn the_next_month_replaces_a_file_and_the_same_month_is_done_already() {
    let dir = Dir::new();
    for name in ["month.sqlite", "month.duckdb"] {
        let to = dir.path(name);
        for (run, releases) in MONTHS.into_iter().zip(["300", "260"]) {
            let arguments = ["--run-id", run, "--to", to.to_str().unwrap()];
            export(&arguments).run().expect_status(0).expect_result("done");
            let state = Database::open(&to).rows(STATE);
            assert_eq!(state[0][..2], [Some(run.to_owned()), Some(releases.to_owned())]);
            export(&arguments).run().expect_status(0).expect_result("already_done");
        }
        // Other tables are another export.
        let some = ["--run-id", MONTHS[1], "--tables", "label_urls_v1", "--to", to.to_str().unwrap()];
        export(&some).run().expect_status(0).expect_result("done");
    }
    let left: Vec<_> = std::fs::read_dir(dir.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Queries that join tables, over and over while months are exchanged, find tables of one month.
#[test]
fn readers_of_a_server_see_one_month() {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let to = |run: &str| {
        let tables = "releases_v6,release_labels_v1,labels_v10";
        let arguments = ["--run-id", run, "--tables", tables, "--to", &server.url(&name)];
        export(&arguments).run().expect_status(0).expect_result("done");
    };
    let state = |name: &str| -> Vec<Row> {
        let mut client = server.client(name);
        client.batch_execute("SET search_path = discogs").unwrap();
        Database::Postgres(client).rows(STATE)
    };
    let months = MONTHS.map(|run| {
        to(run);
        state(&name)
    });
    assert!(months[0] != months[1] && months[0].len() == 1);
    let (stop, seen) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; 2]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut client = server.client(&name);
                client.batch_execute("SET search_path = discogs").unwrap();
                let mut database = Database::Postgres(client);
                while !stop.load(Ordering::Relaxed) {
                    let found = database.rows(STATE);
                    let month = months.iter().position(|month| *month == found);
                    seen[month.unwrap_or_else(|| panic!("a mixture: {found:?}"))].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for turn in 0..6 {
            to(MONTHS[turn % 2]);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) > 0), "{seen:?}");
}

/// A transaction that began before the load finds the new month in the new tables, not empty ones. One that has read
/// the old tables holds the swap up until it ends.
#[test]
fn long_transactions_find_whole_tables() {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let command = |run: &str| export(&["--run-id", run, "--tables", "releases_v6", "--to", &server.url(&name)]);
    command(MONTHS[0]).run().expect_status(0);
    let count = "SELECT count(*) FROM discogs.releases_ref_v6";
    let mut early = server.client(&name);
    early.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
    command(MONTHS[1]).run().expect_status(0);
    assert_eq!(early.query_one(count, &[]).unwrap().get::<_, i64>(0), 260);

    let mut reader = server.client(&name);
    let mut transaction = reader.transaction().unwrap();
    assert_eq!(transaction.query_one(count, &[]).unwrap().get::<_, i64>(0), 260);
    drop(early);
    let waiting = command(MONTHS[0]).spawn();
    let mut other = server.client(&name);
    let loaded = "SELECT count(*) FROM discogs__loading._export_tables WHERE indexed";
    crate::support::eventually("the new month is loaded", || {
        other.query_one(loaded, &[]).is_ok_and(|row| row.get::<_, i64>(0) == 1)
    });
    assert_eq!(transaction.query_one(count, &[]).unwrap().get::<_, i64>(0), 260);
    transaction.commit().unwrap();
    crate::support::Finished::of(waiting.wait_with_output().unwrap()).expect_status(0);
    assert_eq!(other.query_one(count, &[]).unwrap().get::<_, i64>(0), 300);
}

#[test]
fn roles_that_could_read_the_old_month_read_the_new_one() {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let mut client = server.client(&name);
    let command = |run: &str| export(&["--run-id", run, "--tables", "releases_v6", "--to", &server.url(&name)]);
    command(MONTHS[0]).run().expect_status(0);
    client
        .batch_execute(
            "CREATE ROLE \"a reader\"; GRANT USAGE ON SCHEMA discogs TO \"a reader\";
            GRANT SELECT ON ALL TABLES IN SCHEMA discogs TO \"a reader\"",
        )
        .unwrap();
    command(MONTHS[1]).run().expect_status(0);
    client.batch_execute("SET ROLE \"a reader\"").unwrap();
    let count = client.query_one("SELECT count(*) FROM discogs.releases_ref_v6", &[]).unwrap();
    assert_eq!(count.get::<_, i64>(0), 260);
}
