//! Digdag task: holds every file of a run to what was written.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{VerifyParameters, verify_run};

/// Holds every file of a run to what was written
///
/// Reads every file of a sealed run and compares it with the run's _manifest.json, and that with the digest which the
/// lake keeps in _meta/seals. A file that was changed, added, removed or swapped is named, and the exit status is 5. A
/// run that is not sealed is compared with what its datasets say.
///
/// A run that was copied from another lake has no digest here, and is not promoted. If it is to be trusted,
/// --accept-seal keeps the digest of its manifest, provided that all its files agree with it. To carry the trust along,
/// copy <lake>/_meta/seals with the run.
#[derive(Parser)]
#[command(name = "verify-run", version, after_help = EXAMPLE)]
struct VerifyRun {
    #[command(flatten)]
    parameters: VerifyParameters,
}

const EXAMPLE: &str = "\
Example:
  verify-run --lake /data/lake --run-id 2026-11__20261120_000000
  verify-run --lake /data/lake                               the active run";

fn main() -> ExitCode {
    task::main(|task: VerifyRun, call| verify_run(task.parameters, call))
}
