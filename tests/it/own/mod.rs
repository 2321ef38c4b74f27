//! Tables of people's own: files upserted by key, columns that evolve, states that are read again, and changes.

mod aggregate;
mod changes;
mod documentation;
mod evolution;
mod model;
mod readers;
mod recovered;
mod refused;
mod upkeep;
mod upserts;
mod workflow;
mod writers;

use std::fs;

pub use documentation::run_page;
use serde_json::Value;

use crate::support::{Finished, TestLake};

/// A lake with tables of people's own alone.
pub struct Own(pub TestLake);

impl Own {
    pub fn new() -> Self {
        let lake = TestLake::new();
        fs::create_dir_all(lake.root()).unwrap();
        Own(lake)
    }

    /// Upserts a CSV file with this text into `mine.inventory`.
    pub fn upsert(&self, text: impl AsRef<[u8]>, arguments: &[&str]) -> Finished {
        let file = self.0.write("input.csv", text);
        let from = ["--table", "mine.inventory", "--from", file.to_str().unwrap()];
        self.0.call("upsert-table", &[&from[..], arguments].concat()).run()
    }

    /// Like `upsert`, with the key `id`, and returns the result.
    #[track_caller]
    pub fn done(&self, text: impl AsRef<[u8]>, arguments: &[&str]) -> Value {
        self.upsert(text, arguments).expect_status(0).json()
    }

    /// The rows of a query as lines of CSV, without the header.
    #[track_caller]
    pub fn rows(&self, sql: &str, arguments: &[&str]) -> Vec<String> {
        let query = [&["--sql", sql, "--format", "csv"], arguments].concat();
        let finished = self.0.call("query", &query).run().expect_status(0);
        finished.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    #[track_caller]
    pub fn inventory(&self) -> Vec<String> {
        self.rows("FROM mine.inventory ORDER BY ALL", &[])
    }
}

/// The metrics of a result: rows inserted, updated, unchanged, deleted, and duplicates.
pub fn counts(result: &Value) -> [u64; 5] {
    ["inserted", "updated", "unchanged", "deleted", "duplicates"].map(|name| result["metrics"][name].as_u64().unwrap())
}
