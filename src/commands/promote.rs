//! `promote`: points `active` at a sealed run.

use std::process::ExitCode;

use clap::Parser;

use super::PublishArgs;
use super::publication::{self, Warehouse};
use crate::lake::{DumpMonth, Run, RunId, SealedRun};
use crate::store::WarehouseArgs;
use digdag_task::{Call, Failure, Switch};

/// Point active at a sealed run
///
/// Verifies every file of the run against its manifest, keeps the previous active run under active__prev_<timestamp>,
/// and moves active by one rename. Moves main of the Iceberg tables with it, if the lake has them, and active.json in the
/// warehouse, if one is set; the run must be whole there (upload-run). Skipped, with the reason, unless run_mode is prod and
/// allow_promote is true.
#[derive(Debug, Parser)]
#[command(name = "promote", version, after_help = EXAMPLE)]
pub struct Promote {
    #[command(flatten)]
    pub(crate) publish: PublishArgs,

    /// Mode of the workflow; only prod publishes
    #[arg(long, value_name = "MODE", default_value = "dev")]
    pub(crate) run_mode: RunMode,

    /// Publish; must be true as well
    #[arg(long)]
    pub(crate) allow_promote: Switch,

    /// Publish a run whose dumps are of an earlier month than those of the active run
    #[arg(long)]
    pub(crate) allow_older: Switch,

    /// Verify the run and show what would be done
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,
}

/// The purpose of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RunMode {
    /// Ends with a sealed run, and publishes nothing.
    Dev,
    /// May publish the sealed run.
    Prod,
    /// Reports on existing runs.
    History,
}

impl RunMode {
    /// Returns the name of the mode as a parameter.
    pub fn name(self) -> &'static str {
        match self {
            RunMode::Dev => "dev",
            RunMode::Prod => "prod",
            RunMode::History => "history",
        }
    }
}

const EXAMPLE: &str = "\
Example:
  promote --lake /data/lake --run-id 2026-11__20261120_000000 --run-mode prod --allow-promote=true";

/// Runs `promote`.
pub fn main() -> ExitCode {
    super::task(promote)
}

/// Points `active`, and `main` of the Iceberg tables if the lake has them, at a sealed run whose files agree with its
/// manifest. Skipped, with the reason, unless `run_mode=prod` and `allow_promote=true`.
///
/// # Errors
/// Refuses a run of an earlier month than the active one unless `allow_older=true`, a run that is not sealed, fails
/// verification or is not whole in the warehouse, a lake that another process has locked, and a pointer in the warehouse that
/// another task moves meanwhile.
fn promote(parameters: Promote, call: &mut Call) -> anyhow::Result<()> {
    let id = parameters.publish.run_id(call)?;
    if parameters.run_mode != RunMode::Prod {
        call.skipped(format!("run_mode is {}, only prod publishes", parameters.run_mode.name()));
        return Ok(());
    }
    if !parameters.allow_promote.is_on() {
        call.skipped("allow_promote is not true");
        return Ok(());
    }
    let (lake, mut publication) = parameters.publish.lock(&parameters.warehouse, call)?;
    let warehouse = Warehouse::open(&lake, &parameters.warehouse, call)?;
    let before = lake.active()?;
    call.set_detail("active_before", before.as_ref().map(RunId::as_str));
    if before.as_ref() == Some(&id) {
        publication.locked().flush()?;
        let moved = !parameters.dry_run.is_on() && publication.follow_active()?;
        let tables = if moved { "; main of the Iceberg tables moved there" } else { "" };
        let followed = match &warehouse {
            Some(warehouse) if !parameters.dry_run.is_on() => warehouse.follow(&SealedRun::open(&lake.run(&id)?)?)?,
            _ => false,
        };
        let pointer = if followed { "; active.json in the warehouse moved there" } else { "" };
        call.already_done_because(format!("active is {id} already{tables}{pointer}"));
        return Ok(());
    }
    let run = lake.run(&id)?;
    let sealed = SealedRun::open_verified(&run, call)?;
    if let Some(active) = &before
        && !parameters.allow_older.is_on()
    {
        refuse_older(&run, &lake.run(active)?)?;
    }
    let was = before.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
    if parameters.dry_run.is_on() {
        if let Some(warehouse) = &warehouse {
            warehouse.require_whole(&sealed)?;
        }
        call.skipped(format!("dry_run: active would move from {was} to {id}"));
        return Ok(());
    }
    publication::switch_to(warehouse.as_ref(), &mut publication, &sealed, None, call)?;
    call.summary(format_args!("active is {id} now, it was {was}"));
    Ok(())
}

/// Refuses a run whose dumps are of an earlier month than those of the active run: a workflow with a wrong `dump_month`
/// must not replace the month that readers use.
fn refuse_older(run: &Run, active: &Run) -> anyhow::Result<()> {
    match (dump_month(run), dump_month(active)) {
        (Some(month), Some(published)) if month < published => {
            let (id, is) = (run.id(), active.id());
            Err(Failure::parameters(format!(
                "run {id} holds the dumps of {month}, and those of {published} are published already, in run {is}"
            ))
            .hint(format!("to publish the older month all the same: promote --run-id {id} --allow-older=true"))
            .into())
        }
        _ => Ok(()),
    }
}

/// Returns the month of a run's dumps from its description, or from its name if the description cannot be read: a
/// damaged active run must not prevent the promotion of an intact one.
fn dump_month(run: &Run) -> Option<DumpMonth> {
    let begun = run.description_if_there().ok().flatten().map(|description| description.dump_month);
    begun.or_else(|| run.id().dump_month())
}
