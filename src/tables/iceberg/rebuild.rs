//! Rebuilds the catalog from the sealed runs and people's metadata, after its database was lost or the lake was moved.

use lake_catalog::{Access, Catalog, Store, Table};

use super::people::{self, Known};
use super::publish::move_mains;
use super::session::killed_sessions;
use super::{CatalogArgs, Mode, Tables, failure, place, stage};
use crate::lake::{Lake, LockedLake, RunId, SealedRun};

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
/// # Errors
/// Fails if a run fails verification, or if the catalog's database cannot be written.
pub fn rebuild(locked: &LockedLake, catalog: &CatalogArgs) -> anyhow::Result<Rebuilt> {
    let lake = locked.lake();
    let store = place::existing(lake, catalog)?.unwrap_or_else(|| Store::Sqlite(lake.catalog_file()));
    let committed = Catalog::pointers(&store).map_err(failure)?.into_iter().collect();
    let known = Known { committed, killed: killed_sessions(lake)? };
    let new = lake.new_catalog_file()?;
    let mut ids = lake.run_ids()?;
    ids.sort_by(RunId::by_age);
    let mut rebuilt = Rebuilt::default();
    let of_runs: Vec<Table> = {
        let mut tables = Tables::connect(lake, &Store::Sqlite(new.clone()), Access::Write)?;
        tables.recorder.hold(lake, tables.catalog.session(), &known.killed)?;
        for id in ids {
            let run = lake.run(&id)?;
            if run.is_sealed()? {
                stage(&mut tables, &SealedRun::open(&run)?, Mode::Commit)?;
                rebuilt.runs.push(id);
            }
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
    let mut catalog = Catalog::open(&store, lake.root(), Access::Read).map_err(failure)?;
    for table in &of_runs {
        catalog.remove_unnamed(table).map_err(failure)?;
    }
    // The files of a table that was left out may be needed once it is taken over.
    if rebuilt.left_out.is_empty() {
        for session in known.killed {
            catalog.remove_orphans(&lake.tables_folder(), session).map_err(failure)?;
        }
    }
    lake.remove_meta_file(Lake::SESSION)?;
    Ok(rebuilt)
}
