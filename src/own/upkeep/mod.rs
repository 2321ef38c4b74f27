//! Upkeep of tables: files compacted to the target size in the table's order, old snapshots expired, and files removed that
//! no snapshot names.
//!
//! ```text
//! files written in scratch ─▶ one commit a table ─▶ expired snapshots out, one commit ─▶ files that nothing names removed
//! (or by Trino or Spark: elsewhere.rs)
//! ```
//!
//! A task that is killed leaves the table before or after a commit; files that it did not remove go with the next upkeep.

mod compaction;
mod elsewhere;
mod plan;
mod spark;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use lake_catalog::{Access, DataWriter, SnapshotRetention, Table, TableChange, UnnamedFile};
use serde::Serialize;

use super::scan::deleted_from;
use crate::lake::Lake;
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{
    CatalogArgs, NewFiles, Tables, current_table, is_of_runs, key_in, lock_waiting, no_tables, overtaken,
};
use digdag_task::{Amount, Failure, Observer};
use plan::Rewrite;

pub use elsewhere::Elsewhere;
pub use spark::{Spark, SparkParameters};

/// Attempts at a commit that other writers overtake.
const MAX_ATTEMPTS: usize = 5;

/// The policy of an upkeep.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The tables; empty for all.
    pub tables: Vec<String>,
    /// The snapshots to keep.
    pub keep: SnapshotRetention,
    /// Files that no snapshot names are removed if they were last written before this time.
    pub unnamed_before: SystemTime,
    /// Whether the outcome is only reported.
    pub dry_run: bool,
}

/// The upkeep of one table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Upkeep {
    /// The table.
    pub table: String,
    /// The files that were rewritten.
    pub rewritten_files: usize,
    /// Their bytes.
    pub rewritten_bytes: u64,
    /// The files that took their place; in a dry run not known.
    pub new_files: Option<usize>,
    /// Why files that should be rewritten are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_rewritten: Option<String>,
    /// The snapshots that expired.
    pub expired_snapshots: usize,
    /// The files that were removed, because no snapshot names them.
    pub removed_files: usize,
    /// Their bytes. In a dry run, without the files that only expired snapshots name.
    pub removed_bytes: u64,
}

impl Upkeep {
    /// Returns whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.rewritten_files + self.expired_snapshots + self.removed_files == 0
    }
}

/// Maintains the tables of a policy, one after the other. Tables of runs are neither compacted nor expired, because there
/// a snapshot is a run. `elsewhere` rewrites files in place of DuckDB.
///
/// # Errors
/// Fails if the lake has no tables or lacks a named one, if a file cannot be written, or if the catalog refuses a commit.
pub fn maintain(
    lake: &Lake,
    task: &str,
    policy: &Policy,
    catalog: &CatalogArgs,
    (engine, elsewhere): (&EngineParameters, Option<&Elsewhere>),
    observer: &dyn Observer,
) -> anyhow::Result<Vec<Upkeep>> {
    let mut tables = Tables::open(lake, Access::Read, catalog)?
        .ok_or_else(|| no_tables(lake, "stage-tables or upsert-table makes the first"))?;
    let named = tables.named(&policy.tables)?;
    drop(tables);
    let task = Task { lake, name: task, policy, catalog, engine, elsewhere, observer };
    let meter = observer.begin(Amount::steps(named.len()));
    let mut done = Vec::new();
    for (index, table) in named.iter().enumerate() {
        meter.advance_to(index as u64, &|| table.name().to_string());
        done.push(task.maintain(table)?);
    }
    Ok(done)
}

struct Task<'t> {
    lake: &'t Lake,
    name: &'t str,
    policy: &'t Policy,
    catalog: &'t CatalogArgs,
    engine: &'t EngineParameters,
    elsewhere: Option<&'t Elsewhere>,
    observer: &'t dyn Observer,
}

impl Task<'_> {
    fn maintain(&self, table: &Table) -> anyhow::Result<Upkeep> {
        let mut upkeep = Upkeep { table: table.name().to_string(), ..Upkeep::default() };
        if !is_of_runs(table) {
            self.compact(table, &mut upkeep)?;
        }
        if self.policy.dry_run {
            self.show(table, &mut upkeep)?
        } else {
            self.expire(table, &mut upkeep)?
        }
        Ok(upkeep)
    }

    /// Rewrites files and commits them, and starts again if another writer was faster.
    fn compact(&self, table: &Table, upkeep: &mut Upkeep) -> anyhow::Result<()> {
        let scratch = self.lake.scratch(self.name)?;
        let engine = DuckDb::open_in(self.engine, scratch.path())?;
        if let Some(elsewhere) = self.elsewhere {
            return self.compact_elsewhere(&engine, elsewhere, table, upkeep);
        }
        for attempt in 0..MAX_ATTEMPTS {
            let Some(current) = current_table(self.lake, self.catalog, table.name())? else { return Ok(()) };
            let plan = match plan::plan(&engine, &current) {
                Ok(Some(plan)) => plan,
                Ok(None) => return Ok(()),
                Err(error) => match error.downcast::<Failure>() {
                    Ok(failure) => {
                        self.observer.note(format_args!("{} is not compacted: {failure}", table.name()));
                        upkeep.not_rewritten = Some(failure.message);
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                },
            };
            (upkeep.rewritten_files, upkeep.rewritten_bytes) = (plan.removed.len(), plan.bytes);
            if self.policy.dry_run {
                return Ok(());
            }
            let folder = scratch.path().join(format!("files-{attempt}"));
            fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            if let Some(files) = self.rewrite(&engine, &current, plan, &folder)? {
                upkeep.new_files = Some(files);
                return Ok(());
            }
            self.observer.note(format_args!("another writer changed {}; reading it again", table.name()));
        }
        Err(overtaken(table.name(), MAX_ATTEMPTS).into())
    }

    /// Lets another engine rewrite the files of a table, if it has any that should be rewritten, and counts what was.
    fn compact_elsewhere(
        &self,
        engine: &DuckDb,
        elsewhere: &Elsewhere,
        table: &Table,
        upkeep: &mut Upkeep,
    ) -> anyhow::Result<()> {
        let Some(current) = current_table(self.lake, self.catalog, table.name())? else { return Ok(()) };
        let Some(before) = current.metadata().current_snapshot_id() else { return Ok(()) };
        let scan = current.scan(before)?;
        let files = compaction::files(&scan, &deleted_from(engine, &scan.position_deletes)?);
        // Which files have rows deleted by key is known to the engine alone.
        if files.is_empty() && scan.other_deletes == 0 {
            return Ok(());
        }
        if self.policy.dry_run {
            upkeep.rewritten_files = files.len();
            upkeep.rewritten_bytes = files.iter().map(|file| file.file_size_in_bytes()).sum();
            return Ok(());
        }
        elsewhere.rewrite(&current)?;
        let Some(after) = current_table(self.lake, self.catalog, table.name())? else { return Ok(()) };
        let (removed, added) = elsewhere::rewritten_since(&after, before)?;
        (upkeep.rewritten_files, upkeep.rewritten_bytes) = (removed.count, removed.bytes);
        upkeep.new_files = Some(added.count);
        Ok(())
    }

    /// Returns the number of new files, or `None` if another writer committed first.
    fn rewrite(&self, engine: &DuckDb, table: &Table, plan: Rewrite, folder: &Path) -> anyhow::Result<Option<usize>> {
        let keys = key_in(table, table.metadata().current_schema());
        let mut writer = DataWriter::new(&TableChange::of(table), folder, &keys)?;
        let mut batches = engine.select(&plan.sql, &plan.origin)?;
        while let Some(batch) = batches.next_batch()? {
            writer.write(&batch)?;
        }
        let written = writer.finish()?;
        let count = written.len();
        let new = NewFiles {
            written,
            removed: plan.removed,
            removes_deletes: plan.removes_deletes,
            is_rewrite: true,
            properties: HashMap::new(),
        };
        let mut publication = lock_waiting(self.lake, self.name, self.catalog, self.observer)?;
        let change = |current: Option<&Table>, _| Ok(TableChange::of(current.unwrap_or(table)));
        let committed = publication.existing_tables()?.commit_own(table.name(), Some(table), new, change)?;
        Ok(committed.map(|_| count))
    }

    /// Expires snapshots, and removes the files that no snapshot names, under one lock.
    fn expire(&self, table: &Table, upkeep: &mut Upkeep) -> anyhow::Result<()> {
        let mut publication = lock_waiting(self.lake, self.name, self.catalog, self.observer)?;
        let keep = if is_of_runs(table) { None } else { Some(self.policy.keep) };
        let tables = publication.existing_tables()?;
        let (expired, unnamed) = tables.expire_with_files(table, keep, self.policy.unnamed_before)?;
        upkeep.expired_snapshots = expired;
        upkeep.count(&unnamed);
        Ok(())
    }

    /// Counts what [`Task::expire`] would do.
    fn show(&self, table: &Table, upkeep: &mut Upkeep) -> anyhow::Result<()> {
        if !is_of_runs(table) {
            upkeep.expired_snapshots = table.expired(self.policy.keep)?.len();
        }
        if let Some(mut tables) = Tables::open(self.lake, Access::Read, self.catalog)? {
            let named = tables.named_files()?;
            upkeep.count(&tables.unnamed(table, &named, &named, self.policy.unnamed_before)?);
        }
        Ok(())
    }
}

impl Upkeep {
    fn count(&mut self, removed: &[UnnamedFile]) {
        self.removed_files = removed.len();
        self.removed_bytes = removed.iter().map(|file| file.bytes).sum();
    }
}
