//! The data contract, and the Parquet that keeps it.
//!
//! `sql/contract.yml` says once which tables there are and of which columns (`contract.rs`). [`rows!`] declares what the
//! record readers fill, held to the contract by [`Contract::check_rows`]; [`DatasetWriter`] gathers their batches to
//! fixed numbers of rows, so that the bytes of a file depend on the rows alone, and writes them as the contract says.

mod contract;
mod document;
mod rows;
mod schema;
mod writer;

pub use contract::{Anomaly, Column, ColumnType, Contract, Environment, IgnoredPath, Relationship, Severity, Table};
pub use document::document;
pub use rows::TableRows;
pub(crate) use rows::rows;
pub use schema::{arrow_schema, column_descriptions};
pub use writer::DatasetWriter;
