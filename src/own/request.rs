//! The request of an upsert, as the parameters of the task give it.

use lake_catalog::{PartitionBy, SortBy, TableName};

use super::declared::Declared;

/// The effect of the input's rows on the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Replaces the rows that have a key of the input, and adds the others
    #[default]
    Upsert,
    /// Adds all rows
    Append,
    /// Replaces all rows of the table
    Replace,
    /// Deletes the rows that have a key of the input
    Delete,
}

impl Mode {
    /// Returns the name, as the parameter has it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Upsert => "upsert",
            Mode::Append => "append",
            Mode::Replace => "replace",
            Mode::Delete => "delete",
        }
    }
}

/// The request of an upsert.
#[derive(Clone, Debug)]
pub struct Request {
    /// The table.
    pub table: TableName,
    /// The effect of the rows.
    pub mode: Mode,
    /// The columns of the key; empty for the key that the table has.
    pub key: Vec<String>,
    /// Types of columns that are not inferred.
    pub declared: Declared,
    /// Whether columns that the input lacks keep their values.
    pub partial: bool,
    /// The columns whose largest values win among the rows of a key; the last row wins among equals.
    pub order_by: Vec<String>,
    /// Whether the table is rewritten if a declared type is not a wider one.
    pub rewrite: bool,
    /// Whether the outcome is only reported.
    pub dry_run: bool,
    /// The partitions of a new table.
    pub partition: Vec<PartitionBy>,
    /// The order of rows in the files of a new table; empty for the order of the key.
    pub sort: Vec<SortBy>,
    /// Which of a row of the table and a row of the input with its key stays; `None` for that of the input.
    pub winner: Option<Winner>,
}

/// Which of a row of the table and a row of the input with its key stays.
#[derive(Clone, Debug)]
pub struct Winner {
    /// The columns whose larger values win; that of the input wins among equals.
    pub order_by: Vec<String>,
    /// The columns by which rows do not differ: those that say where a row comes from.
    pub lineage: Vec<String>,
}
