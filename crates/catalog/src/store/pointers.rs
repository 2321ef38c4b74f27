//! The pointers to the tables' metadata, in a database. SQLite and Postgres use the same statements (`sql/`).

use super::Contents;
use crate::{Result, TableName};

/// A compare-and-swap of a table's pointer.
pub(super) struct Swap {
    /// The table.
    pub table: TableName,
    /// The location that the pointer must still have; `None` for a table that must not exist.
    pub expected: Option<String>,
    /// The location of the new metadata.
    pub new: String,
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
    /// Returns all rows, as of one instant.
    fn contents(&mut self) -> Result<Contents>;
    /// Replaces all rows by these, in one transaction.
    fn replace(&mut self, contents: &Contents) -> Result<()>;
}
