//! Digdag task: points active back at what it was.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{RollbackParameters, rollback};

/// Points active back at what it was
///
/// Verifies every file of that run against its manifest, and moves active by one rename. Without to_run_id it goes one
/// promotion back, and the next time one further.
#[derive(Parser)]
#[command(name = "rollback", version, after_help = EXAMPLE)]
struct Rollback {
    #[command(flatten)]
    parameters: RollbackParameters,
}

const EXAMPLE: &str = "\
Example:
  rollback --lake /data/lake";

fn main() -> ExitCode {
    task::main(|task: Rollback, call| rollback(task.parameters, call))
}
