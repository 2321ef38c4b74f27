//! The errors of the catalog.

use std::path::PathBuf;

use crate::TableName;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a catalog. After any error of a commit except [`Error::Unknown`], no table has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another writer committed to the table first. It is safe to load the table and build the change again.
    #[error("table {0} was changed by another writer in between; nothing was committed")]
    Conflict(TableName),

    /// The table is not in the catalog.
    #[error("the catalog has no table {0}")]
    NoTable(TableName),

    /// The namespace is not in the catalog.
    #[error("the catalog has no namespace {0}")]
    NoNamespace(String),

    /// The catalog has a table or a view of this name.
    #[error("the catalog has a table or a view {0} already")]
    TableExists(TableName),

    /// The catalog has a namespace of this name.
    #[error("the catalog has a namespace {0} already")]
    NamespaceExists(String),

    /// The namespace holds tables or views.
    #[error("namespace {0} holds tables or views")]
    NamespaceNotEmpty(String),

    /// The table is not as a request requires.
    #[error("table {0} is not as the commit requires it; nothing was committed")]
    Requirement(TableName, #[source] Box<iceberg::Error>),

    /// A request asks for a change that Iceberg does not allow.
    #[error("the change of table {0} is refused")]
    Refused(TableName, #[source] Box<iceberg::Error>),

    /// The operation is one of catalogs in a database.
    #[error("the catalog is itself a REST catalog")]
    NoDatabase,

    /// The table has no such tag, branch or snapshot.
    #[error("table {0} has no {1}")]
    NoSnapshot(TableName, String),

    /// Iceberg does not allow the change of the schema.
    #[error("table {table}, column {column}: {why}")]
    Evolution {
        /// The table whose schema would change.
        table: TableName,
        /// The column that Iceberg cannot carry over.
        column: String,
        /// What Iceberg allows instead.
        why: String,
    },

    /// The catalog was made by a newer version of this software.
    #[error("the catalog has schema version {found}; this version reads version {known}")]
    Version {
        /// The version in the catalog.
        found: String,
        /// The version of this software.
        known: &'static str,
    },

    /// The catalog belongs to a lake in another folder.
    #[error("the catalog is of the lake at {recorded}; this lake is at {found}")]
    Moved {
        /// The lake's folder in the catalog.
        recorded: String,
        /// The lake's folder now.
        found: String,
    },

    /// The metadata of a table that was moved cannot be written for its new place.
    #[error("{0} cannot follow its lake: {1}")]
    Unmovable(PathBuf, String),

    /// The catalog did not confirm the commit, so it may have made it or not.
    #[error("the commit was not confirmed, so its outcome is unknown: {0}")]
    Unknown(String),

    /// A file of a table could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// The failed operation, as an infinitive.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },

    /// A Parquet file cannot be a file of the table.
    #[error("{0} cannot be a file of the table: {1}")]
    Parquet(PathBuf, String),

    /// The metadata of a table is invalid, or the change would make it so.
    #[error("Iceberg metadata of {0}")]
    Iceberg(String, #[source] Box<iceberg::Error>),

    /// The embedded database failed.
    #[error("catalog {0}")]
    Sqlite(PathBuf, #[source] rusqlite::Error),

    /// The database server returned an error or could not be reached.
    #[error("catalog in Postgres: {0}")]
    Postgres(String, #[source] postgres::Error),

    /// The REST server refused a request or could not be reached.
    #[error("REST catalog {place}: {why}")]
    Rest {
        /// The server's URL.
        place: String,
        /// The server's answer, or the reason that it could not be reached.
        why: String,
        /// The status of its response, if there was one.
        status: Option<u16>,
    },

    /// The REST server showed a certificate that is not trusted, or does not speak TLS. It was sent nothing.
    #[error("REST catalog {place}: no trusted connection: {why}")]
    Untrusted {
        /// The server's URL.
        place: String,
        /// The reason.
        why: String,
    },

    /// The token endpoint of a REST server refused the client credentials.
    #[error("REST catalog {place}: {endpoint} gives no token: {why}")]
    NoToken {
        /// The server's URL.
        place: String,
        /// The token endpoint.
        endpoint: String,
        /// Its answer.
        why: String,
    },

    /// The REST server commits one table at a time only.
    #[error("the REST catalog {0} cannot commit several tables at once: it has no endpoint transactions/commit")]
    NoTransactions(String),
}

impl Error {
    /// Returns whether the same call may succeed if it is repeated.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Conflict(_) => true,
            Error::Sqlite(_, error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            ),
            // An error without an answer of the server is one of the connection; classes 40 and 57 are transactions that
            // were rolled back for another's sake, and a server that stops or starts.
            Error::Postgres(_, error) => match error.as_db_error() {
                Some(error) => ["40", "57"].iter().any(|class| error.code().code().starts_with(class)),
                None => true,
            },
            Error::Rest { status, .. } => match status {
                Some(status) => [409, 429].contains(status) || *status >= 500,
                None => true,
            },
            _ => false,
        }
    }
}
