//! Digdag task: checks what is published.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{ReportActiveParameters, report_active};

/// Checks what is published, and keeps the report
///
/// Runs all checks on the run that active points at, or on any run, on DuckDB or, with engine=trino and trino_url, over
/// the tables that register-tables made. Writes <engine>_sanity_active_<timestamp> (<engine>_sanity_run_… of another run)
/// as .csv, .json, .junit.xml and .html to its _reports folder. Exit status 3 when a CRITICAL check fails;
/// rollback_on_failure=true then points active back at what it was.
#[derive(Parser)]
#[command(name = "report-active", version, after_help = EXAMPLE)]
struct ReportActive {
    #[command(flatten)]
    parameters: ReportActiveParameters,
}

const EXAMPLE: &str = "\
Example:
  report-active --lake /data/lake --report-run-id 2026-10__20261020_000000
  report-active --lake /data/lake --engine trino --trino-url http://127.0.0.1:8080";

fn main() -> ExitCode {
    task::main(|task: ReportActive, call| report_active(task.parameters, call))
}
