//! The interface of the engines that run SQL.

use std::path::PathBuf;

/// Cells as texts, NULL as `None`.
pub type Rows = Vec<Vec<Option<String>>>;

/// An engine that checks run on. The SQL is the same for all; the functions of `sql/functions` cover the differences.
pub trait Engine {
    /// Returns the name of the engine, as in the file names of reports.
    fn name(&self) -> &'static str;

    /// Mounts files as a table under a name. Does nothing in an engine that serves registered tables.
    ///
    /// # Errors
    /// Fails with the engine's error.
    fn mount(&self, name: &str, files: &[PathBuf]) -> anyhow::Result<()>;

    /// Mounts a table under a second name.
    ///
    /// # Errors
    /// Fails with the engine's error.
    fn alias(&self, name: &str, of: &str) -> anyhow::Result<()>;

    /// Runs a query and returns its rows as texts, all in memory. `origin` is the SQL file, for messages.
    ///
    /// # Errors
    /// Fails with the engine's error.
    fn rows(&self, sql: &str, origin: &str) -> anyhow::Result<Rows>;

    /// Returns the names of a query's columns. Runs it, so the caller limits it to no rows.
    ///
    /// # Errors
    /// Fails with the engine's error.
    fn columns(&self, sql: &str, origin: &str) -> anyhow::Result<Vec<String>>;
}
