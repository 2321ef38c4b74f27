//! Files of people as they came, and the tables refined of them: formats, evolution, declarations, rejected rows, increments.

mod append;
mod documentation;
mod ready;
mod rejected;
mod since;
mod workflow;

use std::fs;

use serde_json::Value;

use crate::support::{Finished, TestLake};

/// A lake with bronze tables of people and the tables refined of them.
struct Shop(TestLake);

/// Each test changes parts of it.
const INVENTORY: &str = "\
source: bronze.mine_inventory
target: mine.inventory
key: [id]
max_rejected_share: 0.5
columns:
  - {name: id, type: bigint}
  - {name: price, from: Price, type: 'decimal(9,2)', strip: [$], range: {min: 0}}
  - {name: listed, from: Listed, type: date, formats: ['%d/%m/%Y']}
  - {name: grade, from: Grade, type: varchar, null_words: ['-'], accepted: [M, NM, VG]}
";

impl Shop {
    fn new() -> Self {
        let lake = TestLake::new();
        fs::create_dir_all(lake.root()).unwrap();
        Shop(lake)
    }

    /// Appends a file of this name and text to `bronze.mine_<table>`.
    fn append(&self, table: &str, name: &str, content: impl AsRef<[u8]>, arguments: &[&str]) -> Finished {
        let file = self.0.write(name, content);
        let table = format!("bronze.mine_{table}");
        let call = ["--table", &table, "--from", file.to_str().unwrap()];
        self.0.call("append-bronze", &[&call[..], arguments].concat()).run()
    }

    /// Appends a CSV file to `bronze.mine_inventory`.
    #[track_caller]
    fn came(&self, rows: &str) -> Value {
        let text = format!("id,Price,Listed,Grade\n{rows}");
        self.append("inventory", "inventory.csv", text, &[]).expect_status(0).json()
    }

    fn refine(&self, declaration: &str, arguments: &[&str]) -> Finished {
        let file = self.0.write("shop.yml", declaration);
        let call = ["--declaration", file.to_str().unwrap(), "--threads", "2"];
        self.0.call("refine-table", &[&call[..], arguments].concat()).run()
    }

    #[track_caller]
    fn refined(&self, declaration: &str) -> Value {
        self.refine(declaration, &[]).expect_status(0).json()
    }

    /// The rows of a query as lines of CSV, without the header.
    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let query = ["--sql", sql, "--format", "csv"];
        let finished = self.0.call("query", &query).run().expect_status(0);
        finished.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    #[track_caller]
    fn inventory(&self) -> Vec<String> {
        self.rows("SELECT id, price, listed, grade FROM mine.inventory ORDER BY id")
    }

    #[track_caller]
    fn rejected(&self) -> Vec<String> {
        self.rows("SELECT column_name, reason, value, position FROM mine.inventory_rejected ORDER BY ALL")
    }

    /// The metadata of a table in `mine`.
    fn metadata(&self, table: &str) -> Value {
        let catalog = rusqlite::Connection::open(self.0.path("_meta/catalog.sqlite")).unwrap();
        let sql = "SELECT metadata_location FROM iceberg_tables WHERE table_namespace = 'mine' AND table_name = ?";
        let location: String = catalog.query_row(sql, [table], |row| row.get(0)).unwrap();
        serde_json::from_slice(&fs::read(location.trim_start_matches("file://")).unwrap()).unwrap()
    }

    /// The snapshots of a table, as `table-history` lists them.
    fn snapshots(&self, table: &str) -> usize {
        let history = self.0.call("table-history", &["--table", table]).run().expect_status(0).json();
        history["snapshots"].as_array().unwrap().len()
    }
}

/// The metrics of a refinement: rows read, inserted, updated, unchanged, rejected, and duplicates.
fn counts(result: &Value) -> [u64; 6] {
    ["rows", "inserted", "updated", "unchanged", "rejected_rows", "duplicates"]
        .map(|name| result["metrics"][name].as_u64().unwrap())
}
