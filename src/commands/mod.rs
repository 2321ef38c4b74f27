//! The tasks: parameters in, one call of the library, an outcome out. One file a task; nothing else knows a `Call`.

mod arguments;
pub mod build_warehouse;
pub mod compute_kpis;
pub mod contract;
pub mod diff_runs;
pub mod download_dumps;
pub mod export_history;
mod failure;
pub mod ingest_artists;
pub mod ingest_collection;
mod ingest_dump;
pub mod ingest_labels;
pub mod ingest_masters;
pub mod ingest_releases;
pub mod lake_status;
pub mod preflight;
pub mod promote;
pub mod prune_runs;
pub mod query;
pub mod register_tables;
pub mod report_active;
pub mod rollback;
pub mod sanity_check;
mod screen;
mod test_dumps;
pub mod update_run_registry;
pub mod verify_run;

use std::process::ExitCode;

use clap::Parser;

use digdag_task::Call;

pub use arguments::{LakeArgs, RunArgs};
pub(crate) use failure::failure_of;
pub use failure::main;
pub use promote::RunMode;
pub use test_dumps::{TrialParameters, test_dumps};

/// Runs a task of this project.
fn task<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    failure::main(run)
}
