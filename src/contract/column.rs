//! Columns of the contract and what is declared of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::expectation::{Expectation, Severity};

/// A column of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Iceberg field id; the tables of the history have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// The name in SQL and in the files.
    pub name: String,
    /// The SQL type.
    #[serde(rename = "type")]
    pub data_type: ColumnType,
    /// Whether a NULL fails the checks.
    #[serde(default)]
    pub not_null: bool,
    /// The row that each value must have in another table.
    #[serde(default)]
    pub relationships: Option<Relationship>,
    /// The rows whose values make up the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
    /// The values that the dumps use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_values: Option<AcceptedValues>,
    /// The NULLs that the dumps are known to have; without it any number of NULLs passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls: Option<Expectation>,
    /// Whether values repeat often enough for a dictionary to pay off.
    #[serde(default = "yes")]
    pub dictionary: bool,
    /// Whether the files have a Bloom filter, for lookups of single values.
    #[serde(default)]
    pub bloom_filter: bool,
    /// The meaning, for the documentation.
    pub description: String,
}

/// The SQL type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ColumnType {
    /// 64 bits, signed.
    Bigint,
    /// 32 bits, signed.
    Integer,
    /// UTF-8 text.
    Varchar,
    /// True or false.
    Boolean,
    /// Microseconds, UTC; used by the tables of the history.
    Timestamp,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Bigint => "BIGINT",
            ColumnType::Integer => "INTEGER",
            ColumnType::Varchar => "VARCHAR",
            ColumnType::Boolean => "BOOLEAN",
            ColumnType::Timestamp => "TIMESTAMP",
        })
    }
}

/// The row of another table that a value refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    /// The referenced table.
    pub to: String,
    /// The referenced column.
    pub field: String,
    /// The expectation for values without such a row.
    pub expect: Expectation,
    /// A value that means "no reference".
    #[serde(default)]
    pub none: Option<i64>,
    /// The name of the check in reports, after the name of the table, if it is not `orphan_<column>s`.
    #[serde(default)]
    pub check_name: Option<String>,
    /// The column of this table that holds the name of the referenced row.
    #[serde(default)]
    pub name: Option<String>,
    /// The expectation for names that differ from the referenced row's.
    #[serde(default = "few_names_differ")]
    pub name_expect: Expectation,
}

/// The column whose values, joined over the rows with the same key, make up a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    /// The table of the rows.
    pub from: String,
    /// The column whose values are joined.
    pub column: String,
    /// The text between two values.
    pub separator: String,
}

/// The values that the dumps use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedValues {
    /// The values.
    pub values: Vec<String>,
    /// The expectation for rows with other values.
    pub expect: Expectation,
}

fn few_names_differ() -> Expectation {
    Expectation {
        severity: Severity::Info,
        max_share: Some(0.05),
        beyond: Some(Severity::Critical),
        why: Some("The dumps of a month are not of one instant, so a few differ; more is ids that went astray.".into()),
    }
}

pub(super) fn yes() -> bool {
    true
}
