//! Rebuilds the catalog from the sealed runs and people's metadata, after its database was lost or the lake was moved.

use std::fs;

use anyhow::Context;
use lake_catalog::{Access, Catalog, Store, Table};

use super::people::{self, Known};
use super::publish::move_mains;
use super::session::{killed_in_a_server, killed_sessions};
use super::stage::stage_copy;
use super::{CatalogArgs, Mode, Tables, failure, place, stage};
use crate::lake::{Lake, LockedLake, Manifest, RunId, SealedRun};
use crate::store::WarehouseArgs;

/// The result of [`rebuild`].
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// The runs in the catalog, oldest first.
    pub runs: Vec<RunId>,
    /// People's own tables in the catalog.
    pub tables: Vec<String>,
    /// Tables that could not be taken over, with the reason.
    pub left_out: Vec<String>,
}

/// Replaces the lake's catalog by a new one with all sealed runs, oldest first, `main` of the tables at the run that
/// `active` points at, and people's own tables as of their last commit. The metadata files of the old tables of runs, and
/// those of killed sessions, are removed.
///
/// If the parameters name a warehouse, or the lake has one on record, the tables of runs lie there, over the runs that are whole
/// there, also those that the lake has no longer.
///
/// # Errors
/// Fails if a run fails verification, if a run of the lake is not whole in the warehouse, or if the catalog's database cannot be
/// written.
pub fn rebuild(locked: &LockedLake, catalog: &CatalogArgs, warehouse: &WarehouseArgs) -> anyhow::Result<Rebuilt> {
    let lake = locked.lake();
    if let Some(recorded) = warehouse.to_record() {
        // From here on the tables lie there; a rebuild that is killed is run again.
        recorded.record(lake)?;
    }
    let store = place::existing(lake, catalog)?.unwrap_or_else(|| Store::Sqlite(lake.catalog_file()));
    let committed = Catalog::pointers(&store).map_err(failure)?.into_iter().collect();
    let mut killed = killed_sessions(lake)?;
    killed.extend(killed_in_a_server(lake)?);
    let known = Known { committed, killed };
    let new = lake.new_catalog_file()?;
    let mut rebuilt = Rebuilt::default();
    let of_runs: Vec<Table> = {
        let mut tables = Tables::connect(lake, &Store::Sqlite(new.clone()), Access::Write, warehouse)?;
        tables.recorder.hold(lake, tables.catalog.session(), &known.killed)?;
        for (id, copy) in runs(&tables)? {
            match copy {
                Some(manifest) => stage_copy(&mut tables, &manifest)?,
                None => stage(&mut tables, &SealedRun::open(&lake.run(&id)?)?, Mode::Commit)?,
            };
            rebuilt.runs.push(id);
        }
        if let Some(active) = lake.active()? {
            move_mains(&mut tables, &active)?;
        }
        let people = people::tables(lake, tables.catalog.session(), &known);
        rebuilt.left_out = people.left_out;
        for (name, location) in people.tables {
            tables.catalog.register(&name, &location).map_err(failure)?;
            rebuilt.tables.push(name.to_string());
        }
        if !matches!(store, Store::Sqlite(_)) {
            tables.catalog.overwrite(&store).map_err(failure)?;
        }
        tables.load()?.into_values().collect()
    };
    if let Store::Sqlite(_) = store {
        lake.replace_catalog(&new)?;
    } else {
        lake.remove_new_catalog(&new)?;
    }
    let mut tables = Tables::connect(lake, &store, Access::Read, warehouse)?;
    for table in &of_runs {
        tables.catalog.remove_unnamed(table).map_err(failure)?;
        if tables.warehouse.is_some() {
            remove_local_metadata(lake, table)?;
        }
    }
    // The files of a table that was left out may be needed once it is taken over.
    if rebuilt.left_out.is_empty() {
        for session in known.killed {
            tables.remove_orphans(session)?;
        }
    }
    lake.remove_meta_file(Lake::SESSION)?;
    Ok(rebuilt)
}

/// Removes the metadata that a table had in the lake's folder, before the tables of runs lay in the warehouse.
fn remove_local_metadata(lake: &Lake, table: &Table) -> anyhow::Result<()> {
    let folder = lake.tables_folder().join(&table.name().namespace).join(&table.name().name).join("metadata");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Returns the runs to stage, oldest first: the sealed ones of the lake, and with their manifests those of which only the copy in
/// the warehouse is left.
fn runs(tables: &Tables) -> anyhow::Result<Vec<(RunId, Option<Manifest>)>> {
    let lake = &tables.lake;
    let mut runs = Vec::new();
    for id in lake.run_ids()? {
        if lake.run(&id)?.is_sealed()? {
            runs.push((id, None));
        }
    }
    if let Some(warehouse) = &tables.warehouse {
        let remote = warehouse.remote()?;
        for id in remote.run_ids()? {
            if !runs.iter().any(|(known, _)| *known == id)
                && let Some((manifest, _)) = remote.manifest(&id)?
            {
                runs.push((id, Some(manifest)));
            }
        }
    }
    runs.sort_by(|(one, _), (other, _)| RunId::by_age(one, other));
    Ok(runs)
}
