use std::fmt;

use serde::{Deserialize, Serialize};

use super::Severity;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Iceberg field id; the tables of the history have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: ColumnType,
    #[serde(default)]
    pub not_null: bool,
    #[serde(default)]
    pub relationships: Option<Relationship>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_values: Option<AcceptedValues>,
    /// Up to which share of the rows it is NULL upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_null_share: Option<f64>,
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
    /// Microseconds, UTC; in the tables of the history.
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
    /// The column beside it that holds the name of that row.
    #[serde(default)]
    pub name: Option<String>,
    /// Up to which share of the rows that name may be another: the dumps of a month are not of one instant. More is
    /// ids that are not those of the names.
    #[serde(default = "few_names")]
    pub name_max_share: f64,
}

/// The normalised column that a text is made of, joined over the rows with the same key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    pub from: String,
    pub column: String,
    pub separator: String,
}

/// The words that upstream uses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedValues {
    pub values: Vec<String>,
    pub severity: Severity,
    /// Up to which share of the rows another one is known.
    #[serde(default)]
    pub max_share: Option<f64>,
}

fn few_names() -> f64 {
    0.05
}

pub(super) fn yes() -> bool {
    true
}
