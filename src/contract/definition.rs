//! The contract as it is read from sql/contract.yml.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::column::{Column, Relationship};
use super::drift::DriftBounds;
use super::expectation::Expectation;
use super::{located, validate};
use digdag_task::Failure;

const PATH: &str = "sql/contract.yml";
const TEXT: &str = include_str!("../../sql/contract.yml");
const WAREHOUSE_FOLDER: &str = "warehouse_discogs";

/// `sql/contract.yml`, whose comments define its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The version of the file's words.
    pub version: u32,
    /// The environments by name: `month`, `sample`.
    pub environments: BTreeMap<String, Environment>,
    /// The anomalies that the ingest counts.
    pub anomalies: Vec<Anomaly>,
    /// The paths in the dumps that no table needs.
    pub ignored_paths: Vec<IgnoredPath>,
    /// The tables, in the order of the documentation.
    pub tables: Vec<Table>,
}

/// The bounds of an environment: a whole month or a sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Whether references stay within the dumps; the bounds of known anomalies apply only then.
    pub complete: bool,
    /// How far a run may differ from the published run.
    #[serde(default)]
    pub drift: DriftBounds,
    /// The minimum number of rows of a table that `minimum_rows_of` does not name.
    pub minimum_rows: u64,
    /// Table → its minimum number of rows.
    pub minimum_rows_of: BTreeMap<String, u64>,
}

/// An anomaly of the dumps that the ingest counts by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    /// The name under which the ingest counts it.
    pub name: String,
    /// The table whose rows `expect.max_share` refers to.
    pub of: String,
    /// The expectation for its count.
    pub expect: Expectation,
    /// The meaning, for reports.
    pub description: String,
}

/// A path in the dumps that no table needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IgnoredPath {
    /// Names of elements from the record down, with `/`; an attribute ends in `@name`.
    pub path: String,
    /// The reason to ignore it.
    pub why: String,
}

/// A table of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The name, which is also that of the folder.
    pub name: String,
    /// The name in SQL, if it differs from the name of the folder.
    #[serde(default)]
    pub sql_name: Option<String>,
    /// The task that writes it.
    pub producer: String,
    /// Whether the SQL of readers depends on it.
    #[serde(default)]
    pub published: bool,
    /// Whether a run may lack it.
    #[serde(default)]
    pub optional: bool,
    /// The meaning of a row.
    pub row: String,
    /// A query over the table, for its documentation.
    pub example: String,
    /// The columns that identify a row and sort the table; empty if rows may repeat.
    #[serde(default)]
    pub key: Vec<String>,
    /// The rows of other tables that several columns of this one name together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Whether rows are sorted by the first column of the key, so that files declare it.
    #[serde(default = "super::column::yes")]
    pub ordered: bool,
    /// The name in reports of the uniqueness check, if it is not `duplicate_keys` or `duplicate_<column>s`.
    #[serde(default)]
    pub key_check_name: Option<String>,
    /// The number of rows of a row group.
    pub row_group_rows: usize,
    /// The columns, in the order of the files.
    pub columns: Vec<Column>,
}

/// A row of another table, which several columns name by its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The columns, in the order of the other table's key. A row with a NULL in one of them refers to nothing.
    pub columns: Vec<String>,
    /// The other table.
    pub to: String,
}

impl Contract {
    /// Returns the contract that is built into this binary. A process parses it once: a server needs it for each request.
    ///
    /// # Errors
    /// Fails like [`Contract::parse`].
    pub fn load() -> anyhow::Result<Self> {
        static PARSED: OnceLock<Contract> = OnceLock::new();
        if let Some(parsed) = PARSED.get() {
            return Ok(parsed.clone());
        }
        let parsed = Contract::parse(PATH, TEXT)?;
        Ok(PARSED.get_or_init(|| parsed).clone())
    }

    /// Reads a contract from a file.
    ///
    /// # Errors
    /// Fails if the file cannot be read, and like [`Contract::parse`].
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
        Contract::parse(&path.display().to_string(), &text)
    }

    /// Reads a contract and refuses one that contradicts itself. Messages begin with `path`, the line and the column.
    ///
    /// # Errors
    /// Fails on invalid YAML, on unknown keys and on contradictions between values.
    pub fn parse(path: &str, text: &str) -> anyhow::Result<Self> {
        let hint = "the comments at the head of sql/contract.yml say what its words mean";
        located::parse(path, text, hint, validate::first_error)
    }

    /// Returns a table by its name.
    ///
    /// # Errors
    /// Fails if the contract has no such table.
    pub fn table(&self, name: &str) -> anyhow::Result<&Table> {
        self.tables.iter().find(|table| table.name == name).with_context(|| format!("the contract has no table {name}"))
    }

    /// Returns the tables that a task writes, in the order of the contract.
    pub fn tables_of(&self, producer: &str) -> Vec<&Table> {
        self.tables.iter().filter(|table| table.producer == producer).collect()
    }

    /// Returns an environment by its name.
    ///
    /// # Errors
    /// Returns a failure of class `Parameters` that lists the known environments.
    pub fn environment(&self, name: &str) -> anyhow::Result<&Environment> {
        self.environments.get(name).ok_or_else(|| {
            let known: Vec<_> = self.environments.keys().map(String::as_str).collect();
            Failure::parameters(format!("parameter environment: there is no environment {name:?}"))
                .hint(format!("sql/contract.yml has {}", known.join(", ")))
                .into()
        })
    }
}

impl Environment {
    /// Returns the minimum number of rows of a table.
    pub fn minimum_rows_of(&self, table: &str) -> u64 {
        self.minimum_rows_of.get(table).copied().unwrap_or(self.minimum_rows)
    }
}

impl Table {
    /// Returns the folder in a run, which is also the name in manifests.
    pub fn folder(&self) -> String {
        match self.producer.as_str() {
            "build-warehouse" => format!("{WAREHOUSE_FOLDER}/{}", self.name),
            _ => self.name.clone(),
        }
    }

    /// Returns the name in SQL.
    pub fn sql_name(&self) -> &str {
        self.sql_name.as_deref().unwrap_or(&self.name)
    }

    /// Returns the name in reports: `artists_v1`, `releases_ref_v6`, `warehouse.artist_name_map_v1`.
    pub fn report_name(&self) -> String {
        let name = self.sql_name().trim_end_matches("_typed");
        if self.folder() == self.name { name.to_owned() } else { format!("warehouse.{name}") }
    }

    /// Returns a column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the columns that refer to other tables.
    pub fn relationships(&self) -> impl Iterator<Item = (&Column, &Relationship)> {
        self.columns
            .iter()
            .filter_map(|column| column.relationships.as_ref().map(|relationship| (column, relationship)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_reads_and_agrees_with_itself() {
        let contract = Contract::load().expect("sql/contract.yml is right");
        assert_eq!(contract.table("releases_v6").expect("is there").sql_name(), "releases_ref_v6");
        assert_eq!(contract.tables_of("build-warehouse").len(), 6);
    }

    /// The line and the column, from 1, where a text stands for the first time.
    fn place_of(text: &str, what: &str) -> String {
        let (number, line) = text.lines().enumerate().find(|(_, line)| line.contains(what)).expect("is there");
        format!("c.yml:{}:{}: ", number + 1, line.find(what).expect("is in it") + 1)
    }

    #[test]
    fn a_misspelt_word_is_found_with_its_line() {
        let typo = TEXT.replacen("    producer: ingest-artists", "    produced_by: ingest-artists", 1);
        let error = Contract::parse("c.yml", &typo).expect_err("a misspelt key").to_string();
        assert!(error.contains("produced_by") && error.starts_with(&place_of(&typo, "produced_by")), "{error}");
    }

    #[test]
    fn contradictions_are_found_with_line_and_column() {
        for (from, to, at, expected) in [
            ("to: artists_v1_typed", "to: nowhere", "nowhere", "nowhere"),
            ("key: [artist_id]", "key: [artist]", "artist]", "the key of"),
            ("sql_name: labels_ref_v10", "sql_name: Labels", "Labels", "is not a table's name"),
            ("of: masters_v1_typed", "of: masterpieces", "masterpieces", "is not a table"),
            ("name: labels_v10", "name: ../labels", "../labels", "is not a table's name"),
            ("from: artist_urls_v1", "from: artist_links", "from: artist_links", "is joined of"),
            ("id: 3\n        name: realname", "id: 2 # twice\n        name: realname", "id: 2 # twice", "needs an id"),
            ("columns: [release_id, track_sequence]", "columns: [track_sequence]", "track_sequence]", "its key has 2"),
            ("releases_v6: 1000", "released_v6: 1000 # released", "1000 # released", "is not a table"),
            ("max_share: 0.05", "max_share: 5 # five", "5 # five", "from 0 to 1"),
        ] {
            let text = TEXT.replacen(from, to, 1);
            let error = Contract::parse("c.yml", &text).expect_err(to).to_string();
            assert!(error.contains(expected) && error.starts_with(&place_of(&text, at)), "{to}: {error}");
        }
    }
}
