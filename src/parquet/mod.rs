//! Rows into Parquet files whose bytes depend on the rows and the contract alone.
//!
//! [`tables!`] declares what the record readers fill; [`DatasetWriter`] gathers their batches to fixed numbers of rows and
//! writes them as the contract says; [`TableFile`] does so for one file that belongs to no dataset.

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
