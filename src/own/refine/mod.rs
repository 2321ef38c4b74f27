//! Refines records as they came into a table of people's own, as a declaration says.
//!
//! ```text
//! declaration.rs ─▶ source.rs ──────▶ steps.rs ───────────▶ refinement.rs
//! validate.rs       bronze rows that  texts, values and     merged by key, rejected rows beside,
//!                   came since        reasons in DuckDB     one commit of both tables
//! ```
//!
//! The snapshot of the table names the snapshot of the bronze table up to which it is refined (`progress.rs`), so each call
//! reads the rows since, and a call that finds none changes nothing. `layout.rs` has the columns of both tables.

#[cfg(test)]
mod conversions;
mod declaration;
mod layout;
mod progress;
mod refinement;
mod rejected;
mod source;
mod steps;
mod validate;
mod value;

pub use declaration::Declaration;
pub use refinement::{Outcome, RefineRequest, Refined, refine};
