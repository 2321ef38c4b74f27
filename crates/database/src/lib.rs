//! Loads tables into a database of people's own: Postgres or a SQLite file.
//!
//! ```text
//! Table (definition.rs) + Arrow batches ─▶ postgres/  binary COPY into a schema beside, swapped in one transaction
//!                                      └▶ sqlite.rs  a file beside, which the caller renames
//! ```
//!
//! Both record in the table `_export` what they hold, and table by table what is loaded, so that a killed load is
//! resumed at the table that it was in. This crate knows neither the lake nor what the tables mean.

/// Includes the text of a statement from `sql/`.
macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}

mod definition;
mod error;
mod postgres;
mod sqlite;
mod values;

pub use definition::{Column, DataType, ForeignKey, Index, Loaded, Table};
pub use error::{Error, Result};
pub use postgres::{Changes, Loader, Postgres, Server};
pub use sqlite::Sqlite;

pub use rusqlite::{Error as SqliteError, ErrorCode as SqliteErrorCode};
