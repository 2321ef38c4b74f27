//! The contract of the tables that span all runs.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use super::Table;

const TEXT: &str = include_str!("../../sql/history/contract.yml");

/// `sql/history/contract.yml`: the tables of the schema `discogs_history`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryContract {
    /// The `schema_version` of the events written now.
    pub version: u32,
    /// Table → its folder under `_meta/discogs_history`.
    folders: BTreeMap<String, String>,
    /// The tables of the schema.
    pub tables: Vec<Table>,
}

impl HistoryContract {
    /// Parses the built-in contract.
    ///
    /// # Errors
    /// Returns an error if the built-in file is malformed.
    pub fn load() -> anyhow::Result<Self> {
        serde_yaml::from_str(TEXT).context("sql/history/contract.yml")
    }

    /// Returns a table by its name.
    ///
    /// # Errors
    /// Returns an error if the contract has no such table.
    pub fn table(&self, name: &str) -> anyhow::Result<&Table> {
        let found = self.tables.iter().find(|table| table.name == name);
        found.with_context(|| format!("sql/history/contract.yml has no table {name}"))
    }

    /// Returns the folder of a table, relative to that of the history.
    ///
    /// # Errors
    /// Returns an error if the contract has no folder for the table.
    pub fn folder(&self, table: &str) -> anyhow::Result<&str> {
        let found = self.folders.get(table).map(String::as_str);
        found.with_context(|| format!("sql/history/contract.yml has no folder for {table}"))
    }
}
