//! The pointers to the tables' metadata, in a database. SQLite and Postgres use the same statements (`sql/`).

use super::Contents;
use crate::{Result, TableName};

/// A compare-and-swap of a table's pointer.
pub(super) struct Swap {
    /// The table.
    pub table: TableName,
    /// The location that the pointer must still have; `None` for a table that must not exist.
    pub expected: Option<String>,
    /// The location of the new metadata; the expected one if the table is only to be as it is.
    pub new: String,
}

/// The columns of a row, as text.
pub(super) type Row = Vec<Option<String>>;

/// Statements with parameters of text, in a transaction.
pub(super) trait Statements {
    /// Runs a statement, and returns the number of rows that it changed.
    fn execute(&mut self, statement: &str, parameters: &[&str]) -> Result<u64>;
    /// Runs a query.
    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>>;
}

/// The pointers of all tables.
pub(super) trait Pointers: Send {
    /// Creates the catalog's tables if they are missing.
    fn prepare(&mut self) -> Result<()>;
    /// Returns a property of the lake.
    fn property(&mut self, key: &str) -> Result<Option<String>>;
    /// Records a property of the lake, unless it is recorded already.
    fn record(&mut self, key: &str, value: &str) -> Result<()>;
    /// Returns every table with the location of its metadata, as of one instant.
    fn tables(&mut self) -> Result<Vec<(TableName, String)>>;
    /// Returns the location of a table's metadata.
    fn table(&mut self, table: &TableName) -> Result<Option<String>>;
    /// Swaps all pointers in one transaction, or none.
    ///
    /// # Errors
    /// Fails with [`crate::Error::Conflict`] if a pointer has another location than expected.
    fn swap(&mut self, swaps: &[Swap]) -> Result<()>;
    /// Runs a query with parameters of text.
    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>>;
    /// Runs statements in one transaction. No other call of this method, by any process, runs at the same time.
    fn transact(&mut self, work: &mut dyn FnMut(&mut dyn Statements) -> Result<()>) -> Result<()>;
    /// Returns all rows, as of one instant.
    fn contents(&mut self) -> Result<Contents>;
    /// Replaces all rows by these, in one transaction.
    fn replace(&mut self, contents: &Contents) -> Result<()>;
}
