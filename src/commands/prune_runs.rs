//! `prune-runs`: removes runs that are no longer needed.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use super::LakeArgs;
use super::screen::{bytes, columns, counted};
use crate::lake::{KeepReason, PrunePlan, Retention};
use crate::retention::{REMOVALS, prune, prune_warehouse};
use crate::store::{RemotePlan, WarehouseArgs};
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Failure, Switch};

/// Remove runs that are no longer needed
///
/// Keeps the newest runs, every run that active or an active__prev_<timestamp> points at, every run that a task is
/// working in, and every run whose files an Iceberg table needs: main or a tag of people's own names its snapshot, or
/// another engine made a snapshot over its files. Every promotion leaves such a link, so a published run is kept until
/// keep_previous removes its link.
///
/// Shows what it would remove; with dry_run=false it removes it: each run is moved out of <lake>/_runs by one rename,
/// then deleted. Also removes orphans of earlier tasks: unfinished work and locks in <lake>/_meta, and in
/// <lake>/_tmp_test the dry runs of runs that are sealed or gone.
///
/// A run in the warehouse stays when the lake's copy goes, and so do the snapshots of tables that lie there. keep_in_warehouse
/// removes runs there, except the newest, the one that active.json names, those that active or an active__prev_<timestamp>
/// points at, and those that a table needs.
#[derive(Debug, Parser)]
#[command(name = "prune-runs", version, after_help = EXAMPLE)]
pub struct PruneRuns {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Newest sealed runs to keep, and as many of the newest that are not sealed
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) keep: usize,

    /// Newest active__prev_<timestamp> links to keep, each with its run; a rollback goes back no further
    /// [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) keep_previous: Option<usize>,

    /// Keep a run that is not sealed and changed in the last HOURS, as its workflow may be between two tasks
    #[arg(long, value_name = "HOURS", default_value_t = Retention::OPEN_HOURS)]
    pub(crate) open_hours: u32,

    /// Show what would be removed, and remove nothing
    #[arg(long, default_value = "true")]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Newest runs to keep in the warehouse [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) keep_in_warehouse: Option<usize>,
}

const EXAMPLE: &str = "\
Example:
  prune-runs --lake /data/lake --keep 3                      list what would be removed
  prune-runs --lake /data/lake --keep 3 --dry-run=false      remove it
  prune-runs --lake /data/lake --keep 3 --keep-previous 12   also remove runs published long ago";

/// Runs `prune-runs`.
pub fn main() -> ExitCode {
    super::task(prune_runs)
}

/// Removes runs that are no longer needed, or lists them if `dry_run` is set.
fn prune_runs(parameters: PruneRuns, call: &mut Call) -> anyhow::Result<()> {
    let open_for = Duration::from_secs(u64::from(parameters.open_hours) * 3600);
    let retention = Retention::new(parameters.keep, parameters.keep_previous, open_for)?;
    if parameters.keep_in_warehouse == Some(0) {
        return Err(Failure::parameters("parameter keep_in_warehouse: expected at least 1, found 0").into());
    }
    let lake = parameters.lake.open()?;
    let warehouse = match parameters.keep_in_warehouse {
        None => None,
        Some(keep) => Some((parameters.warehouse.of(&lake)?.open_required(REMOVALS, call.observer())?, keep)),
    };
    let dry_run = parameters.dry_run.is_on();
    let catalog = parameters.catalog.reaching(&parameters.warehouse);
    let pruned = prune(&lake, call.name(), &catalog, retention, dry_run)?;
    let there = match &warehouse {
        None => None,
        Some((remote, keep)) => {
            call.set_detail("warehouse", remote.address().to_string());
            let (place, kept) = ((&lake, remote), (*keep, open_for));
            Some(prune_warehouse(place, call.name(), &catalog, kept, dry_run)?)
        }
    };
    show(&pruned.plan, call);
    report(&pruned.plan, call)?;
    if let Some(there) = &there {
        report_remote(there, call)?;
    }
    let is_nothing_there = there.as_ref().is_none_or(|there| there.removed().next().is_none());
    let summary = format!("{}{}", summary(&pruned.plan), summary_of_remote(there.as_ref()));
    match (dry_run, pruned.is_nothing && is_nothing_there) {
        (true, _) => call.skipped(format!("dry_run: {summary} would go; dry_run=false removes them")),
        (false, true) => call.already_done(),
        (false, false) => {}
    }
    if !dry_run {
        call.summary(format_args!("{summary} removed"));
    }
    Ok(())
}

fn summary_of_remote(plan: Option<&RemotePlan>) -> String {
    match plan {
        None => String::new(),
        Some(plan) => {
            format!(", {} in the warehouse ({})", counted(plan.removed().count(), "run"), bytes(plan.freed_bytes()))
        }
    }
}

/// Shows and reports the runs in the warehouse.
fn report_remote(plan: &RemotePlan, call: &mut Call) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for run in &plan.runs {
        let state = if run.whole { "whole" } else { "not whole" };
        let fate = run.kept.as_ref().map_or_else(|| "remove".to_owned(), |why| format!("keep: {why}"));
        rows.push(vec![format!("warehouse: {}", run.run_id), state.to_owned(), bytes(run.bytes), fate]);
    }
    for line in columns(&rows, &[false, false, true, false]) {
        call.say(line);
    }
    call.set_detail("runs_in_warehouse", serde_json::to_value(&plan.runs)?);
    call.set_metric("removed_bytes_in_warehouse", plan.freed_bytes());
    Ok(())
}

fn summary(plan: &PrunePlan) -> String {
    let runs = plan.removed().count();
    let (runs, links) = (counted(runs, "run"), counted(plan.links.len(), "link"));
    let leftovers = counted(plan.orphans.count(), "leftover");
    format!("{runs}, {links}, {leftovers}, {}", bytes(plan.freed_bytes()))
}

fn show(plan: &PrunePlan, call: &Call) {
    let mut rows = Vec::new();
    for run in &plan.runs {
        let state = if run.sealed { "sealed" } else { "open" };
        let fate = match &run.kept {
            None => "remove".to_owned(),
            Some(KeepReason::Active) => "keep: active".to_owned(),
            Some(KeepReason::Previous(name)) => format!("keep: {name}"),
            Some(KeepReason::Locked(holder)) => format!("keep: {} is at work in it", holder.task),
            Some(KeepReason::Newest) => "keep: among the newest".to_owned(),
            Some(KeepReason::Table(name)) => format!("keep: {name} needs it"),
            Some(KeepReason::Young) => "keep: within its retention_days".to_owned(),
            Some(KeepReason::Open) => "keep: not sealed, and changed not long ago".to_owned(),
        };
        rows.push(vec![run.run_id.to_string(), state.to_owned(), bytes(run.own_bytes), fate]);
    }
    for link in &plan.links {
        rows.push(vec![link.name.clone(), "link".to_owned(), String::new(), format!("remove: to {}", link.run_id)]);
    }
    for leftover in &plan.orphans.paths {
        rows.push(vec![
            leftover.path.display().to_string(),
            "leftover".to_owned(),
            bytes(leftover.bytes),
            "remove".to_owned(),
        ]);
    }
    if !plan.orphans.locks.is_empty() {
        let locks = format!("{} of runs that are gone", counted(plan.orphans.locks.len(), "lock"));
        rows.push(vec![locks, "leftover".to_owned(), String::new(), "remove".to_owned()]);
    }
    for line in columns(&rows, &[false, false, true, false]) {
        call.say(line);
    }
}

fn report(plan: &PrunePlan, call: &mut Call) -> anyhow::Result<()> {
    call.set_detail("runs", serde_json::to_value(&plan.runs)?);
    call.set_detail("links", serde_json::to_value(&plan.links)?);
    call.set_detail("leftovers", serde_json::to_value(&plan.orphans.paths)?);
    call.set_detail("locks", serde_json::to_value(&plan.orphans.locks)?);
    call.set_detail("seals", serde_json::to_value(&plan.orphans.seals)?);
    call.set_detail("removed", serde_json::to_value(plan.removed().map(|run| &run.run_id).collect::<Vec<_>>())?);
    call.set_metric("removed_bytes", plan.freed_bytes());
    Ok(())
}
