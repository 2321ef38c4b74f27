//! The tasks: parameters in, one call of the library, an outcome out. One file a task; nothing else knows a `Call`.

mod contract;
mod lake_status;
mod preflight;
mod promote;
mod prune_runs;
mod query;
mod report_active;
mod rollback;
mod sanity_check;
mod screen;
mod test_dumps;
mod verify_run;

pub use contract::{ContractParameters, show_contract};
pub use lake_status::{StatusParameters, lake_status};
pub use preflight::{PreflightParameters, preflight};
pub use promote::{PromoteParameters, RunMode, promote};
pub use prune_runs::{PruneParameters, prune_runs};
pub use query::{QueryParameters, query};
pub use report_active::{ReportActiveParameters, report_active};
pub use rollback::{RollbackParameters, rollback};
pub use sanity_check::{SanityParameters, sanity_check};
pub use test_dumps::{TrialParameters, test_dumps};
pub use verify_run::{VerifyParameters, verify_run};
