//! The data contract: which tables there are, of which columns, keys and bounds.
//!
//! `sql/contract.yml` says so once (`definition.rs`, `column.rs`, `drift.rs`). A mistake in it is reported at start, with line
//! and column (`mistake.rs`). `sql/history/contract.yml` does the same for the tables over all runs (`history.rs`), and
//! `document.rs` writes docs/tables.md.

mod column;
mod definition;
mod document;
mod drift;
mod history;
mod mistake;

pub use column::{AcceptedValues, Column, ColumnType, Joined, Relationship};
pub use definition::{Anomaly, Contract, Environment, IgnoredPath, Severity, Table};
pub use document::document;
pub use drift::{Bound, DriftBounds};
pub use history::HistoryContract;
