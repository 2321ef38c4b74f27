use serde::Deserialize;
use serde_json::Value;

use super::place::place;
use digdag_task::Failure;

/// A page of a statement's answer, as `/v1/statement` gives it. A failed query answers 200, with `error`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub id: String,
    pub next_uri: Option<String>,
    #[serde(default)]
    pub columns: Option<Vec<NamedColumn>>,
    #[serde(default)]
    pub data: Vec<Vec<Value>>,
    #[serde(default)]
    pub stats: Stats,
    pub error: Option<QueryError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedColumn {
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    pub state: String,
    pub completed_splits: u64,
    pub total_splits: u64,
    pub processed_rows: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryError {
    pub message: String,
    #[serde(default)]
    pub error_name: String,
    pub error_location: Option<Location>,
}

/// A line and a column of what was sent, from 1.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub line_number: usize,
    #[serde(default)]
    pub column_number: usize,
}

/// A file that was there when the query was planned has gone: `active` was moved under it. Or the cluster changed.
/// The same query asked again is planned anew.
const PASSING: [&str; 12] = [
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
    /// A read may be tried again.
    pub fn is_passing(&self) -> bool {
        PASSING.contains(&self.error_name.as_str())
    }

    /// One line: the SQL file with its line where it can be told, Trino's words, its name for the error, the query.
    pub fn failure(&self, id: &str, sql: &str, origin: &str) -> Failure {
        let place = place(self.error_location.as_ref(), sql, origin);
        let hint = match self.error_name.as_str() {
            "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" => "register-tables makes the schema and its tables",
            _ if self.is_passing() => "active was moved or a server changed while it ran; run the same command again",
            _ => "the query's page in Trino's web interface says more",
        };
        Failure::external(format!("{place}: {} ({}, query {id})", self.message, self.error_name)).hint(hint)
    }
}

/// A cell as people read it.
pub(super) fn text_of(cell: Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
