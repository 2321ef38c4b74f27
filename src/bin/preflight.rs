//! Digdag task: checks what a run needs, and makes it.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{PreflightParameters, preflight};

/// Checks what a run needs, and makes it
///
/// Finds the four dumps of the month, holds them to the month's CHECKSUM file where it is there (their hashes are
/// remembered beside them, so that the next time costs nothing), checks the lake and the free disk space, and writes <lake>/_runs/<run_id>/_run.json.
/// The run id is made of dump_month and session_time, so a rerun of a session continues its run. To the tasks that follow
/// it gives run_id, dump_date, lake and <entity>_dump.
#[derive(Parser)]
#[command(name = "preflight", version, after_help = EXAMPLE)]
struct Preflight {
    #[command(flatten)]
    parameters: PreflightParameters,
}

const EXAMPLE: &str = "\
Example:
  preflight --lake /data/lake --raw-root /data/raw --dump-month 2026-11";

fn main() -> ExitCode {
    task::main(|task: Preflight, call| preflight(task.parameters, call))
}
