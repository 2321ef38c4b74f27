//! `compute-kpis`: appends the KPIs that the registered runs lack to the history.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::history::{KpiOptions, Kpis};
use crate::lake::RunId;
use crate::sql::{EngineParameters, SandboxParameters};
use digdag_task::{Call, Failure, Switch};

/// Compute the KPIs that runs lack
///
/// Runs the queries of sql/kpis on DuckDB, inside this process, over the tables of each run that the registry calls ok
/// or skipped_active, and appends the values to <lake>/_meta/discogs_history/kpi/kpi_snapshot_events/. A KPI that fails
/// is recorded as failed and computed again by the next call.
#[derive(Debug, Parser)]
#[command(name = "compute-kpis", version, after_help = EXAMPLE)]
pub struct ComputeKpis {
    #[command(flatten)]
    lake: LakeArgs,

    /// Only this run [default: every run that the registry calls ok or skipped_active]
    #[arg(long, value_name = "RUN_ID")]
    only_run_id: Option<RunId>,

    /// End with an error at the first KPI that fails, instead of recording it and going on
    #[arg(long)]
    strict: Switch,

    /// Compute KPIs that are there already as well; a value that is unchanged is not appended
    #[arg(long)]
    recompute: Switch,

    /// Folder of further KPIs, each <name>.sql a query over a run's tables that returns one number
    #[arg(long, value_name = "FOLDER")]
    kpi_folder: Option<PathBuf>,

    /// Trino schema over the active run; the schema of another run is named after it
    #[arg(long, value_name = "NAME", default_value = "discogs", help_heading = "Trino")]
    trino_schema: String,

    #[command(flatten)]
    sandbox: SandboxParameters,

    #[command(flatten)]
    engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  compute-kpis --lake /data/lake --memory-limit 2GiB";

/// Runs `compute-kpis`.
pub fn main() -> ExitCode {
    super::task(compute_kpis)
}

fn compute_kpis(parameters: ComputeKpis, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let task = call.name().to_owned();
    let options = KpiOptions {
        strict: parameters.strict.is_on(),
        recompute: parameters.recompute.is_on(),
        kpi_folder: parameters.kpi_folder.as_deref(),
        trino_schema: &parameters.trino_schema,
        sandbox: parameters.sandbox,
        engine: &parameters.engine,
    };
    let kpis = Kpis::open(&lake, &task, options, call.observer())?;
    let runs = kpis.runs(parameters.only_run_id.as_ref())?;
    let (mut appended, mut failed) = (0, 0);
    let (there, mut gone) = (lake.run_ids()?, 0);
    for id in &runs {
        if !there.contains(id) {
            if parameters.only_run_id.is_some() {
                return Err(Failure::parameters(format!("run {id} is no longer in the lake"))
                    .hint("its KPIs stay in the history; update-run-registry records that the run is gone")
                    .into());
            }
            // Pruned since the registry was updated; the other runs still have their KPIs.
            call.say(format_args!("{id}: skipped, the run is no longer in the lake; update-run-registry records that"));
            gone += 1;
            continue;
        }
        let Some(computed) = kpis.compute(id)? else { continue };
        appended += computed.appended;
        failed += computed.failed.len();
        for (name, reason) in &computed.failed {
            call.say(format_args!("{id}: {name} failed: {reason}"));
        }
        call.detail(format_args!("{id}: {} KPIs computed", computed.appended));
        if let Some(failure) = computed.stopped {
            call.set_run_id(id);
            return Err(failure.into());
        }
    }
    call.summary(format_args!("{appended} KPIs of {} runs appended, {failed} failed", runs.len()));
    call.set_metric("runs", runs.len());
    call.set_metric("runs_gone", gone);
    call.set_metric("kpis", appended);
    call.set_metric("kpis_failed", failed);
    if appended == 0 {
        call.already_done();
    }
    Ok(())
}
