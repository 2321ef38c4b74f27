//! The data contract: which tables there are, of which columns, keys and bounds.
//!
//! `sql/contract.yml` says so once (`definition.rs`, `column.rs`, `drift.rs`). A contradiction in it is refused at start,
//! with line and column (`validate.rs`, `located.rs`). How bad a broken rule is, and how often it may break, is an [`Expectation`]. `sql/history/contract.yml` does the same for the tables over all runs (`history.rs`), and
//! `document.rs` writes docs/tables.md. `sql/layers.yml` says how the files of each layer's own tables are written
//! (`layers.rs`).

mod column;
mod definition;
mod document;
mod drift;
mod expectation;
mod history;
mod layers;
mod located;
mod validate;

pub use column::{AcceptedValues, Column, ColumnType, Joined, Relationship};
pub use definition::{Anomaly, Contract, Environment, IgnoredPath, Reference, Table};
pub use document::document;
pub use drift::{Bound, DriftBounds};
pub use expectation::{Expectation, MAX_ROWS_WITHOUT_SHARE, Severity, Verdict, within_share};
pub use history::HistoryContract;
pub use layers::{Layer, Layers};
pub use located::{LocatedError, parse as parse_located};
