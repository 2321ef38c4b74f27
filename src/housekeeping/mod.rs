//! Looking after a lake: what is in it (`status`), whether it is what was written (`verify`), what may go (`prune`).
//!
//! What keeps a run, and how it is removed, is in [`crate::lake::PrunePlan`]; here it is asked for and told.

mod prune;
mod screen;
mod status;
mod verify;

pub use prune::{PruneParameters, prune_runs};
pub use status::{StatusParameters, lake_status};
pub use verify::{VerifyParameters, verify_run};
