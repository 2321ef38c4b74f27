//! Digdag task: keeps the registry of runs up to date.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::history::{RegistryParameters, update_run_registry};

/// Keeps the registry of runs up to date
///
/// Reads the manifest of every run in the lake, and appends an event for each run that is new, gone, or of which something
/// changed, to <lake>/_meta/discogs_history/registry/run_registry_events/. Nothing is appended where nothing changed.
/// Nothing in the runs is changed.
#[derive(Parser)]
#[command(name = "update-run-registry", version, after_help = EXAMPLE)]
struct UpdateRunRegistry {
    #[command(flatten)]
    parameters: RegistryParameters,
}

const EXAMPLE: &str = "\
Example:
  update-run-registry --lake /data/lake";

fn main() -> ExitCode {
    task::main(|task: UpdateRunRegistry, call| update_run_registry(task.parameters, call))
}
