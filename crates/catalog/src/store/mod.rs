//! Stores the pointers to the tables' metadata, in SQLite or Postgres. Both use the same statements (`sql/`).

mod postgres;
mod sqlite;

use std::path::PathBuf;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;

use crate::{Access, Result, TableName};

/// The version of the tables in a catalog's database.
pub(crate) const VERSION: &str = "1";

/// The database of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file on a local disk.
    Sqlite(PathBuf),
    /// A server. The URL has no password.
    Postgres {
        /// `postgres://user@host:port/database`.
        url: String,
        /// The password, from a file or the environment.
        password: Option<String>,
    },
}

/// A compare-and-swap of a table's pointer.
pub(crate) struct Swap {
    /// The table.
    pub table: TableName,
    /// The location that the pointer must still have; `None` for a table that must not exist.
    pub expected: Option<String>,
    /// The location of the new metadata.
    pub new: String,
}

/// The rows of a catalog: tables and views, namespaces and the properties of the lake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub tables: Vec<TableRow>,
    /// Namespace, key and value.
    pub namespaces: Vec<(String, String, Option<String>)>,
    /// Key and value.
    pub properties: Vec<(String, String)>,
}

/// A row of a table or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableRow {
    pub name: TableName,
    pub location: Option<String>,
    pub previous: Option<String>,
    /// `TABLE` or `VIEW`; `None` in rows of schema V0.
    pub kind: Option<String>,
}

/// The pointers of all tables.
pub(crate) trait Pointers: Send {
    /// Creates the catalog's tables if they are missing.
    fn prepare(&mut self) -> Result<()>;
    /// Returns a property of the lake.
    fn property(&mut self, key: &str) -> Result<Option<String>>;
    /// Records a property of the lake, unless it is recorded already.
    fn record(&mut self, key: &str, value: &str) -> Result<()>;
    /// Returns every table with the location of its metadata.
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

impl Store {
    /// Opens the database. Creates the catalog's tables only for [`Access::Write`].
    ///
    /// # Errors
    /// Fails if the database cannot be opened or, for writing, its tables cannot be created.
    pub(crate) fn open(&self, access: Access) -> Result<Box<dyn Pointers>> {
        let mut pointers: Box<dyn Pointers> = match self {
            Store::Sqlite(path) => Box::new(Sqlite::open(path, access)?),
            Store::Postgres { url, password } => Box::new(Postgres::open(url, password.as_deref())?),
        };
        if access == Access::Write {
            pointers.prepare()?;
        }
        Ok(pointers)
    }
}

/// Includes the text of a statement from `sql/`.
macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}
pub(crate) use statement;
