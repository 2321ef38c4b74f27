//! Promotions while Trino reads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::stack::{LARGE, SMALL};
use super::Tables;
use crate::faults::sample::times;
use crate::support::{eventually, loudly};

/// The releases of the two runs.
const SMALL_RELEASES: &str = "150";
const LARGE_RELEASES: &str = "250";

/// How often `main` moves: 1,000 times if all faults are tried.
fn promotions() -> usize {
    times(50, 1000)
}

const JOIN: &str = "SELECT count(DISTINCT r.release_id), count(DISTINCT c.release_id)
    FROM releases_v6 {pin} AS r FULL JOIN release_genres_v1 {pin} AS c ON c.release_id = r.release_id";

#[test]
fn no_reader_of_one_table_or_of_a_pinned_join_sees_two_months() {
    let Some(tables) = Tables::new() else { return };
    let done = AtomicBool::new(false);
    let [single, pinned] = [const { AtomicUsize::new(0) }; 2];
    let pin = format!("FOR VERSION AS OF 'month_{}'", &SMALL[..7]);
    let join = joined(&pin);
    let expected = tables.row(&join);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sql = "SELECT count(*), count(DISTINCT release_id), count(DISTINCT \"$path\") FROM releases_v6";
            while !done.load(Ordering::Relaxed) {
                let row = tables.row(sql);
                let whole = [SMALL_RELEASES, LARGE_RELEASES].map(|count| [count, count, "1"]);
                assert!(whole.iter().any(|whole| row == *whole), "neither of the months, whole: {row:?}");
                single.fetch_add(1, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(tables.row(&join), expected);
                pinned.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut catalog = tables.catalog("");
        let started = Instant::now();
        for number in 0..promotions() {
            tables.move_mains(&mut catalog, [SMALL, LARGE][number % 2]);
        }
        // Every kind of reader has read at least once while promotions went on.
        let enough = || single.load(Ordering::Relaxed) > 3 && pinned.load(Ordering::Relaxed) > 3;
        let mut further = 0;
        while !enough() && started.elapsed() < Duration::from_secs(60) {
            tables.move_mains(&mut catalog, [SMALL, LARGE][further % 2]);
            further += 1;
        }
        done.store(true, Ordering::Relaxed);
    });
    let [single, pinned] = [single, pinned].map(AtomicUsize::into_inner);
    loudly(&format!("{} promotions: {single} reads of one table, {pinned} pinned joins, all whole", promotions()));
    assert!(single > 3 && pinned > 3);

    an_unpinned_join_mixes_two_months_if_a_promotion_comes_between_its_lookups(&tables, &join);
}

fn joined(pin: &str) -> String {
    JOIN.replace("{pin}", pin)
}

/// Trino looks up the tables of a join one by one. Here the look-up of the second waits: a view, which the search path puts
/// before the catalog's table, reads its row under a lock that the test has. The new schema changes the search path of every
/// connection, so those of Trino plan their statements again.
fn an_unpinned_join_mixes_two_months_if_a_promotion_comes_between_its_lookups(tables: &Tables, pinned: &str) {
    let mut catalog = tables.catalog("?options=-c%20search_path%3Dpublic");
    tables.move_mains(&mut catalog, SMALL);
    let mut database = tables.database();
    database
        .batch_execute(
            "DROP SCHEMA IF EXISTS hive CASCADE;
            CREATE SCHEMA hive;
            CREATE OR REPLACE FUNCTION public.slowly(namespace text, name text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
            BEGIN
                IF name = 'release_genres_v1' THEN
                    PERFORM pg_advisory_xact_lock_shared(77);
                END IF;
                RETURN (SELECT metadata_location FROM public.iceberg_tables
                    WHERE table_namespace = namespace AND table_name = name);
            END $$;
            CREATE OR REPLACE VIEW hive.iceberg_tables AS
                SELECT catalog_name, table_namespace, table_name, public.slowly(table_namespace, table_name) AS metadata_location,
                    previous_metadata_location, iceberg_type FROM public.iceberg_tables",
        )
        .unwrap();
    let mut other = tables.database();
    other.batch_execute("SELECT pg_advisory_lock(77)").unwrap();
    let mixed = std::thread::scope(|scope| {
        let reader = scope.spawn(|| tables.row(&joined("")));
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        eventually("the look-up of the second table waits", || {
            database.query_one(waiting, &[]).unwrap().get::<_, i64>(0) > 0
        });
        tables.move_mains(&mut catalog, LARGE);
        other.batch_execute("SELECT pg_advisory_unlock(77)").unwrap();
        reader.join().unwrap()
    });
    let [small, large] = [SMALL, LARGE].map(|run| tables.row(&joined(&format!("FOR VERSION AS OF 'run_{run}'"))));
    let still = tables.row(pinned);
    database.batch_execute("DROP SCHEMA hive CASCADE; DROP FUNCTION public.slowly").unwrap();
    assert!(small[1] != large[1] && small[0] == SMALL_RELEASES, "{small:?} {large:?}");
    assert_eq!(mixed, [&*small[0], &*large[1]], "the first table is of one month, the second of the other");
    assert_eq!(still, small);
}
