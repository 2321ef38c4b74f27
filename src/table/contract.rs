use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::TableRows;
use crate::task::Failure;

const TEXT: &str = include_str!("../../sql/contract.yml");
const WAREHOUSE_FOLDER: &str = "warehouse_discogs";

/// `sql/contract.yml`; the comments there say what its words mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub version: u32,
    pub environments: BTreeMap<String, Environment>,
    pub anomalies: Vec<Anomaly>,
    pub ignored_paths: Vec<IgnoredPath>,
    pub tables: Vec<Table>,
}

/// How much must be there: a whole month, or a sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Whether what is referred to is in the same dumps; bounds on known anomalies hold only then.
    pub complete: bool,
    /// For tables that `minimum_rows_of` does not name.
    pub minimum_rows: u64,
    pub minimum_rows_of: BTreeMap<String, u64>,
}

/// A flaw of the data that has a name and a bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    pub name: String,
    /// The table whose rows `max_share` is a share of.
    pub of: String,
    pub max_share: f64,
    pub severity_beyond: Severity,
    pub description: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IgnoredPath {
    /// Names of elements from the record down, with `/`; an attribute ends in `@name`.
    pub path: String,
    pub why: String,
}

/// How bad a failed check is. CRITICAL stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Critical,
    Warn,
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Critical => "CRITICAL",
            Severity::Warn => "WARN",
            Severity::Info => "INFO",
        })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub name: String,
    /// The name under which SQL knows it, where that is not the folder's.
    #[serde(default)]
    pub sql_name: Option<String>,
    /// The task that writes it.
    pub producer: String,
    /// People's SQL depends on it.
    #[serde(default)]
    pub published: bool,
    /// It may be missing from a run.
    #[serde(default)]
    pub optional: bool,
    /// What a row is.
    pub row: String,
    /// A query over the table, for its documentation.
    pub example: String,
    /// The columns that name a row, and by which rows are sorted; empty where rows may repeat.
    #[serde(default)]
    pub key: Vec<String>,
    pub row_group_rows: usize,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: ColumnType,
    #[serde(default)]
    pub not_null: bool,
    #[serde(default)]
    pub relationships: Option<Relationship>,
    /// Whether values repeat enough for a dictionary to pay.
    #[serde(default = "yes")]
    pub dictionary: bool,
    #[serde(default)]
    pub bloom_filter: bool,
    pub description: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ColumnType {
    Bigint,
    Integer,
    Varchar,
    Boolean,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Bigint => "BIGINT",
            ColumnType::Integer => "INTEGER",
            ColumnType::Varchar => "VARCHAR",
            ColumnType::Boolean => "BOOLEAN",
        })
    }
}

/// The row that a value must have in another table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    pub to: String,
    pub field: String,
    pub severity: Severity,
    /// Up to which share of the rows upstream is known to break it.
    #[serde(default)]
    pub max_share: Option<f64>,
    /// A value that means there is none.
    #[serde(default)]
    pub none: Option<i64>,
    #[serde(default)]
    pub why: Option<String>,
    /// The check's name in reports, behind the table's, where it is not `orphan_<column>s`.
    #[serde(default)]
    pub check_name: Option<String>,
}

fn yes() -> bool {
    true
}

impl Contract {
    /// The contract this binary was built with.
    pub fn load() -> anyhow::Result<Self> {
        Contract::parse(TEXT).context("sql/contract.yml")
    }

    /// Reads a contract and refuses one that contradicts itself. Syntax errors carry line and column.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let contract: Contract = serde_yaml::from_str(text).map_err(|error| Failure::parameters(error.to_string()))?;
        contract.check().map_err(Failure::parameters)?;
        Ok(contract)
    }

    /// The table of a name, as the contract or SQL has it.
    pub fn table(&self, name: &str) -> anyhow::Result<&Table> {
        self.tables.iter().find(|table| table.name == name).with_context(|| format!("the contract has no table {name}"))
    }

    /// The tables that a task writes, in the order of the contract.
    pub fn tables_of(&self, producer: &str) -> Vec<&Table> {
        self.tables.iter().filter(|table| table.producer == producer).collect()
    }

    pub fn environment(&self, name: &str) -> anyhow::Result<&Environment> {
        self.environments.get(name).ok_or_else(|| {
            let known: Vec<_> = self.environments.keys().map(String::as_str).collect();
            Failure::parameters(format!("parameter environment: there is no environment {name:?}"))
                .hint(format!("sql/contract.yml has {}", known.join(", ")))
                .into()
        })
    }

    /// Holds what the record readers fill to the contract: the same columns, types and order.
    pub fn check_rows(&self, rows: &TableRows) -> anyhow::Result<()> {
        let table = self.table(rows.table)?;
        let declared: Vec<_> = table.columns.iter().map(|column| (column.name.as_str(), column.data_type)).collect();
        anyhow::ensure!(declared == rows.columns, "the rows of {} are not those of the contract", rows.table);
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for table in &self.tables {
            if !names.insert(&table.name) {
                return Err(format!("table {} stands twice", table.name));
            }
            table.check()?;
        }
        for table in &self.tables {
            for (column, relationship) in table.relationships() {
                let target = self.tables.iter().find(|table| table.name == relationship.to);
                let field = target.and_then(|table| table.column(&relationship.field));
                if field.is_none_or(|field| field.data_type != column.data_type) {
                    return Err(format!(
                        "{}.{} refers to {}.{}, which is not a column of its type",
                        table.name, column.name, relationship.to, relationship.field
                    ));
                }
            }
        }
        let unknown = |name: &String| !names.contains(name);
        if let Some(anomaly) = self.anomalies.iter().find(|anomaly| unknown(&anomaly.of)) {
            return Err(format!("anomaly {} is of {}, which is not a table", anomaly.name, anomaly.of));
        }
        for (name, environment) in &self.environments {
            if let Some(table) = environment.minimum_rows_of.keys().find(|table| unknown(table)) {
                return Err(format!("environment {name} names {table}, which is not a table"));
            }
        }
        Ok(())
    }
}

impl Environment {
    pub fn minimum_rows_of(&self, table: &str) -> u64 {
        self.minimum_rows_of.get(table).copied().unwrap_or(self.minimum_rows)
    }
}

impl Table {
    /// The folder in a run, and the name in manifests.
    pub fn folder(&self) -> String {
        match self.producer.as_str() {
            "build-warehouse" => format!("{WAREHOUSE_FOLDER}/{}", self.name),
            _ => self.name.clone(),
        }
    }

    pub fn sql_name(&self) -> &str {
        self.sql_name.as_deref().unwrap_or(&self.name)
    }

    /// The name in reports, as people know it: `artists_v1`, `releases_ref_v6`, `warehouse.artist_name_map_v1`.
    pub fn report_name(&self) -> String {
        let name = self.sql_name().trim_end_matches("_typed");
        if self.folder() == self.name { name.to_owned() } else { format!("warehouse.{name}") }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub fn relationships(&self) -> impl Iterator<Item = (&Column, &Relationship)> {
        self.columns
            .iter()
            .filter_map(|column| column.relationships.as_ref().map(|relationship| (column, relationship)))
    }

    fn check(&self) -> Result<(), String> {
        let plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if let Some(name) = [self.name.as_str(), self.sql_name()].into_iter().find(|name| !plain(name)) {
            return Err(format!("{name:?} is not a table's name: use a-z, 0-9 and _"));
        }
        let mut names = BTreeSet::new();
        for column in &self.columns {
            if !plain(&column.name) || !names.insert(column.name.as_str()) {
                return Err(format!("column {:?} of {} is misnamed or stands twice", column.name, self.name));
            }
        }
        if let Some(name) = self.key.iter().find(|name| !names.contains(name.as_str())) {
            return Err(format!("the key of {} names {name}, which is not a column", self.name));
        }
        if self.row_group_rows == 0 || self.columns.is_empty() {
            return Err(format!("table {} needs columns and row_group_rows above 0", self.name));
        }
        Ok(())
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

    #[test]
    fn a_mistake_is_found_with_its_line() {
        let typo = TEXT.replacen("    producer: ingest-artists", "    produced_by: ingest-artists", 1);
        let error = Contract::parse(&typo).expect_err("a misspelt key").to_string();
        let line = TEXT.lines().position(|line| line.contains("producer:")).expect("is there") + 1;
        assert!(error.contains("produced_by") && error.contains("line"), "{error} (line {line})");
    }

    #[test]
    fn contradictions_are_found() {
        for (from, to, expected) in [
            ("to: artists_v1_typed, field: artist_id", "to: nowhere, field: artist_id", "nowhere"),
            ("key: [artist_id]", "key: [artist]", "the key of"),
            ("name: labels_v10", "name: artists_v1_typed", "stands twice"),
            ("of: masters_v1_typed", "of: masters", "is not a table"),
            ("name: labels_v10", "name: ../labels", "is not a table's name"),
        ] {
            let error = Contract::parse(&TEXT.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
