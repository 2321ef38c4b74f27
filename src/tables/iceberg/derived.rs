//! Tables that are computed from a run, with files of their own: committed together, and moved with their run.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use lake_catalog::{Catalog, Ref, Session, Table, TableChange, TableName, WrittenFile};

use super::own::{NewFiles, put_in_place};
use super::stage::{MANIFEST_SHA256, properties_of_run};
use super::{RUN_ID, SECONDS, TASK, Tables, failure, month_tag, run_tag};
use crate::lake::{RunId, SealedRun};
use digdag_task::Failure;

/// The table property that marks a table that is computed from runs.
pub const FROM_RUNS: &str = "discogs.from-runs";

/// The summary property with the digest of the query and of all that it reads beside the run.
const SQL_SHA256: &str = "discogs.sql-sha256";

/// New rows of a table that is computed from a run.
#[derive(Debug)]
pub struct Derived {
    /// The table.
    pub name: TableName,
    /// The table as it was when the rows were computed, unless it is new.
    pub base: Option<Table>,
    /// The files, outside of the table's folder.
    pub written: Vec<WrittenFile>,
    /// The locations of the files that they replace.
    pub removed: HashSet<String>,
    /// Whether all delete files are removed.
    pub removes_deletes: bool,
    /// The digest of the query.
    pub sql_sha256: String,
    /// How long it took to compute the rows.
    pub duration: Duration,
}

impl Derived {
    /// Returns whether a table shows what a query returns for a run.
    pub fn is_current(table: &Table, sealed: &SealedRun, sql_sha256: &str) -> bool {
        let metadata = table.metadata();
        let (Some(main), Some(tagged)) = (table.ref_id("main"), table.ref_id(&run_tag(sealed.run().id()))) else {
            return false;
        };
        let Some(built) = metadata.snapshot_by_id(tagged) else { return false };
        let has = |key: &str, value: &str| built.summary().additional_properties.get(key).is_some_and(|it| it == value);
        run_of(table, main) == Some(sealed.run().id().as_str())
            && has(SQL_SHA256, sql_sha256)
            && has(MANIFEST_SHA256, &sealed.manifest().manifest_sha256)
    }
}

/// Returns whether a table is computed from runs.
pub fn is_from_runs(table: &Table) -> bool {
    table.metadata().properties().contains_key(FROM_RUNS)
}

impl Tables {
    /// Puts the files of tables in place and commits them together, tagged with their run. The caller holds the lake's
    /// lock. `change` returns the change of a table's columns.
    ///
    /// # Errors
    /// Fails if another writer has changed one of the tables, if a file cannot be moved, or if the catalog refuses the
    /// commit. No table is changed then.
    pub fn commit_derived(
        &mut self,
        task: &str,
        sealed: &SealedRun,
        new: Vec<Derived>,
        change: impl Fn(&TableName, Option<&Table>, Session) -> anyhow::Result<TableChange>,
    ) -> anyhow::Result<()> {
        let id = sealed.run().id();
        let mut current = Vec::new();
        for Derived { name, base, .. } in &new {
            let found = self.own(name)?;
            if found.as_ref().map(Table::metadata_location) != base.as_ref().map(Table::metadata_location) {
                return Err(Failure::locked(format!("another writer changed table {name} while it was computed"))
                    .hint("run the same command again")
                    .into());
            }
            current.push(found);
        }
        let session = self.catalog.session();
        let at = Catalog::next_time(current.iter().flatten());
        self.recorder.begin(&self.lake, session)?;
        let mut changes = Vec::new();
        for (derived, current) in new.into_iter().zip(&current) {
            let mut change = change(&derived.name, current.as_ref(), session)?;
            let new = NewFiles {
                written: derived.written,
                removed: derived.removed,
                removes_deletes: derived.removes_deletes,
                is_rewrite: false,
                properties: properties(task, sealed, derived.sql_sha256, derived.duration),
            };
            let snapshot = put_in_place(&mut change, new, session, at)?;
            change.set_tag(&run_tag(id), snapshot).map_err(failure)?;
            if let Some(month) = month_tag(id) {
                change.set_tag(&month, snapshot).map_err(failure)?;
            }
            changes.push(change);
        }
        self.commit(changes, at)
    }
}

fn properties(task: &str, sealed: &SealedRun, sql_sha256: String, duration: Duration) -> HashMap<String, String> {
    let mut properties = properties_of_run(sealed.manifest());
    properties.insert(SQL_SHA256.to_owned(), sql_sha256);
    properties.insert(TASK.to_owned(), task.to_owned());
    properties.insert(SECONDS.to_owned(), format!("{:.3}", duration.as_secs_f64()));
    properties
}

/// Returns the tags that name runs and months of runs.
///
/// # Errors
/// Fails if the metadata cannot be serialised.
pub fn tags_of_runs(table: &Table) -> anyhow::Result<Vec<Ref>> {
    let is_of_run = |reference: &Ref| {
        let name = &reference.name;
        let is_run = name.strip_prefix("run_").is_some_and(|id| id.parse::<RunId>().is_ok());
        !reference.is_branch && (is_run || name.starts_with("month_"))
    };
    let mut refs = table.refs().map_err(failure)?;
    refs.retain(is_of_run);
    Ok(refs)
}

/// Returns the run from which a snapshot of a table was built; commits of other writers since then do not count.
fn run_of(table: &Table, snapshot: i64) -> Option<&str> {
    let ancestors = table.ancestors(snapshot).into_iter().rev();
    ancestors.filter_map(|snapshot| snapshot.summary().additional_properties.get(RUN_ID)).next().map(String::as_str)
}

/// Returns the change that moves `main` to what was built from a run, if that was built and `main` shows another run.
pub(super) fn moved_to(table: &Table, id: &RunId) -> anyhow::Result<Option<TableChange>> {
    let Some(built) = table.ref_id(&run_tag(id)) else { return Ok(None) };
    if table.ref_id("main").is_some_and(|main| run_of(table, main) == Some(id.as_str())) {
        return Ok(None);
    }
    let metadata = table.metadata();
    let schema = metadata.snapshot_by_id(built).and_then(|snapshot| snapshot.schema_id());
    let mut change = TableChange::of(table);
    change.set_main(built, schema.unwrap_or_else(|| metadata.current_schema_id())).map_err(failure)?;
    Ok(Some(change))
}

/// Returns the change that removes the tags of runs, if the table has any. Its snapshots then expire as others do.
pub(super) fn without_tags(table: &Table, runs: &[&RunId]) -> anyhow::Result<Option<TableChange>> {
    let mut change = TableChange::of(table);
    let mut is_changed = false;
    for id in runs {
        let Some(built) = table.ref_id(&run_tag(id)) else { continue };
        change.remove_ref(&run_tag(id)).map_err(failure)?;
        let month = month_tag(id).filter(|month| table.ref_id(month) == Some(built));
        if let Some(month) = month {
            change.remove_ref(&month).map_err(failure)?;
        }
        is_changed = true;
    }
    Ok(is_changed.then_some(change))
}
