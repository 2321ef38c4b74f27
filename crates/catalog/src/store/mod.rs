//! The catalogs behind [`crate::Catalog`]: SQLite and Postgres, which hold pointers to metadata that this crate writes
//! (`swap.rs`), and a REST server, which writes the metadata itself (`rest/`).

mod login;
mod names;
mod pointers;
mod postgres;
mod rest;
mod sqlite;
mod swap;

use std::path::PathBuf;

pub use login::Login;
pub(crate) use names::Names;
use postgres::Postgres;
use rest::Rest;
use sqlite::Sqlite;
use swap::Swapping;

use crate::{Access, Error, Files, Result, Session, Table, TableChange, TableName};

/// The version of a catalog's layout.
pub(crate) const VERSION: &str = "1";

/// The place of a catalog.
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
    /// A server of Iceberg's REST protocol.
    Rest {
        /// `https://host/path`, or with `?warehouse=NAME` behind it.
        url: String,
        /// The login, whose secret is from a file or the environment.
        login: Login,
        /// Certificates to trust, in PEM; `None` for those of public authorities.
        authorities: Option<String>,
    },
}

/// The contents of a catalog: tables and views, namespaces and the properties of the lake.
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

/// The outcome of a commit.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// The tables as they were committed; empty if a REST server wrote their metadata.
    pub tables: Vec<Table>,
    /// The files that nothing names after the commit.
    pub expired: Vec<PathBuf>,
}

/// A catalog's tables and the properties of the lake.
pub(crate) trait Backend: Send {
    /// Sets the access to the metadata files, for a backend that reads them itself.
    fn use_files(&mut self, _files: &Files) {}
    /// Returns a property of the lake.
    fn property(&mut self, key: &str) -> Result<Option<String>>;
    /// Records properties of the lake, unless they are recorded already.
    fn claim(&mut self, properties: &[(&str, &str)]) -> Result<()>;
    /// Returns the names of all tables.
    fn names(&mut self) -> Result<Vec<TableName>>;
    /// Returns the metadata file of every table.
    fn pointers(&mut self) -> Result<Vec<(TableName, String)>>;
    /// Loads all tables.
    fn load_all(&mut self, session: Session) -> Result<Vec<Table>>;
    /// Loads a table, or returns `None` if there is none of the name.
    fn find(&mut self, name: &TableName, session: Session) -> Result<Option<Table>>;
    /// Commits all changes, which are sorted by table, or none. Adds the files that it writes to `written`.
    ///
    /// # Errors
    /// Fails with [`crate::Error::Conflict`] if another writer committed to a table first, and with
    /// [`crate::Error::Unknown`] if the commit may have been made.
    fn commit(&mut self, changes: Vec<TableChange>, at: i64, written: &mut Vec<PathBuf>) -> Result<Committed>;
    /// Adds a table whose metadata file exists.
    fn register(&mut self, name: &TableName, location: &str) -> Result<()>;
    /// Returns all that the catalog holds.
    fn contents(&mut self) -> Result<Contents>;
    /// Replaces all that the catalog holds.
    fn replace(&mut self, contents: &Contents) -> Result<()>;
    /// Returns the names in the database.
    ///
    /// # Errors
    /// Fails with [`Error::NoDatabase`] if the catalog is a REST server.
    fn database(&mut self) -> Result<Names<'_>> {
        Err(Error::NoDatabase)
    }
}

impl Store {
    /// Opens the catalog. Creates what a database needs only for [`Access::Write`].
    ///
    /// # Errors
    /// Fails if the catalog cannot be opened or, for writing, prepared.
    pub(crate) fn open(&self, access: Access) -> Result<Box<dyn Backend>> {
        Ok(match self {
            Store::Sqlite(path) => Box::new(Swapping::new(self, Box::new(Sqlite::open(path, access)?), access)?),
            Store::Postgres { url, password } => {
                Box::new(Swapping::new(self, Box::new(Postgres::open(url, password.as_deref())?), access)?)
            }
            Store::Rest { url, login, authorities } => {
                Box::new(Rest::open(url, login, authorities.as_deref(), access)?)
            }
        })
    }
}

/// Includes the text of a statement from `sql/`.
macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}
pub(crate) use statement;
