//! Digdag task: what is in a lake.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{StatusParameters, lake_status};

/// Lists the runs of a lake
///
/// Shows each run with its state (open, sealed, damaged), tables, rows, size and age, and which one is active or was. Of the
/// size it says what the run holds on its own, which becomes free when the run is pruned, and what it shares with other
/// runs. Also says how much earlier tasks left that prune-runs would remove. Reads descriptions and manifests, not the
/// data; verify-run reads the data. The table is on stderr, the same as JSON on stdout.
#[derive(Parser)]
#[command(name = "lake-status", version, after_help = EXAMPLE)]
struct LakeStatus {
    #[command(flatten)]
    parameters: StatusParameters,
}

const EXAMPLE: &str = "\
Example:
  lake-status --lake /data/lake
  lake-status --lake /data/lake --json | jq '.runs[] | select(.state == \"open\")'";

fn main() -> ExitCode {
    task::main(|task: LakeStatus, call| lake_status(task.parameters, call))
}
