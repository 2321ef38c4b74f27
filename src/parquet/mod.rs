//! Writes rows to Parquet files whose bytes depend only on the rows and the contract.
//!
//! [`tables!`] declares the tables that the record readers fill; [`DatasetWriter`] collects their batches to fixed
//! numbers of rows and writes them with the settings of the contract; [`TableFile`] does the same for one file that
//! belongs to no dataset.

mod encodings;
mod file;
mod order;
mod rows;
mod schema;
mod writer;

pub use encodings::ParquetEncodings;
pub use file::TableFile;
pub use rows::TableRows;
pub(crate) use rows::{ColumnBuilder, finish_next, tables};
pub use schema::{arrow_schema, column_descriptions};
pub use writer::DatasetWriter;
