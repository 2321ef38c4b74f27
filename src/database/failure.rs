//! Errors of databases as failures with an exit status and a hint.

use std::path::Path;

use lake_database::Error;

use digdag_task::Failure;

/// Maps an error of a database to an exit status and a hint.
pub fn failure(error: Error) -> anyhow::Error {
    match &error {
        Error::Locked { .. } => Failure::locked(error.to_string())
            .hint("try again when it has ended; a lock ends with its connection")
            .into(),
        Error::Foreign(_) => Failure::parameters(error.to_string())
            .hint("name another file, or another schema with --database-schema NAME")
            .into(),
        Error::Dependents { .. } => {
            Failure::parameters(error.to_string()).hint("drop it, and create it again after the export").into()
        }
        Error::Readers(..) => Failure::locked(error.to_string())
            .hint("run the same command again; the tables are loaded and only the swap is left")
            .into(),
        Error::Unknown(..) => {
            Failure::external(error.to_string()).hint("run the same command again; it finds out").into()
        }
        Error::Changed(_) => Failure::external(error.to_string()).hint("load every row with --changes never").into(),
        Error::Postgres(..) | Error::Sending(..) => Failure::external(with_source(&error))
            .hint("run the same command again; it resumes at the table that was being loaded")
            .into(),
        Error::Sqlite(_, source) => match advice(source) {
            Some(hint) => Failure::unexpected(with_source(&error)).hint(hint).into(),
            None => anyhow::Error::new(error),
        },
        _ => anyhow::Error::new(error),
    }
}

fn with_source(error: &Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    match source.as_str() {
        // The message of the server is in the error already.
        ": db error" => error.to_string(),
        _ => format!("{error}{source}"),
    }
}

/// Returns a hint for what the system reported to SQLite, which keeps its code and not its text.
fn advice(error: &lake_database::SqliteError) -> Option<&'static str> {
    use lake_database::SqliteErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
    Some(match error.sqlite_error_code()? {
        DiskFull => "free some space and run the same command again; the old file is unchanged",
        SystemIoFailure => "the disk reported an error; look at the system log before trying again",
        // SQLite does not tell why: it may be a full disk.
        CannotOpen => "free some space, or check who owns the folder and what this user may do there",
        PermissionDenied | ReadOnly => "check who owns the folder and what this user may do there",
        _ => return None,
    })
}

/// Adds the file to an error of DuckDB, and a hint to one that has none: DuckDB does not name the system's error then.
pub fn of_file(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let message = format!("DuckDB file {}", path.display());
    match format!("{error:#}") {
        text if text.contains("fsync failed") => Failure::unexpected(format!("{message}: {text}"))
            .hint("the disk reported an error; look at the system log before trying again")
            .into(),
        _ => error.context(message),
    }
}
