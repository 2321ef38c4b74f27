//! Publishes a run: moves `active` and `main` of every table together. After a kill, the next task completes the move.
//!
//! ```text
//! intent written ─▶ catalog committed ─▶ active renamed ─▶ intent removed
//! ```
//!
//! The next task that locks the lake carries out the intent that a killed task left. Every step is idempotent.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use lake_catalog::{Access, Catalog, Store, TableChange};
use serde::{Deserialize, Serialize};

use super::{CatalogArgs, Mode, RunCopy, Tables, Unconfirmed, derived, failure, month_tag, no_tables, run_tag, stage};
use crate::lake::{Lake, LockedLake, Previous, RunId, SealedRun, disk};
use crate::store::WarehouseArgs;
use digdag_task::{Failure, Observer};

/// The time that a commit waits for another task's lock. Tasks that write tables hold it for moments.
const MAX_WAIT: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(100);

/// `_meta/publication.json`: the run that a task is about to publish.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Intent {
    /// The run to publish.
    run_id: RunId,
    /// The link that a rollback uses up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

/// Publishes runs, under the lake's lock.
pub struct Publication {
    locked: LockedLake,
    tables: Option<Tables>,
    /// How the warehouse is reached.
    reach: WarehouseArgs,
}

/// Locks the lake, and completes the publication that a killed task left.
///
/// # Errors
/// Fails if another task holds the lock, or if the catalog cannot be opened.
pub fn lock(lake: &Lake, task: &str, catalog: &CatalogArgs) -> anyhow::Result<Publication> {
    let locked = lake.lock(task)?;
    let mut tables = Tables::open(lake, Access::Write, catalog)?;
    if let Some(tables) = &mut tables {
        tables.remove_files_of_killed_session()?;
    }
    let mut publication = Publication { locked, tables, reach: catalog.reach.clone() };
    publication.finish()?;
    Ok(publication)
}

/// Like [`lock`], but waits for up to a minute if another task holds the lock.
///
/// # Errors
/// Fails if another task still holds the lock then, or if the catalog cannot be opened.
pub fn lock_waiting(
    lake: &Lake,
    task: &str,
    catalog: &CatalogArgs,
    observer: &dyn Observer,
) -> anyhow::Result<Publication> {
    let began = Instant::now();
    let mut is_noted = false;
    loop {
        match lock(lake, task, catalog) {
            Err(error) if is_locked(&error) && began.elapsed() < MAX_WAIT => {
                if !std::mem::replace(&mut is_noted, true) {
                    observer.note(format_args!("{error}; waiting"));
                }
                std::thread::sleep(PAUSE);
            }
            locked => return locked,
        }
    }
}

fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(disk::Error::Locked { .. })))
}

impl Publication {
    /// Returns the locked lake.
    pub fn locked(&self) -> &LockedLake {
        &self.locked
    }

    /// Returns the lake's Iceberg tables, if it has a catalog.
    pub fn tables(&mut self) -> Option<&mut Tables> {
        self.tables.as_mut()
    }

    /// Returns the lake's Iceberg tables, for a task that cannot work without them.
    ///
    /// # Errors
    /// Fails if the lake has none.
    pub fn existing_tables(&mut self) -> anyhow::Result<&mut Tables> {
        let lake = self.locked.lake();
        Ok(self.tables.as_mut().ok_or_else(|| no_tables(lake, "run stage-tables for a sealed run"))?)
    }

    /// Returns the lake's Iceberg tables, and creates the catalog on first use.
    ///
    /// # Errors
    /// Fails if the catalog cannot be created.
    pub fn tables_or_create(&mut self, catalog: &CatalogArgs) -> anyhow::Result<&mut Tables> {
        let tables = match self.tables.take() {
            Some(tables) => tables,
            None => Tables::create(self.locked.lake(), catalog)?,
        };
        Ok(self.tables.insert(tables))
    }

    /// Returns the lake's Iceberg tables, or tables of a catalog in `scratch` if the lake has none, to show what a change
    /// would do.
    ///
    /// # Errors
    /// Fails if the catalog cannot be created.
    pub fn tables_to_try(&mut self, scratch: &Path) -> anyhow::Result<&mut Tables> {
        let tables = match self.tables.take() {
            Some(tables) => tables,
            None => {
                let store = Store::Sqlite(scratch.join("catalog.sqlite"));
                Tables::connect(self.locked.lake(), &store, Access::Write, &self.reach)?
            }
        };
        Ok(self.tables.insert(tables))
    }

    /// Publishes a run; `previous` is the link that a rollback uses up.
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit; `active` does not move in this case.
    pub fn switch_to(&mut self, sealed: &SealedRun, previous: Option<&Previous>) -> anyhow::Result<()> {
        let Some(tables) = &mut self.tables else { return switch(&self.locked, sealed, previous) };
        // Stages a run that has no snapshots yet, so that all tables then move in one commit.
        stage(tables, sealed, Mode::Commit)?;
        let intent =
            Intent { run_id: sealed.run().id().clone(), previous: previous.map(|previous| previous.name.clone()) };
        let lake = self.locked.lake();
        lake.keep_file(Lake::PUBLICATION, &serde_json::to_vec_pretty(&intent)?)?;
        if let Err(error) = move_mains(tables, &intent.run_id) {
            // Unless the outcome is unknown, nothing was committed, so the intent is removed.
            if !error.chain().any(|cause| cause.is::<Unconfirmed>()) {
                lake.remove_meta_file(Lake::PUBLICATION)?;
            }
            return Err(error);
        }
        switch(&self.locked, sealed, previous)?;
        lake.remove_meta_file(Lake::PUBLICATION)
    }

    /// Moves `main` of every table to the run that `active` points at, for a catalog that was created after the
    /// promotion. Returns whether any table had to move.
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit.
    pub fn follow_active(&mut self) -> anyhow::Result<bool> {
        let Some(tables) = &mut self.tables else { return Ok(false) };
        let Some(id) = self.locked.lake().active()? else { return Ok(false) };
        stage(tables, &SealedRun::open(&self.locked.lake().run(&id)?)?, Mode::Commit)?;
        move_mains(tables, &id)
    }

    /// Carries out the intent that a killed task left.
    fn finish(&mut self) -> anyhow::Result<()> {
        let lake = self.locked.lake();
        let Some(intent) = intent(lake)? else { return Ok(()) };
        let Some(tables) = &mut self.tables else {
            return lake.remove_meta_file(Lake::PUBLICATION);
        };
        // The killed task staged the run, but the catalog may have been rebuilt since.
        let sealed = SealedRun::open(&lake.run(&intent.run_id)?)?;
        stage(tables, &sealed, Mode::Commit)?;
        move_mains(tables, &intent.run_id)?;
        if lake.active()?.as_ref() != Some(&intent.run_id) {
            let links = lake.previous()?;
            let previous = links.iter().find(|link| Some(&link.name) == intent.previous.as_ref());
            switch(&self.locked, &sealed, previous)?;
        }
        lake.remove_meta_file(Lake::PUBLICATION)
    }
}

fn switch(locked: &LockedLake, sealed: &SealedRun, previous: Option<&Previous>) -> anyhow::Result<()> {
    match previous {
        Some(previous) => locked.switch_back_to(sealed, previous),
        None => locked.switch_to(sealed),
    }
}

/// Moves `main` of every table to the run's snapshot, in one commit. Tables that are computed from runs move if they were
/// built from this run. Returns whether any had to move.
pub(super) fn move_mains(tables: &mut Tables, id: &RunId) -> anyhow::Result<bool> {
    tables.repeat(|tables| move_mains_once(tables, id))
}

fn move_mains_once(tables: &mut Tables, id: &RunId) -> anyhow::Result<bool> {
    let (known, derived) = tables.load_with_derived()?;
    let at = Catalog::next_time(known.values().chain(&derived));
    let (tag, month) = (run_tag(id), month_tag(id));
    let mut changes = Vec::new();
    for table in known.values() {
        let snapshot = table.snapshot_of(&tag).map_err(failure)?;
        let schema_id = snapshot.schema_id().unwrap_or_else(|| table.metadata().current_schema_id());
        let snapshot = snapshot.snapshot_id();
        let is_main = table.ref_id("main") == Some(snapshot) && table.metadata().current_schema_id() == schema_id;
        let is_month = month.as_deref().is_none_or(|month| table.ref_id(month) == Some(snapshot));
        if is_main && is_month {
            continue;
        }
        let mut change = TableChange::of(table);
        change.set_main(snapshot, schema_id).map_err(failure)?;
        if let Some(month) = &month {
            change.set_tag(month, snapshot).map_err(failure)?;
        }
        changes.push(change);
    }
    for table in &derived {
        changes.extend(derived::moved_to(table, id)?);
    }
    let moved = !changes.is_empty();
    tables.commit(changes, at)?;
    Ok(moved)
}

fn intent(lake: &Lake) -> anyhow::Result<Option<Intent>> {
    let path = lake.meta_file(Lake::PUBLICATION);
    match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => {
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            let intent = serde_json::from_slice(&text)
                .map_err(|error| Failure::input(format!("{} is not an intent: {error}", path.display())))?;
            Ok(Some(intent))
        }
    }
}

impl Tables {
    /// Removes the snapshots of runs whose copies in a place are about to be removed, unless the snapshots name other copies:
    /// no snapshot may name a missing file. Tables that are computed from runs have files of their own and lose the tags of the
    /// runs.
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit.
    pub fn forget(&mut self, runs: &[&RunId], copy: RunCopy) -> anyhow::Result<()> {
        if self.copy_of_runs() != copy {
            return Ok(());
        }
        self.repeat(|tables| tables.forget_once(runs))
    }

    fn forget_once(&mut self, runs: &[&RunId]) -> anyhow::Result<()> {
        let (known, derived) = self.load_with_derived()?;
        let at = Catalog::next_time(known.values().chain(&derived));
        let mut changes = Vec::new();
        for table in &derived {
            changes.extend(derived::without_tags(table, runs)?);
        }
        for table in known.values() {
            let of_runs = table.metadata().snapshots().filter(|snapshot| {
                let run = snapshot.summary().additional_properties.get(super::RUN_ID);
                run.is_some_and(|run| runs.iter().any(|id| id.as_str() == run))
            });
            let ids: Vec<_> = of_runs.map(|snapshot| snapshot.snapshot_id()).collect();
            if !ids.is_empty() {
                let mut change = TableChange::of(table);
                change.remove_snapshots(&ids).map_err(failure)?;
                changes.push(change);
            }
        }
        self.commit(changes, at)
    }
}
