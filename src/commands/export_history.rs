//! `export-history`: writes the KPIs of all runs as CSV and as a page.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::history;
use digdag_task::{Call, Switch};

/// Write the KPIs of all runs as CSV and as a page
///
/// Reads the events that compute-kpis wrote, and writes to <lake>/_meta/discogs_history/reports/:
/// history_kpis_long_latest and history_kpis_wide_latest as CSV, also with the time in the name, and history_kpis.html
/// with a line for each KPI over the months. Writes nothing if nothing changed.
#[derive(Debug, Parser)]
#[command(name = "export-history", version, after_help = EXAMPLE)]
pub struct ExportHistory {
    #[command(flatten)]
    lake: LakeArgs,

    /// Keep a copy of the CSVs with the time (UTC) in its name as well
    #[arg(long, default_value = "true")]
    with_timestamp: Switch,

    /// Keep cells as they are that a spreadsheet would run as formulas
    #[arg(long, env = "DISCOGS_RAW_CELLS")]
    raw: Switch,
}

const EXAMPLE: &str = "\
Example:
  export-history --lake /data/lake";

/// Runs `export-history`.
pub fn main() -> ExitCode {
    super::task(export_history)
}

fn export_history(parameters: ExportHistory, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let Some(exported) = history::export_history(
        &lake,
        call.name(),
        parameters.with_timestamp.is_on(),
        parameters.raw.is_on(),
        call.observer(),
    )?
    else {
        call.already_done();
        return Ok(());
    };
    for (name, path) in &exported.csv {
        call.set_detail(name, path.to_string_lossy().into_owned());
    }
    call.set_detail("page", exported.page.to_string_lossy().into_owned());
    call.set_metric("kpis", exported.values);
    call.summary(format_args!("{} values; {}", exported.values, exported.page.display()));
    Ok(())
}
