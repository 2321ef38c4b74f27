//! Runs that are no longer kept: their snapshots and tags leave all tables in one transaction, then their files go.

use lake_catalog::Access;

use crate::lake::{Lake, PrunePlan, Retention};
use crate::tables::iceberg::{CatalogArgs, Tables, lock};

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
    let held = |tables: Option<&mut Tables>| tables.map(Tables::held_runs).transpose().map(Option::unwrap_or_default);
    if dry_run {
        let held = held(Tables::open(lake, Access::Read, catalog)?.as_mut())?;
        let plan = lake.plan_prune(retention, &held)?;
        return Ok(Pruned { is_nothing: plan.is_empty(), plan });
    }
    let mut publication = lock(lake, task, catalog)?;
    let held = held(publication.tables())?;
    let mut plan = lake.plan_prune(retention, &held)?;
    let is_nothing = plan.is_empty();
    if let Some(tables) = publication.tables() {
        let going: Vec<_> = plan.removed().map(|run| &run.run_id).collect();
        // Snapshots are removed before the files, because no snapshot may name a missing file. A run that a task opens
        // meanwhile stays in the lake, and promote stages it again.
        tables.forget(&going)?;
    }
    plan.execute(publication.locked(), task)?;
    Ok(Pruned { plan, is_nothing })
}
