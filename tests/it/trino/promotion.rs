use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use discogs_lakehouse::contract::Table;
use discogs_lakehouse::lake::{Counted, Producer, Run};
use discogs_lakehouse::parquet::{DatasetWriter, arrow_schema};

use super::stack::{LARGE, SMALL, Stack};
use crate::faults::sample::times;
use crate::support::RaiseOnDrop;

const MAX_WAIT: Duration = Duration::from_secs(20);

/// The rows of a batch: with 32 row groups of 256, a file.
const ROWS_A_FILE: i64 = 8192;

/// A table of many files: a query that spans a switch has many chances to mix them.
fn table() -> Table {
    let text = "{name: numbers, producer: test, row: A number., example: SELECT 1, row_group_rows: 256, columns: [
        {name: id, type: BIGINT, description: i}, {name: run, type: VARCHAR, description: r}]}";
    serde_yaml::from_str(text).unwrap()
}

/// A sealed run with `files` files, of 8192 rows, each row marked with the run's id.
fn make_run(stack: &Stack, id: &str, files: i64) {
    let month = &id[..7];
    let description = format!(
        r#"{{"format":1,"run_id":"{id}","dump_month":"{month}","dump_date":"20261101","run_mode":"dev",
            "created":"2026-11-20T00:00:00Z","dumps":{{}},"checksums":{{}},"version":"0"}}"#
    );
    let run = Run::create(&stack.lake(), &serde_json::from_str(&description).unwrap()).unwrap().0;
    let writable = run.writable("test").unwrap();
    let table = table();
    let staging = writable.staging().unwrap();
    let mut writer = DatasetWriter::new(&table, staging.dataset(&run, &table.name).unwrap()).unwrap();
    for file in 0..files {
        let ids = file * ROWS_A_FILE..(file + 1) * ROWS_A_FILE;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(ids.clone())),
            Arc::new(StringArray::from_iter_values(ids.map(|_| id))),
        ];
        writer.append(RecordBatch::try_new(arrow_schema(&table), columns).unwrap()).unwrap();
    }
    let (staged, dataset) = writer.finish(&run, &Producer::this_version("test"), &[], &Counted::default()).unwrap();
    writable.commit(staged, &dataset, false).unwrap();
    drop((staging, writable));
    run.sealable("test").unwrap().seal(serde_json::json!({}), &digdag_task::Quiet).unwrap();
}

#[test]
fn no_query_sees_two_runs_while_active_is_switched() {
    let Some(stack) = Stack::new() else { return };
    make_run(&stack, SMALL, 20);
    make_run(&stack, LARGE, 30);
    stack.promote(LARGE);
    stack.change(&format!("CREATE SCHEMA hive.{}", stack.schema()));
    stack.change(&format!(
        "CREATE TABLE numbers (id bigint, run varchar) WITH (external_location = '{}', format = 'PARQUET')",
        stack.location("active/numbers")
    ));
    // How often `active` moves, and how often it moves away and back in a row.
    let (promotions, blinks) = (times(50, 200), times(20, 60));
    let whole = [("163840", SMALL), ("245760", LARGE)];
    let query = "SELECT count(*), count(DISTINCT id), min(run), max(run) FROM numbers";
    let [asked, failed] = [const { AtomicUsize::new(0) }; 2];
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let trino = stack.session();
                while !done.load(Ordering::Relaxed) {
                    // A session asks again by itself; if four attempts were not enough, it fails with an error and the test repeats the query.
                    let rows = match trino.table(query, "a test") {
                        Ok((_, rows)) => rows,
                        Err(error) => {
                            let text = error.to_string();
                            assert!(text.contains("HIVE_") && text.contains("query "), "{text}");
                            failed.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                    };
                    let cells: Vec<_> = rows[0].iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
                    let is_whole = |(rows, run): &(&str, &str)| cells == [*rows, *rows, *run, *run];
                    assert!(whole.iter().any(is_whole), "neither of the runs, whole: {cells:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _end = RaiseOnDrop(&done);
        for promotion in 0..promotions {
            stack.promote(if promotion % 2 == 0 { SMALL } else { LARGE });
            // Mostly faster than a query; now and then there is time to ask again, and that has to succeed.
            std::thread::sleep(Duration::from_millis(promotion as u64 * 37 % 100));
            let (before, since) = (asked.load(Ordering::Relaxed), Instant::now());
            while promotion % 10 == 9 && asked.load(Ordering::Relaxed) == before {
                assert!(since.elapsed() < MAX_WAIT, "no query succeeds, though active is not moved any more");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // Away and back again, faster than any query: what looked meanwhile has to say so, or have missed nothing.
        for blink in 0..blinks {
            stack.move_active(SMALL);
            stack.move_active(LARGE);
            std::thread::sleep(Duration::from_millis(blink as u64 * 37 % 100));
        }
    });
    let [asked, failed] = [asked, failed].map(AtomicUsize::into_inner);
    let line = format!("{promotions} promotions: {asked} whole results, {failed} failures\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    assert!(asked >= 10, "{line}");

    // The next query sees a switch, with nothing refreshed.
    for run in [LARGE, SMALL, LARGE] {
        stack.promote(run);
        assert_eq!(stack.cell("SELECT max(run) FROM numbers"), run);
    }
}
