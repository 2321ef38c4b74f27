//! Exports into a SQLite file.

use std::collections::BTreeMap;
use std::path::Path;

use lake_database::{Loaded, Sqlite};

use super::failure::failure;
use super::file::{Aside, has_content};
use super::loading::{Loading, Progress, Stopped};
use super::plan::Plan;
use super::{Exported, ExportedTable, Request, done_before, keep_held};
use crate::sql::DuckDb;
use digdag_task::{Amount, Observer};

/// Exports the plan into the file.
///
/// # Errors
/// Like [`super::export`].
pub fn export(
    path: &Path,
    mut plan: Plan,
    identity: &str,
    engine: &DuckDb,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> anyhow::Result<Exported> {
    let aside = Aside::lock(path, request.task)?;
    if has_content(&aside.target) && Sqlite::identity_of(&aside.target).map_err(failure)? == identity {
        aside.discard()?;
        return Ok(done_before());
    }
    // SQLite takes foreign keys with the table, so they are compared with the data first.
    let not_held = keep_held(&mut plan, engine, observer)?;
    let (mut file, loaded) = open(&aside, identity, request)?;
    let meter = observer.begin(Amount::steps(plan.tables.len()));
    let progress = Progress::new(&*meter, loaded.len());
    let mut tables = Vec::new();
    for planned in &plan.tables {
        let name = planned.table.name.clone();
        let found = loaded.get(&name).copied();
        let rows = match found {
            Some(found) => found.rows,
            None => {
                let mut rows = Loading::start(planned, planned.count(engine)?, true, engine, &progress)?;
                file.load(&planned.table, || rows.next_batch().map_err(Stopped::Rows)).map_err(Stopped::into_error)?
            }
        };
        if found.is_none_or(|found| !found.indexed) {
            file.index(&planned.table).map_err(failure)?;
            progress.table_done(&name);
        }
        tables.push(ExportedTable { name, rows });
    }
    file.close().map_err(failure)?;
    aside.commit()?;
    Ok(Exported { tables, not_held, resumed: loaded.len(), was_there: false, by_changes: false })
}

/// Opens the unfinished file of an earlier call, or a new one.
fn open(aside: &Aside, identity: &str, request: &Request<'_>) -> anyhow::Result<(Sqlite, BTreeMap<String, Loaded>)> {
    if has_content(&aside.unfinished) {
        let found = Sqlite::open(&aside.unfinished).and_then(|mut file| Ok((file.loaded(identity)?, file)));
        if let Ok((Some(loaded), file)) = found {
            return Ok((file, loaded));
        }
    }
    aside.discard()?;
    let mut file = Sqlite::open(&aside.unfinished).map_err(failure)?;
    file.begin(request.run_id, identity).map_err(failure)?;
    Ok((file, BTreeMap::new()))
}
