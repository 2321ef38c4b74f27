//! `diff-runs`: the changes from one run to another as a change feed. Applied to the first run, they give exactly the
//! second.
//!
//! Each table is compared in ranges of the first column of its key, cut where row groups begin or within large ones
//! (`ranges.rs`), so that memory is bounded by a range and not by the table; the rows of a range are compared by one
//! query (`sql/diff/changes.sql`), and the differing rows go into one Parquet file (`feed.rs`). Its bytes do not depend
//! on the ranges.

mod feed;
mod ranges;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::lake::{DataFile, Lake, RunId, SealedRun, commit_folder, output_folder, write_new_file};
use crate::sql::EngineParameters;
use digdag_task::{Failure, Observer, Scratch};

pub use feed::FILE as CHANGES_FILE;

const DESCRIPTION: &str = "_diff.json";

/// The parameters of [`diff_runs`].
#[derive(Debug)]
pub struct DiffRequest<'d> {
    /// The older run.
    pub from_run_id: RunId,
    /// The newer run.
    pub to_run_id: RunId,
    /// A new folder for the feed; `None` stands for its folder in the history.
    pub output: Option<&'d Path>,
    /// The approximate number of rows of both runs in one query.
    pub rows_at_once: u64,
    /// The bounds of DuckDB.
    pub engine: &'d EngineParameters,
}

impl DiffRequest<'_> {
    /// The default of `rows_at_once`.
    pub const ROWS_AT_ONCE: u64 = 1_000_000;
}

/// A change feed and its folder.
pub struct WrittenDiff {
    /// The counts.
    pub diff: Diff,
    /// The folder that holds the rows.
    pub output: PathBuf,
    /// Whether an earlier call wrote it.
    pub was_there: bool,
}

/// `_diff.json`: the contents of a feed. It has neither a time nor a path, so equal runs give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The format of this file, 1.
    pub format: u32,
    /// The older run.
    pub from_run_id: RunId,
    /// The newer run.
    pub to_run_id: RunId,
    pub from_manifest_sha256: String,
    pub to_manifest_sha256: String,
    /// The version of the program.
    pub version: String,
    /// The counts of each table.
    pub tables: Vec<TableDiff>,
}

/// The changes of one table, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDiff {
    /// The name of the table.
    pub table: String,
    /// The rows of the older run.
    pub rows_before: u64,
    /// The rows of the newer run.
    pub rows_after: u64,
    /// Rows whose key only the newer run has.
    pub inserted: u64,
    /// Rows whose key both runs have, with other values.
    pub updated: u64,
    /// Rows whose key only the older run has.
    pub deleted: u64,
    /// Column → updated rows in which it changed.
    pub columns: BTreeMap<String, u64>,
    /// The file with the changed rows.
    pub file: DataFile,
}

/// Writes the rows that differ between two sealed runs, and counts them.
///
/// # Errors
/// Returns an error if a run is not sealed, if the output holds something else, or if another process writes the same
/// difference.
pub fn diff_runs(
    lake: &Lake,
    request: &DiffRequest<'_>,
    task: &str,
    observer: &dyn Observer,
) -> anyhow::Result<WrittenDiff> {
    let (from_run_id, to_run_id) = (request.from_run_id.clone(), request.to_run_id.clone());
    let from = SealedRun::open(&lake.run(&from_run_id)?)?;
    let to = SealedRun::open(&lake.run(&to_run_id)?)?;
    let output = match request.output {
        Some(folder) => output_folder(folder)?.path().to_owned(),
        None => lake.history().diff_folder(&from_run_id, &to_run_id)?,
    };
    let mut diff = Diff {
        format: 1,
        from_run_id,
        to_run_id,
        from_manifest_sha256: from.manifest().manifest_sha256.clone(),
        to_manifest_sha256: to.manifest().manifest_sha256.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tables: Vec::new(),
    };
    if let Some(there) = same_diff(&output, &diff)? {
        return Ok(WrittenDiff { diff: there, output, was_there: true });
    }
    let elsewhere = request.output.map(|_| output.as_path());
    let _lock = lake.history().lock_diff(&diff.from_run_id, &diff.to_run_id, elsewhere, task)?;
    if let Some(there) = same_diff(&output, &diff)? {
        // Another call of this task wrote the feed before this one took the lock.
        return Ok(WrittenDiff { diff: there, output, was_there: true });
    }

    let parent = output.parent().unwrap_or(Path::new("."));
    let staging = match request.output {
        Some(_) => Scratch::in_folder(parent, ".diff-runs.")?,
        None => lake.scratch(task)?,
    };
    let staged = staging.path().join("diff");
    fs::create_dir(&staged).with_context(|| format!("cannot make {}", staged.display()))?;
    let feeds = feed::Feeds {
        from: from.run(),
        to: to.run(),
        staged: &staged,
        scratch: staging.path(),
        rows_at_once: request.rows_at_once,
        engine: request.engine,
    };
    for table in &Contract::load()?.tables {
        let Some(found) = feeds.compare(table)? else { continue };
        let TableDiff { inserted, updated, deleted, .. } = found;
        if inserted + updated + deleted > 0 {
            observer.detail(format_args!("{}: {inserted} inserted, {updated} updated, {deleted} deleted", found.table));
        }
        diff.tables.push(found);
    }
    let mut text = serde_json::to_vec_pretty(&diff)?;
    text.push(b'\n');
    write_new_file(&staged.join(DESCRIPTION), &text, 0o666)?;
    if let Err(error) = commit_folder(&staged, &output) {
        // Another process may have written the difference of two other runs there meanwhile; that is the error to
        // report.
        return Err(same_diff(&output, &Diff { tables: Vec::new(), ..diff }).err().unwrap_or(error));
    }
    Ok(WrittenDiff { diff, output, was_there: false })
}

/// Returns the feed between two runs that the history keeps, or `None` if it keeps none of these very runs.
///
/// # Errors
/// Returns an error if a run is not sealed.
pub fn kept_diff(lake: &Lake, from: &RunId, to: &RunId) -> anyhow::Result<Option<WrittenDiff>> {
    let output = lake.history().diff_folder(from, to)?;
    let Ok(Some(diff)) = read_diff(&output) else { return Ok(None) };
    let manifest = |id: &RunId| -> anyhow::Result<String> {
        Ok(SealedRun::open(&lake.run(id)?)?.manifest().manifest_sha256.clone())
    };
    let same = diff.from_manifest_sha256 == manifest(from)? && diff.to_manifest_sha256 == manifest(to)?;
    Ok(same.then_some(WrittenDiff { diff, output, was_there: true }))
}

/// Returns the existing feed if it compares the wanted runs, and refuses any other.
fn same_diff(output: &Path, wanted: &Diff) -> anyhow::Result<Option<Diff>> {
    match read_diff(output)? {
        Some(there) if (Diff { tables: Vec::new(), ..there.clone() }) != *wanted => {
            Err(taken(output, "holds another difference").into())
        }
        there => Ok(there),
    }
}

/// Reads the feed at the output path: `None` if the path is free, an error if something else occupies it.
fn read_diff(output: &Path) -> anyhow::Result<Option<Diff>> {
    if fs::symlink_metadata(output).is_err() {
        return Ok(None);
    }
    let text = fs::read(output.join(DESCRIPTION)).map_err(|_| taken(output, "is there already and is no feed"))?;
    Ok(Some(serde_json::from_slice(&text).map_err(|_| taken(output, "holds no readable _diff.json"))?))
}

fn taken(output: &Path, what: &str) -> Failure {
    Failure::parameters(format!("{} {what}", output.display())).hint("name another folder with --output, or remove it")
}
