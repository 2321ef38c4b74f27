//! Runs that are no longer kept: their snapshots and tags leave all tables in one transaction, then their files go.

use std::collections::BTreeMap;
use std::time::Duration;

use lake_catalog::Access;

use crate::lake::{Lake, PrunePlan, Retention, RunId};
use crate::store::{RemoteLake, RemotePlan};
use crate::tables::iceberg::{CatalogArgs, RunCopy, Tables, lock};

/// A prune, and what it found.
#[derive(Debug)]
pub struct Pruned {
    /// The runs, links and orphans that went or would go.
    pub plan: PrunePlan,
    /// Whether there was nothing to remove.
    pub is_nothing: bool,
}

/// Removes the runs that are no longer kept, or plans it for a dry run, which takes no lock.
///
/// # Errors
/// Fails if another task holds the lake's lock, if the catalog refuses the commit, or if a run cannot be removed. A prune that
/// is run again continues.
pub fn prune(
    lake: &Lake,
    task: &str,
    catalog: &CatalogArgs,
    retention: Retention,
    dry_run: bool,
) -> anyhow::Result<Pruned> {
    if dry_run {
        let held = held(Tables::open(lake, Access::Read, catalog)?.as_mut(), RunCopy::InLake)?;
        let plan = lake.plan_prune(retention, &held)?;
        return Ok(Pruned { is_nothing: plan.is_empty(), plan });
    }
    let mut publication = lock(lake, task, catalog)?;
    let held = held(publication.tables(), RunCopy::InLake)?;
    let mut plan = lake.plan_prune(retention, &held)?;
    let is_nothing = plan.is_empty();
    if let Some(tables) = publication.tables() {
        let going: Vec<_> = plan.removed().map(|run| &run.run_id).collect();
        // Snapshots are removed before the files, because no snapshot may name a missing file. A run that a task opens
        // meanwhile stays in the lake, and promote stages it again.
        tables.forget(&going, RunCopy::InLake)?;
    }
    plan.execute(publication.locked(), task)?;
    Ok(Pruned { plan, is_nothing })
}

/// Returns the runs that tables need in one of their copies; none without tables.
fn held(tables: Option<&mut Tables>, copy: RunCopy) -> anyhow::Result<BTreeMap<RunId, String>> {
    tables.map(|tables| tables.held_runs(copy)).transpose().map(Option::unwrap_or_default)
}

/// The number of objects that are removed at once.
pub const REMOVALS: usize = 8;

/// Removes the runs in the warehouse that are no longer kept, with their snapshots if the tables of runs lie there, or plans it
/// for a dry run, which takes no lock.
///
/// # Errors
/// Fails if another task holds the lake's lock, if the catalog refuses the commit, or if the server refuses. A prune that is run
/// again continues.
pub fn prune_warehouse(
    (lake, remote): (&Lake, &RemoteLake),
    task: &str,
    catalog: &CatalogArgs,
    (keep, open_for): (usize, Duration),
    dry_run: bool,
) -> anyhow::Result<RemotePlan> {
    if dry_run {
        let held = held(Tables::open(lake, Access::Read, catalog)?.as_mut(), RunCopy::InWarehouse)?;
        return remote.plan_prune(lake, keep, open_for, &held);
    }
    // The pointers must not move between the plan and the removals.
    let mut publication = lock(lake, task, catalog)?;
    let held = held(publication.tables(), RunCopy::InWarehouse)?;
    let plan = remote.plan_prune(lake, keep, open_for, &held)?;
    if let Some(tables) = publication.tables() {
        let going: Vec<_> = plan.removed().map(|run| &run.run_id).collect();
        tables.forget(&going, RunCopy::InWarehouse)?;
    }
    remote.execute_prune(&plan, REMOVALS)?;
    Ok(plan)
}
