//! Digdag task: computes the KPIs that runs lack.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::history::{KpiParameters, compute_kpis};

/// Computes the KPIs that runs lack
///
/// Runs the queries of sql/kpis on DuckDB, inside this process, over the tables of each run that the registry calls ok or
/// skipped_active, and appends the values to <lake>/_meta/discogs_history/kpi/kpi_snapshot_events/. A KPI that fails is
/// recorded as failed, and tried again the next time.
#[derive(Parser)]
#[command(name = "compute-kpis", version, after_help = EXAMPLE)]
struct ComputeKpis {
    #[command(flatten)]
    parameters: KpiParameters,
}

const EXAMPLE: &str = "\
Example:
  compute-kpis --lake /data/lake --memory-limit 2GiB";

fn main() -> ExitCode {
    task::main(|task: ComputeKpis, call| compute_kpis(task.parameters, call))
}
