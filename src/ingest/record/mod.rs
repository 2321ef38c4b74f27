//! A record's XML into rows: one file an entity.
//!
//! ```text
//! block of text ─▶ Tokens ─▶ Cursor ─▶ Artists, Labels, Masters, Releases ─▶ a batch a table
//!                (token.rs)  (cursor.rs)        (one file each)                (block.rs)
//! ```
//!
//! Two tokenisers stand behind [`Tokens`]: [`Scanner`] for the part of XML that Discogs writes, and [`Reference`]
//! (quick-xml) for any. A block goes through the scanner; one that it does not know, or that is malformed, is read again
//! by the reference, which decides. The readers are written against the interface and know neither files nor threads. What no table takes and no
//! rule of the contract ignores is counted under its path; nothing is skipped silently.

mod artists;
mod block;
mod characters;
pub(crate) mod collection;
mod credit;
mod cursor;
mod flaw;
mod joined;
mod labels;
mod masters;
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

/// The rows that the records of one entity become.
pub trait Records: Default + Send {
    const ENTITY: Entity;

    /// The tables that are filled, in the order in which `finish` gives their batches.
    fn declarations() -> Vec<TableRows>;

    /// Reads the record whose start tag the cursor has just passed, through its end tag. Gives its id.
    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError>;

    /// The rows so far, a batch a table.
    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError>;
}
