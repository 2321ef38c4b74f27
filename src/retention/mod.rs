//! Retention: rows, months and snapshots of the layers are kept by age, and runs.
//!
//! ```text
//! policy.rs ─▶ tables.rs ───────────────────────────────▶ runs.rs
//! days of a    aged rows out of main, one commit a table;  only if asked: snapshots and tags
//! layer, hold  then old snapshots; then their files        of old runs, then their files
//! ```
//!
//! A task that is killed leaves each table before or after a commit, and the next call goes on.

mod policy;
mod runs;
mod tables;

pub use policy::{LayerDays, Policy};
pub use runs::{Pruned, REMOVALS, prune, prune_warehouse};
pub use tables::{Enforced, enforce};
