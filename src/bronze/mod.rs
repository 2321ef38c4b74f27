//! The dumps as they came: each record's XML in `bronze.{artists,labels,masters,releases}`, appended and never changed.
//!
//! ```text
//! append.rs:  dump ─▶ cut.rs ─▶ writer.rs ──────────────▶ one commit a dump; load.rs lists it in the table's property
//!                     records   all of them, or those that
//!                               differ from known.rs ◀─ state.rs: the latest record of each id, from bronze
//! restore.rs: state.rs ─▶ rows.rs ─▶ the dump again       check.rs: what is not an append, and rows that are lost
//! ```
//!
//! A **load** is the rows of one dump. A full load has every record. A load of changes has the records that differ from the
//! state after the load before, and a row without XML for each id that is gone. Unchanged records keep their order, and a
//! changed record has its position, so the order of every dump can be restored: the unchanged ones fill the gaps. A record
//! that moved among the others counts as changed.

mod append;
mod check;
mod columns;
mod cut;
mod held;
mod known;
mod load;
mod restore;
mod rows;
mod state;
mod writer;

pub use append::{Appended, Request, append};
pub use check::deviations;
pub use load::{Mode, retention_days};
pub use restore::{Wanted, restore};
