//! Digdag task: points active at a sealed run.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{PromoteParameters, promote};

/// Points active at a sealed run
///
/// Verifies every file of the run against its manifest, keeps what active was under active__prev_<timestamp>, and moves
/// active by one rename. Skipped, with the reason, unless run_mode is prod and allow_promote is true.
#[derive(Parser)]
#[command(name = "promote", version, after_help = EXAMPLE)]
struct Promote {
    #[command(flatten)]
    parameters: PromoteParameters,
}

const EXAMPLE: &str = "\
Example:
  promote --lake /data/lake --run-id 2026-11__20261120_000000 --run-mode prod --allow-promote=true";

fn main() -> ExitCode {
    task::main(|task: Promote, call| promote(task.parameters, call))
}
