//! Errors of databases as failures with an exit status and a hint.

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
        Error::Postgres(..) | Error::Sending(..) => Failure::external(with_source(&error))
            .hint("run the same command again; it resumes at the table that was being loaded")
            .into(),
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
