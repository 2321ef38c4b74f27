//! Where the pointers of the tables are: SQLite in the lake, or Postgres. The statements are the same (`sql/`).

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
    /// A server. The URL holds no password.
    Postgres {
        /// `postgres://user@host:port/database`.
        url: String,
        /// The password, from a file or the environment.
        password: Option<String>,
    },
}

/// A pointer to be moved.
pub(crate) struct Swap {
    pub table: TableName,
    /// Where it must point still; none for a table that must not exist.
    pub expected: Option<String>,
    pub new: String,
}

/// The pointers of all tables.
pub(crate) trait Pointers: Send {
    /// Creates the tables of the catalog where they are missing.
    fn prepare(&mut self) -> Result<()>;
    /// Returns a property of the lake.
    fn property(&mut self, key: &str) -> Result<Option<String>>;
    /// Records a property of the lake, unless it is recorded already.
    fn record(&mut self, key: &str, value: &str) -> Result<()>;
    /// Returns every table with the location of its metadata.
    fn tables(&mut self) -> Result<Vec<(TableName, String)>>;
    /// Returns the location of a table's metadata.
    fn table(&mut self, table: &TableName) -> Result<Option<String>>;
    /// Moves all pointers in one transaction, or none.
    fn swap(&mut self, swaps: &[Swap]) -> Result<()>;
}

impl Store {
    /// Connects. A reader creates nothing.
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

macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}
pub(crate) use statement;
