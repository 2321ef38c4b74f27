//! The data contract, and the Parquet that keeps it.
//!
//! `sql/contract.yml` says once which tables there are and of which columns (`contract.rs`, `column.rs`); a contradiction
//! in it is refused at start, with line and column (`validate.rs`). [`rows!`] declares what the
//! record readers fill, held to the contract by [`Contract::check_rows`]; [`DatasetWriter`] gathers their batches to
//! fixed numbers of rows, so that the bytes of a file depend on the rows alone, and writes them as the contract
//! says; [`TableFile`] does the same for one file that belongs to no dataset. [`mount_run`] makes what a run holds known to SQL.

mod column;
mod contract;
mod document;
mod drift;
mod expectation;
mod file;
mod mount;
mod order;
mod rows;
mod schema;
mod validate;
mod writer;

pub use column::{AcceptedValues, Column, ColumnType, Joined, Relationship};
pub use contract::{Anomaly, Contract, Environment, IgnoredPath, Table};
pub use document::document;
pub use drift::{Bound, DriftBounds};
pub use expectation::{Expectation, MAX_ROWS_WITHOUT_SHARE, Severity, Verdict, within_share};
pub use file::TableFile;
pub use mount::{mount_run, mount_table};
pub use rows::TableRows;
pub(crate) use rows::{ColumnBuilder, rows};
pub use schema::{arrow_schema, column_descriptions};
pub use writer::DatasetWriter;
