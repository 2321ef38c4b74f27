//! The declaration of a refined table, as it is read from a YAML file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lake_catalog::{PartitionBy, PrimitiveType, TableName};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::validate::first_error;
use crate::contract::parse_located;
use crate::tables::iceberg::{BronzeName, OwnName, data_type};
use digdag_task::Failure;

/// The share of rows that may be rejected, unless the declaration says otherwise.
const MAX_REJECTED_SHARE: f64 = 0.05;

/// A declaration: the table to write, the table to read, and what each column is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The table of records as they came: `bronze.mine_<name>`.
    pub source: String,
    /// The table to write: `mine.<name>`.
    pub target: String,
    /// The meaning of a row. It changes no row, as the share does not, so it is no part of the digest.
    #[serde(default, skip_serializing)]
    pub description: Option<String>,
    /// The columns that tell rows apart.
    pub key: Vec<String>,
    /// Which of several rows stays.
    #[serde(default)]
    pub dedupe: Dedupe,
    /// The partitions of a new table: `day(column)`, `month(column)` or `year(column)`.
    #[serde(default)]
    pub partition: Option<String>,
    /// The share of rows that may be rejected.
    #[serde(default = "max_rejected_share", skip_serializing)]
    pub max_rejected_share: f64,
    /// The words that mean that there is no value, in all columns.
    #[serde(default)]
    pub null_words: Vec<Text>,
    /// The columns.
    pub columns: Vec<Column>,
}

/// Which of several rows stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// The columns by which rows are the same; empty for the key.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The column whose largest value wins; without it, and among equals, the row that was appended last.
    #[serde(default)]
    pub order_by: Option<String>,
}

/// A column of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The column of the source, if it has another name.
    #[serde(default)]
    pub from: Option<String>,
    /// Whether the source may lack the column, which has no values then.
    #[serde(default)]
    pub optional: bool,
    /// The place of the value in a column of JSON: `$.title`, or of several values: `$.artists[*].name`.
    #[serde(default)]
    pub path: Option<String>,
    /// The text between several values.
    #[serde(default)]
    pub join: Option<String>,
    /// The type: boolean, integer, bigint, real, double, decimal(p,s), date, timestamp, timestamptz or varchar.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether spaces around the text are removed.
    #[serde(default = "yes")]
    pub trim: bool,
    /// The words that mean that there is no value.
    #[serde(default)]
    pub null_words: Vec<Text>,
    /// Texts that stand for others.
    #[serde(default)]
    pub map: BTreeMap<Text, Text>,
    /// Texts that are removed, such as signs of currencies.
    #[serde(default)]
    pub strip: Vec<Text>,
    /// The character before the decimals of a number, if it is no point.
    #[serde(default)]
    pub decimal_mark: Option<char>,
    /// Units, and the factors by which numbers with them are multiplied. The unit `""` is that of a number without one.
    #[serde(default)]
    pub units: BTreeMap<Text, Text>,
    /// The formats of a date or time, as strptime has them; without them it is written as ISO 8601 says.
    #[serde(default)]
    pub formats: Vec<String>,
    /// The texts that are accepted.
    #[serde(default)]
    pub accepted: Vec<Text>,
    /// The bounds of the value.
    #[serde(default)]
    pub range: Range,
    /// Whether a row needs a value.
    #[serde(default)]
    pub required: bool,
    /// The column of a table of the published run that has each value: `releases_v6.release_id`.
    #[serde(default)]
    pub references: Option<String>,
}

/// The bounds of a value, both of them inside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest value.
    #[serde(default)]
    pub min: Option<Text>,
    /// The largest value.
    #[serde(default)]
    pub max: Option<Text>,
}

/// A text, which YAML may have read as a number or a boolean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl<'d> Deserialize<'d> for Text {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Text, E> {
                Ok(Text(value.to_owned()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

fn max_rejected_share() -> f64 {
    MAX_REJECTED_SHARE
}

fn yes() -> bool {
    true
}

impl Declaration {
    /// Reads a declaration from a file.
    ///
    /// # Errors
    /// Fails if the file cannot be read, and like [`Declaration::parse`].
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::input(format!("cannot read {}: {error}", path.display())).hint("name the file of a declaration")
        })?;
        Declaration::parse(&path.display().to_string(), &text)
    }

    /// Reads a declaration and refuses one that contradicts itself. Messages begin with `file`, the line and the column.
    ///
    /// # Errors
    /// Fails on invalid YAML, on unknown words and on contradictions.
    pub fn parse(file: &str, text: &str) -> anyhow::Result<Self> {
        parse_located(file, text, "docs/refine.md says what the words of a declaration mean", first_error)
    }

    /// Returns the digest of all that decides what the rows are; comments and spaces do not.
    ///
    /// # Errors
    /// Fails if the declaration cannot be written as JSON.
    pub fn sha256(&self) -> anyhow::Result<String> {
        Ok(hex::encode(Sha256::digest(serde_json::to_vec(self)?)))
    }

    /// Returns the name of the table to read.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn source(&self) -> Result<TableName, String> {
        self.source.parse().map(|BronzeName(name)| name)
    }

    /// Returns the name of the table to write.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn target(&self) -> Result<TableName, String> {
        self.target.parse().map(|OwnName(name)| name)
    }

    /// Returns the partitions of a new table.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn partition(&self) -> Result<Vec<PartitionBy>, String> {
        self.partition.iter().map(|partition| partition.parse()).collect()
    }

    /// Returns a column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    /// Returns the name of the column in the source.
    pub fn source(&self) -> &str {
        self.from.as_deref().unwrap_or(&self.name)
    }

    /// Returns the type.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn primitive(&self) -> Result<PrimitiveType, String> {
        data_type(&self.data_type)
    }

    /// Returns the table and the column that have each value.
    pub fn reference(&self) -> Option<(&str, &str)> {
        self.references.as_deref().map(|reference| reference.split_once('.').unwrap_or((reference, "")))
    }
}
