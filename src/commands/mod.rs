//! The tasks: parameters in, one call of the library, an outcome out. One file a task; nothing else knows a `Call`.

mod arguments;
pub mod build_warehouse;
pub mod compute_kpis;
mod contract;
pub mod diff_runs;
pub mod download_dumps;
pub mod export_history;
pub mod ingest_artists;
pub mod ingest_collection;
mod ingest_dump;
pub mod ingest_labels;
pub mod ingest_masters;
pub mod ingest_releases;
mod lake_status;
mod preflight;
mod promote;
mod prune_runs;
mod query;
pub mod register_tables;
mod report_active;
mod rollback;
mod sanity_check;
mod screen;
mod test_dumps;
pub mod update_run_registry;
mod verify_run;

use std::process::ExitCode;

use clap::Parser;

use digdag_task::Call;

pub use arguments::{LakeArgs, RunArgs};
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

/// Runs a task of this project.
fn task<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    digdag_task::main(run)
}
