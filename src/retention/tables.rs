//! The tables that are not of runs: rows that have aged, then snapshots, then files.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use lake_catalog::{Access, SnapshotRetention, Table, TableChange};
use serde::Serialize;

use super::Policy;
use crate::lake::Lake;
use crate::own::{Age, Aged};
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{
    CatalogArgs, SECONDS, TASK, Tables, current_table, is_from_runs, is_of_runs, lock_waiting, no_tables, overtaken,
    tags_of_runs,
};
use digdag_task::{Amount, Observer, Scratch};

/// Attempts at a commit that other writers overtake.
const MAX_ATTEMPTS: usize = 5;

/// Files that no snapshot names stay for this time after they were written, as a writer may be about to commit them.
const UNNAMED: Duration = Duration::from_secs(24 * 3600);

/// The retention of one table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Enforced {
    /// The table.
    pub table: String,
    /// The first day that is kept.
    pub kept_since: String,
    /// Why nothing goes, if that is so for another reason than the age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
    /// The rows that went. Rows that other engines had deleted before count as well, if their whole file went.
    pub rows: u64,
    /// The bytes of files of these rows alone.
    pub bytes_of_rows: u64,
    /// The snapshots that expired.
    pub expired_snapshots: usize,
    /// The files that were removed, because no snapshot names them.
    pub removed_files: usize,
    /// Their bytes, which come back. In a dry run, those of data files alone.
    pub removed_bytes: u64,
}

impl Enforced {
    /// Returns whether nothing goes.
    pub fn is_nothing(&self) -> bool {
        self.rows == 0 && self.expired_snapshots + self.removed_files == 0
    }
}

/// Enforces a policy on all tables that are not of runs, one after the other.
///
/// # Errors
/// Fails if the lake has no tables, if a name that is held is neither a table nor a tag, if a file cannot be written, or if
/// the catalog refuses a commit.
pub fn enforce(
    lake: &Lake,
    task: &str,
    policy: &Policy,
    catalog: &CatalogArgs,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Vec<Enforced>> {
    let mut tables = Tables::open(lake, Access::Read, catalog)?
        .ok_or_else(|| no_tables(lake, "stage-tables or upsert-table makes the first"))?;
    let all = tables.all()?;
    policy.check_hold(&all)?;
    drop(tables);
    lake.remove_dead_scratch(task)?;
    let work = Work { lake, task, policy, catalog, engine, observer };
    let meter = observer.begin(Amount::steps(all.len()));
    let mut done = Vec::new();
    for (index, table) in all.iter().enumerate().filter(|(_, table)| !is_of_runs(table)) {
        meter.advance_to(index as u64, &|| table.name().to_string());
        done.extend(work.enforce(table)?);
    }
    Ok(done)
}

struct Work<'w> {
    lake: &'w Lake,
    task: &'w str,
    policy: &'w Policy,
    catalog: &'w CatalogArgs,
    engine: &'w EngineParameters,
    observer: &'w dyn Observer,
}

impl Work<'_> {
    /// Enforces the policy on a table, or returns `None` for one that is in no layer.
    fn enforce(&self, table: &Table) -> anyhow::Result<Option<Enforced>> {
        let name = table.name();
        let (Some(since), Some(first_day)) =
            (self.policy.since(&name.namespace), self.policy.first_day(&name.namespace))
        else {
            return Ok(None);
        };
        let mut enforced =
            Enforced { table: name.to_string(), kept_since: first_day.to_string(), ..Enforced::default() };
        if self.policy.holds_table(name) {
            enforced.kept_because = Some("the table is held".to_owned());
            return Ok(Some(enforced));
        }
        match Age::of(table) {
            Some(age) => self.remove_rows(table, &age, since, &mut enforced)?,
            None => enforced.kept_because = Some("no column tells the age of its rows".to_owned()),
        }
        self.expire(table, since / 1000, &mut enforced)?;
        Ok(Some(enforced))
    }

    /// Takes the rows that have aged out of `main`, and starts again if another writer was faster.
    fn remove_rows(&self, table: &Table, age: &Age, since: i64, enforced: &mut Enforced) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut opened: Option<(Scratch, DuckDb)> = None;
        for _ in 0..MAX_ATTEMPTS {
            let Some(current) = current_table(self.lake, self.catalog, table.name())? else { return Ok(()) };
            let mut aged = Aged::find(&current, age, since)?;
            if aged.is_nothing() {
                return Ok(());
            }
            // Most tables have no aged row, and none of them needs an engine.
            if opened.is_none() {
                opened = Some(self.open()?);
            }
            let Some((scratch, engine)) = &opened else { return Ok(()) };
            enforced.rows = aged.count(engine, &current)?;
            enforced.bytes_of_rows = aged.whole_bytes();
            if self.policy.dry_run || enforced.rows == 0 {
                return Ok(());
            }
            let folder = scratch.path().join("files");
            fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            let mut new = aged.write(engine, &current, &folder)?;
            new.properties = [
                (TASK.to_owned(), self.task.to_owned()),
                (SECONDS.to_owned(), format!("{:.3}", began.elapsed().as_secs_f64())),
                ("discogs.kept-since".to_owned(), enforced.kept_since.clone()),
            ]
            .into();
            let mut publication = lock_waiting(self.lake, self.task, self.catalog, self.observer)?;
            let change = |found: Option<&Table>, _| Ok(TableChange::of(found.unwrap_or(&current)));
            if publication.existing_tables()?.commit_own(table.name(), Some(&current), new, change)?.is_some() {
                return Ok(());
            }
            drop(publication);
            self.observer.note(format_args!("another writer changed {}; reading it again", table.name()));
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        Err(overtaken(table.name(), MAX_ATTEMPTS).into())
    }

    /// Expires the snapshots made before `since`, in milliseconds since 1970, with the tags of runs at them, and removes
    /// their files. The newest snapshot stays, as do tags and branches of people's own.
    fn expire(&self, table: &Table, since: i64, enforced: &mut Enforced) -> anyhow::Result<()> {
        let Some(current) = current_table(self.lake, self.catalog, table.name())? else { return Ok(()) };
        let keep = SnapshotRetention { newest: 1, since };
        let tags = self.old_tags(&current, since)?;
        if self.policy.dry_run {
            let moves_main = enforced.rows > 0;
            let is_gone = |name: &str| tags.iter().any(|tag| tag == name) || (moves_main && name == "main");
            let gone = current.expired_without(keep, is_gone)?;
            enforced.expired_snapshots = gone.len();
            (enforced.removed_files, enforced.removed_bytes) = current.files_of_only(&gone)?;
            return Ok(());
        }
        let mut publication = lock_waiting(self.lake, self.task, self.catalog, self.observer)?;
        let tables = publication.existing_tables()?;
        if !tags.is_empty() {
            tables.remove_refs(table.name(), &tags)?;
        }
        let (expired, files) = tables.expire_with_files(table, Some(keep), SystemTime::now() - UNNAMED)?;
        enforced.expired_snapshots = expired;
        enforced.removed_files = files.len();
        enforced.removed_bytes = files.iter().map(|file| file.bytes).sum();
        Ok(())
    }

    /// Returns the tags of runs at snapshots made before a time that are not held and not at `main`.
    fn old_tags(&self, table: &Table, since: i64) -> anyhow::Result<Vec<String>> {
        if !is_from_runs(table) {
            return Ok(Vec::new());
        }
        let main = table.ref_id("main");
        let tags = tags_of_runs(table)?.into_iter();
        let is_old = |tag: &lake_catalog::Ref| {
            let made = table.metadata().snapshot_by_id(tag.snapshot_id).map(|snapshot| snapshot.timestamp_ms());
            Some(tag.snapshot_id) != main && made.is_some_and(|made| made < since)
        };
        Ok(tags.filter(|tag| is_old(tag) && !self.policy.holds_tag(&tag.name)).map(|tag| tag.name).collect())
    }

    fn open(&self) -> anyhow::Result<(Scratch, DuckDb)> {
        let scratch = self.lake.scratch(self.task)?;
        let engine = DuckDb::open_in(self.engine, scratch.path())?;
        Ok((scratch, engine))
    }
}
