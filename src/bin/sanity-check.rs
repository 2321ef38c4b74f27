//! Digdag task: checks a run and seals it.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{SanityParameters, sanity_check};

/// Checks a run and seals it
///
/// Holds every table of the run to sql/contract.yml and the queries of sql/checks, on DuckDB, and keeps the report in
/// <lake>/_runs/<run_id>/_reports/. When no CRITICAL check fails, every file is verified, made read-only and listed in
/// _manifest.json: the run is sealed and never changes again. Otherwise the exit status is 3 and nothing is sealed.
#[derive(Parser)]
#[command(name = "sanity-check", version, after_help = EXAMPLE)]
struct SanityCheck {
    #[command(flatten)]
    parameters: SanityParameters,
}

const EXAMPLE: &str = "\
Example:
  sanity-check --lake /data/lake --run-id 2026-11__20261120_000000 --environment month";

fn main() -> ExitCode {
    task::main(|task: SanityCheck, call| sanity_check(task.parameters, call))
}
