//! `rollback`: points `active` back at the run before.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::publication::{self, Warehouse};
use crate::lake::{Lake, Previous, RunId, SealedRun};
use crate::store::WarehouseArgs;
use crate::tables::iceberg::{self, CatalogArgs};
use digdag_task::{Call, Failure, Switch};

/// Point active back at the run before
///
/// Verifies every file of that run against its manifest, and moves active by one rename. Without to_run_id it goes one
/// promotion back, and the next time one further. Moves active.json in the warehouse with it, if one is set; the run must be
/// whole there.
#[derive(Debug, Parser)]
#[command(name = "rollback", version, after_help = EXAMPLE)]
pub struct Rollback {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Run to go back to [default: the run that was active before]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) to_run_id: Option<RunId>,

    /// Roll back only if this run is active; a workflow that is run twice then goes back once
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) from_run_id: Option<RunId>,

    /// Verify the run and show what would be done
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,
}

const EXAMPLE: &str = "\
Example:
  rollback --lake /data/lake";

/// Runs `rollback`.
pub fn main() -> ExitCode {
    super::task(rollback)
}

/// Points `active`, and `main` of the Iceberg tables if the lake has them, back at the run before, or at a named one,
/// after verifying that run.
///
/// # Errors
/// Returns an error if there is no earlier run, the run fails verification, or another process has locked the lake.
pub(super) fn rollback(parameters: Rollback, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let mut publication = iceberg::lock(&lake, call.name(), &parameters.catalog.reaching(&parameters.warehouse))?;
    let warehouse = Warehouse::open(&lake, &parameters.warehouse, call)?;
    let active = lake.active()?;
    call.set_detail("active_before", active.as_ref().map(RunId::as_str));
    let reached = parameters.to_run_id.is_some() && parameters.to_run_id == active;
    if reached || parameters.from_run_id.as_ref().is_some_and(|from| active.as_ref() != Some(from)) {
        let is = active.as_ref().map_or("nothing", RunId::as_str);
        match &parameters.from_run_id {
            Some(from) if !reached => call.already_done_because(format!("active is {is}, not {from}")),
            _ => call.already_done_because(format!("active is {is} already")),
        }
        if let Some(id) = &active {
            call.set_run_id(id);
            // A rollback that was killed between the two pointers is completed here.
            if let Some(warehouse) = warehouse.as_ref().filter(|_| reached && !parameters.dry_run.is_on()) {
                warehouse.follow(&SealedRun::open(&lake.run(id)?)?)?;
            }
        }
        return Ok(());
    }
    let previous = match &parameters.to_run_id {
        Some(_) => None,
        None => Some(last_before(&lake, active.as_ref())?),
    };
    let to = parameters.to_run_id.or(previous.as_ref().map(|previous| previous.run_id.clone()));
    let to = to.ok_or_else(|| Failure::parameters("parameter to_run_id is missing"))?;
    call.set_run_id(&to);
    let sealed = SealedRun::open_verified(&lake.run(&to)?, call)?;
    let was = active.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
    if parameters.dry_run.is_on() {
        if let Some(warehouse) = &warehouse {
            warehouse.require_whole(&sealed)?;
        }
        call.skipped(format!("dry_run: active would move from {was} back to {to}"));
        return Ok(());
    }
    publication::switch_to(warehouse.as_ref(), &mut publication, &sealed, previous.as_ref(), call)?;
    call.summary(format_args!("active is {to} again, it was {was}{}", used_up(&lake, &to)?));
    Ok(())
}

/// Returns the addition to the summary if this rollback used up the last link to an earlier target.
fn used_up(lake: &Lake, active: &RunId) -> anyhow::Result<&'static str> {
    let is_left = lake.previous()?.iter().any(|previous| previous.run_id != *active);
    Ok(if is_left { "" } else { "; this used up the last link to an earlier run, so there is no further rollback" })
}

/// Returns the newest link to a run other than the active one. A promotion that was stopped between its two steps
/// leaves a link to the active run itself.
fn last_before(lake: &Lake, active: Option<&RunId>) -> anyhow::Result<Previous> {
    let previous = lake.previous()?.into_iter().find(|previous| Some(&previous.run_id) != active);
    previous.ok_or_else(|| {
        Failure::parameters(
            "there is nothing to roll back to: no link to an earlier run is left; each rollback uses one up",
        )
        .hint("name a sealed run: rollback --to-run-id <run_id>; lake-status lists them")
        .into()
    })
}
