//! Digdag task: writes the KPIs of all runs as CSV and as a page.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::history::{ExportParameters, export_history};

/// Writes the KPIs of all runs as CSV and as a page
///
/// Reads the events that compute-kpis wrote, and writes to <lake>/_meta/discogs_history/reports/: history_kpis_long_latest
/// and history_kpis_wide_latest as CSV, also with the time in the name, and history_kpis.html with a line for each KPI
/// over the months. Writes nothing where nothing changed.
#[derive(Parser)]
#[command(name = "export-history", version, after_help = EXAMPLE)]
struct ExportHistory {
    #[command(flatten)]
    parameters: ExportParameters,
}

const EXAMPLE: &str = "\
Example:
  export-history --lake /data/lake";

fn main() -> ExitCode {
    task::main(|task: ExportHistory, call| export_history(task.parameters, call))
}
