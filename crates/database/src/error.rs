//! The errors of loading. After any of them a reader finds the old tables.

use std::path::PathBuf;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of loading tables into a database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process loads the same schema.
    #[error("schema {schema} at {place} is locked by {holder}")]
    Locked {
        /// The server and the database.
        place: String,
        /// The schema.
        schema: String,
        /// The description that the server has of the process.
        holder: String,
    },

    /// The schema or the file holds something else than an export.
    #[error("{0} exists and holds no export, so it is not replaced")]
    Foreign(String),

    /// The schema holds, or other schemas have, what replacing it would drop.
    #[error("{dependent} {on}, and replacing schema {schema} would drop it")]
    Dependents {
        /// The schema.
        schema: String,
        /// How the object is related to the schema.
        on: String,
        /// The object that would be dropped.
        dependent: String,
    },

    /// Readers held locks on the old tables for the whole time.
    #[error("readers held locks on the tables of schema {0} for {1} seconds, so it could not be replaced")]
    Readers(String, u64),

    /// Changes were to take rows away that the table does not have.
    #[error("table {0} has other rows than the export that wrote it")]
    Changed(String),

    /// A batch does not hold what the definition says.
    #[error("table {table}, column {column}: expected {expected}, found {found}")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type of the definition.
        expected: &'static str,
        /// The type of the batch.
        found: String,
    },

    /// The connection broke while the swap was committed, so the server may have made it or not.
    #[error("the connection to {0} was lost while the new tables replaced the old, so the outcome is unknown: {1}")]
    Unknown(String, String),

    /// The server returned an error or could not be reached.
    #[error("Postgres at {0}{1}")]
    Postgres(String, String, #[source] ::postgres::Error),

    /// A statement on the file failed.
    #[error("SQLite file {0}")]
    Sqlite(PathBuf, #[source] rusqlite::Error),

    /// Data could not be sent to the server.
    #[error("sending rows of {1} to Postgres at {0}")]
    Sending(String, String, #[source] std::io::Error),
}
