//! The changes of a table between snapshots, row by row.
//!
//! ```text
//! steps.rs ─▶ compare.rs ─────────────────────────▶ lines ─▶ position.rs
//! snapshots   rows of the files that one of two     NDJSON   the last snapshot whose changes
//!             snapshots has and the other has not            are flushed, and the output's length
//! ```

mod compare;
mod position;
mod read;
mod steps;

pub use read::{ReadRequest, Totals, read, stream};
pub use steps::From;
