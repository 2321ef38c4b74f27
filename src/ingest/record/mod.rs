//! Converts the XML of records to rows, in one file per entity.
//!
//! ```text
//! block of text ─▶ Tokens ─▶ Cursor ─▶ Artists, Labels, Masters, Releases ─▶ one batch per table
//!                (token.rs)  (cursor.rs)        (one file each)                (block.rs)
//! ```
//!
//! Two tokenisers implement [`Tokens`]: [`Scanner`] for the subset of XML that Discogs writes, and [`Reference`]
//! (quick-xml) for any XML. Each block goes through the scanner; a block with XML outside that subset, or that is
//! malformed, is read again by the reference, whose result counts. The readers use the interface and know neither files
//! nor threads. An element or attribute that no table stores and no rule of the contract ignores is counted under its
//! path; none is skipped silently.

mod artists;
mod block;
mod characters;
pub(crate) mod collection;
mod credit;
mod cursor;
mod joined;
mod labels;
mod masters;
mod message;
mod record_id;
mod recovery;
mod reference;
mod releases;
mod scanner;
mod tally;
mod token;
mod tracks;
mod value;
mod video;

pub use artists::Artists;
pub use block::{BadRecord, BlockReader, BlockRows, OnBadRecord, Tokeniser, Unreadable};
pub use characters::Repaired;
pub use labels::Labels;
pub use masters::Masters;
pub use record_id::record_id;
pub use reference::Reference;
pub use releases::Releases;
pub use scanner::Scanner;
pub use tally::Tally;
pub use token::{Attribute, Malformed, Token, Tokens};

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::dump::Entity;
use crate::parquet::TableRows;
use cursor::{Cursor, RecordError};

/// A reader that converts the records of one entity to rows.
pub trait Records: Default + Send {
    /// The entity.
    const ENTITY: Entity;

    /// Returns the tables that the records fill, in the order of the batches of `finish`.
    fn declarations() -> Vec<TableRows>;

    /// Reads the record whose start tag the cursor has just passed, through its end tag. Returns its id.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed or the record's id is not a number.
    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError>;

    /// Returns the rows so far as one batch per table, and clears them.
    ///
    /// # Errors
    /// Returns an error if the rows do not fit the schemas.
    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError>;
}
