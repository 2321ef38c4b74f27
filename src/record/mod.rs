//! A record's XML into rows: one file an entity.
//!
//! ```text
//! block of text ─▶ Tokens ─▶ Cursor ─▶ Artists, Labels, Masters, Releases ─▶ a batch a table
//!                (token.rs)  (cursor.rs)        (one file each)                (block.rs)
//! ```
//!
//! The readers are written against [`token::Tokens`] and know neither files nor threads. What no table takes and no
//! rule of the contract ignores is counted under its path; nothing is skipped silently.

mod artists;
mod block;
pub(crate) mod collection;
mod credit;
mod cursor;
mod joined;
mod labels;
mod masters;
mod reference;
mod releases;
mod tally;
mod token;
mod tracks;
mod value;
mod video;

pub use artists::Artists;
pub use block::{BadRecord, BlockReader, BlockRows, OnBadRecord, Unreadable};
pub use labels::Labels;
pub use masters::Masters;
pub use releases::Releases;
pub use tally::Tally;
pub use token::Malformed;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::dump::Entity;
use crate::table::TableRows;
use cursor::{Cursor, Fault};
use token::Tokens;

/// The rows that the records of one entity become.
pub trait Records: Default + Send {
    const ENTITY: Entity;

    /// The tables that are filled, in the order in which `finish` gives their batches.
    fn declarations() -> Vec<TableRows>;

    /// Reads the record whose start tag the cursor has just passed, through its end tag. Gives its id.
    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, Fault>;

    /// The rows so far, a batch a table.
    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError>;
}
