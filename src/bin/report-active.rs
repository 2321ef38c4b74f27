//! Digdag task: checks what is published.

use std::process::ExitCode;

use clap::Parser;
use discogs_lakehouse::check::{ReportActiveParameters, report_active};
use discogs_lakehouse::task;

/// Checks what is published, and keeps the report
///
/// Runs all checks on the run that active points at, or on any run, on DuckDB, and writes
/// duckdb_sanity_active_<timestamp> (duckdb_sanity_run_… of another run) as .csv, .json, .junit.xml and .html
/// to its _reports folder. Exit status 3 when a CRITICAL check fails.
#[derive(Parser)]
#[command(name = "report-active", version, after_help = EXAMPLE)]
struct ReportActive {
    #[command(flatten)]
    parameters: ReportActiveParameters,
}

const EXAMPLE: &str = "\
Example:
  report-active --lake /data/lake --report-run-id 2026-10__20261020_000000";

fn main() -> ExitCode {
    task::main(|task: ReportActive, call| report_active(task.parameters, call))
}
