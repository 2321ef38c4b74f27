//! Times point look-ups in the tables of a run through DuckDB, for scripts/bench.
//!
//! Runs each look-up several times without DuckDB's cache of files, so that each one pays for the footers, page indexes,
//! Bloom filters and pages it reads. Prints one line of JSON: milliseconds, rows found, bytes read (`rchar` in
//! /proc/self/io; 0 on systems without it).

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use duckdb::{Config, Connection};

const TIMES: usize = 7;

/// Name, table and column of each look-up. The value is a rare one, taken a twentieth into the table.
const LOOKUPS: [(&str, &str, &str); 4] = [
    ("release_id", "releases_v6", "release_id"),
    ("artist_name", "warehouse_discogs/release_artists_v1", "artist_norm"),
    ("barcode", "release_identifiers_v1", "value"),
    ("catalogue_number", "release_labels_v1", "catno"),
];

fn main() -> anyhow::Result<()> {
    let run = std::env::args_os().nth(1).context("usage: lookups RUN_FOLDER")?;
    let config = Config::default().with("autoinstall_known_extensions", "false")?;
    let connection = Connection::open_in_memory_with_flags(config)?;
    connection.execute_batch("SET enable_external_file_cache = false; SET threads = 2")?;
    let mut results = serde_json::Map::new();
    for (name, table, column) in LOOKUPS {
        let folder = Path::new(&run).join(table);
        if folder.is_dir() {
            results.insert(name.to_owned(), look_up(&connection, &folder, column)?);
        }
    }
    writeln!(io::stdout(), "{}", serde_json::Value::Object(results))?;
    Ok(())
}

fn look_up(connection: &Connection, folder: &Path, column: &str) -> anyhow::Result<serde_json::Value> {
    let files = format!("read_parquet('{}/*.parquet')", folder.display().to_string().replace('\'', "''"));
    let rows: i64 = connection.query_row(&format!("SELECT count(*) FROM {files}"), [], |row| row.get(0))?;
    let of_barcodes = if column == "value" { "AND type = 'Barcode'" } else { "" };
    let value: String = connection.query_row(
        &format!(
            "WITH near AS (SELECT {column}::VARCHAR AS value FROM {files} WHERE {column} IS NOT NULL {of_barcodes}
                           LIMIT 1000 OFFSET {})
             SELECT value FROM near GROUP BY value ORDER BY count(*), value LIMIT 1",
            rows / 20
        ),
        [],
        |row| row.get(0),
    )?;
    let literal = match column {
        "release_id" => value,
        _ => format!("'{}'", value.replace('\'', "''")),
    };
    let sql = format!("SELECT * FROM {files} WHERE {column} = {literal}");
    let (mut milliseconds, mut bytes, mut found) = (Vec::new(), 0, 0);
    for _ in 0..TIMES {
        let (before, started) = (bytes_read(), Instant::now());
        found = connection.prepare(&sql)?.query_arrow([])?.map(|batch| batch.num_rows()).sum();
        milliseconds.push(started.elapsed().as_secs_f64() * 1000.0);
        bytes = bytes_read() - before;
    }
    milliseconds.sort_by(f64::total_cmp);
    let file_bytes: u64 =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum::<io::Result<u64>>()?;
    Ok(serde_json::json!({
        "rows": rows, "table_bytes": file_bytes, "found": found, "bytes_read": bytes,
        "milliseconds": {"median": milliseconds[TIMES / 2], "min": milliseconds[0], "max": milliseconds[TIMES - 1]},
    }))
}

fn bytes_read() -> u64 {
    let counters = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    counters.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
}
