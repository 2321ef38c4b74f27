//! The pages of a result in Trino's statement protocol.

use serde::Deserialize;
use serde_json::Value;

use super::place::{Location, place};
use digdag_task::Failure;

/// A page of a statement's result, as `/v1/statement` returns it. A failed query has status 200, with `error`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    /// The id of the query.
    pub id: String,
    /// The address of the next page; missing in the last one.
    pub next_uri: Option<String>,
    /// The columns, once they are known.
    #[serde(default)]
    pub columns: Option<Vec<NamedColumn>>,
    /// The rows of this page.
    #[serde(default)]
    pub data: Vec<Vec<Value>>,
    /// The progress.
    #[serde(default)]
    pub stats: Stats,
    /// The error that ended the query.
    pub error: Option<QueryError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedColumn {
    /// The name.
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    /// The state: `QUEUED`, `RUNNING`, …
    pub state: String,
    /// The splits that are done.
    pub completed_splits: u64,
    /// All splits that are known so far.
    pub total_splits: u64,
    /// The rows that were read.
    pub processed_rows: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryError {
    /// The message.
    pub message: String,
    /// The name of the kind of error.
    #[serde(default)]
    pub error_name: String,
    /// The place in the statement.
    pub error_location: Option<Location>,
}

/// Errors after which the same query may succeed, because Trino plans it again: `active` moved and a file of the plan
/// is gone, or the cluster changed.
const TRANSIENT: [&str; 12] = [
    "HIVE_CANNOT_OPEN_SPLIT",
    "HIVE_FILE_NOT_FOUND",
    "HIVE_PARTITION_OFFLINE",
    "HIVE_METASTORE_ERROR",
    "ABANDONED_TASK",
    "PAGE_TRANSPORT_ERROR",
    "PAGE_TRANSPORT_TIMEOUT",
    "REMOTE_TASK_ERROR",
    "REMOTE_TASK_MISMATCH",
    "NO_NODES_AVAILABLE",
    "SERVER_STARTING_UP",
    "SERVER_SHUTTING_DOWN",
];

impl QueryError {
    /// Returns whether a query that only reads may be retried.
    pub fn is_transient(&self) -> bool {
        TRANSIENT.contains(&self.error_name.as_str())
    }

    /// Returns a failure with one line: the SQL file with its line if known, Trino's message and error name, and the
    /// query's id.
    pub fn failure(&self, id: &str, sql: &str, origin: &str) -> Failure {
        let place = place(self.error_location.as_ref(), sql, origin);
        let hint = match self.error_name.as_str() {
            "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" => "register-tables makes the schema and its tables",
            _ if self.is_transient() => "active was moved or a server changed while it ran; run the same command again",
            _ => "see the query's page in Trino's web interface",
        };
        Failure::external(format!("{place}: {} ({}, query {id})", self.message, self.error_name)).hint(hint)
    }
}

/// Returns a cell as text.
pub(super) fn text_of(cell: Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
