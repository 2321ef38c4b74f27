//! Digdag task: removes runs that nobody needs.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{PruneParameters, prune_runs};

/// Removes runs that nobody needs
///
/// Keeps the newest runs, whatever active or an active__prev_<timestamp> points at, and every run that a task is at work
/// in. Every promotion leaves such a link, so a run that was published stays until keep_previous lets its link go.
///
/// Says what it would remove; with dry_run=false it removes it: each run is moved out of <lake>/_runs by one rename, then
/// deleted. Also removes what earlier tasks left: unfinished work and locks in <lake>/_meta, and in <lake>/_tmp_test the
/// trials of runs that are sealed or gone.
#[derive(Parser)]
#[command(name = "prune-runs", version, after_help = EXAMPLE)]
struct PruneRuns {
    #[command(flatten)]
    parameters: PruneParameters,
}

const EXAMPLE: &str = "\
Example:
  prune-runs --lake /data/lake --keep 3                      what would go
  prune-runs --lake /data/lake --keep 3 --dry-run=false      remove it
  prune-runs --lake /data/lake --keep 3 --keep-previous 12   runs that were published longer ago may go as well";

fn main() -> ExitCode {
    task::main(|task: PruneRuns, call| prune_runs(task.parameters, call))
}
