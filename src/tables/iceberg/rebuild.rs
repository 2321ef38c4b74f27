//! Rebuilds the catalog from the sealed runs, after its database was lost or the lake was moved.

use lake_catalog::Store;

use super::publish::move_mains;
use super::{Tables, place, stage};
use crate::lake::{LockedLake, RunId, SealedRun};
use digdag_task::Failure;

/// Replaces the embedded catalog by a new one with all sealed runs, oldest first, and `main` of the tables at the run
/// that `active` points at. Returns the ids of the runs.
///
/// # Errors
/// Fails if a run fails verification, or if the lake's catalog is not the embedded one.
pub fn rebuild(locked: &LockedLake) -> anyhow::Result<Vec<RunId>> {
    let lake = locked.lake();
    match place::existing(lake, &Default::default())? {
        None | Some(Store::Sqlite(_)) => {}
        Some(Store::Postgres { .. }) => {
            return Err(Failure::parameters(
                "the lake's catalog is in Postgres; rebuild-catalog makes the embedded one",
            )
            .hint("remove the rows of the catalog lake from iceberg_tables, and run stage-tables for each run")
            .into());
        }
    }
    let new = lake.new_catalog_file()?;
    let mut ids = lake.run_ids()?;
    ids.sort_by(RunId::by_age);
    let mut staged = Vec::new();
    {
        let mut tables = Tables::connect(lake, &Store::Sqlite(new.clone()), lake_catalog::Access::Write)?;
        for id in ids {
            let run = lake.run(&id)?;
            if run.is_sealed()? {
                stage(&mut tables, &SealedRun::open(&run)?)?;
                staged.push(id);
            }
        }
        if let Some(active) = lake.active()? {
            move_mains(&mut tables, &active)?;
        }
    }
    lake.replace_catalog(&new)?;
    Ok(staged)
}
