//! `enforce-retention`: what is older than its layer keeps it goes, and everything else stays.

mod documentation;
mod layers;
mod runs;

use std::fs;

use serde_json::Value;

use crate::support::TestLake;

/// A day from which ages are counted, which has passed whenever the tests run.
const TODAY: &str = "2026-12-01";

/// Enforces the retention as of `TODAY`.
#[track_caller]
fn enforce(lake: &TestLake, arguments: &[&str]) -> Value {
    lake.call("enforce-retention", &[&["--today", TODAY][..], arguments].concat()).run().expect_status(0).json()
}

/// Like `enforce`, and removes what it finds.
#[track_caller]
fn remove(lake: &TestLake, arguments: &[&str]) -> Value {
    enforce(lake, &[arguments, &["--dry-run", "false"]].concat())
}

fn metric(result: &Value, name: &str) -> u64 {
    result["metrics"][name].as_u64().unwrap_or_else(|| panic!("no metric {name}: {result}"))
}

/// Makes all snapshots of a table older by some days, in its current metadata file.
fn make_older(lake: &TestLake, namespace: &str, table: &str, days: i64) {
    let sql = "SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ?1 AND table_name = ?2";
    let catalog = rusqlite::Connection::open(lake.path("_meta/catalog.sqlite")).unwrap();
    let location: String = catalog.query_row(sql, [namespace, table], |row| row.get(0)).unwrap();
    let path = location.trim_start_matches("file://");
    let mut metadata: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    subtract(&mut metadata, days * 24 * 3_600_000);
    fs::write(path, metadata.to_string()).unwrap();
}

fn subtract(value: &mut Value, milliseconds: i64) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_i64().filter(|_| ["timestamp-ms", "last-updated-ms"].contains(&name.as_str())) {
                    Some(time) => *field = (time - milliseconds).into(),
                    None => subtract(field, milliseconds),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| subtract(item, milliseconds)),
        _ => {}
    }
}
