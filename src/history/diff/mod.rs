//! What changed from one run to another, as a change feed: applied to the first run it gives the second, exactly.
//!
//! Each table is compared in ranges of the first column of its key, cut where row groups begin or within large ones
//! (`ranges.rs`), so that memory is bounded by a range whatever the size of the table; the rows of a range are compared by one query
//! (`sql/diff/changes.sql`), and what differs goes into one Parquet file (`feed.rs`). The ranges do not show in the bytes.

mod feed;
mod ranges;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::lake::{DataFile, Lake, RunId, SealedRun, commit_folder, place_outside_runs, write_new_file};
use crate::sql::EngineParameters;
use digdag_task::{Call, Failure, Scratch, TableCount};

const DESCRIPTION: &str = "_diff.json";

/// What diff-runs takes.
#[derive(Args, Debug)]
pub struct DiffParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to begin with [default: what active was before]
    #[arg(long, value_name = "RUN_ID")]
    pub from_run_id: Option<RunId>,

    /// The run that it becomes [default: what active points at]
    #[arg(long, value_name = "RUN_ID")]
    pub to_run_id: Option<RunId>,

    /// A folder of its own for the feed [default: <lake>/_meta/discogs_history/diffs/<from>..<to>]
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,

    /// Rows of both runs that are compared at once, about; fewer take less memory
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows_at_once: u64,

    #[command(flatten)]
    pub engine: EngineParameters,
}

/// `_diff.json`: what a feed holds. It says nothing of when or where it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The format of this file, 1.
    pub format: u32,
    pub from_run_id: RunId,
    pub to_run_id: RunId,
    pub from_manifest_sha256: String,
    pub to_manifest_sha256: String,
    pub version: String,
    pub tables: Vec<TableDiff>,
}

/// What changed in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDiff {
    pub table: String,
    pub rows_before: u64,
    pub rows_after: u64,
    pub inserted: u64,
    pub updated: u64,
    pub deleted: u64,
    /// Column → updated rows in which it changed.
    pub columns: BTreeMap<String, u64>,
    pub file: DataFile,
}

/// Writes the rows that differ between two sealed runs, and counts them.
pub fn diff_runs(parameters: DiffParameters, call: &mut Call) -> anyhow::Result<()> {
    let lake = Lake::open(&parameters.lake)?;
    let (from_run_id, to_run_id) = both_runs(&lake, &parameters)?;
    call.set_run_id(&to_run_id);
    let from = SealedRun::open(&lake.run(&from_run_id)?)?;
    let to = SealedRun::open(&lake.run(&to_run_id)?)?;
    let output = match &parameters.output {
        Some(folder) => place_outside_runs(&lake, folder)?,
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
        call.already_done();
        return report(&there, &output, call);
    }
    let elsewhere = parameters.output.is_some().then_some(output.as_path());
    let _lock = lake.history().lock_diff(&diff.from_run_id, &diff.to_run_id, elsewhere, call.name())?;
    if let Some(there) = same_diff(&output, &diff)? {
        // By another call of this task, between the question and the lock.
        call.already_done();
        return report(&there, &output, call);
    }

    let parent = output.parent().unwrap_or(Path::new("."));
    let staging = match &parameters.output {
        Some(_) => Scratch::in_folder(parent, ".diff-runs.")?,
        None => lake.scratch(call.name())?,
    };
    let staged = staging.path().join("diff");
    fs::create_dir(&staged).with_context(|| format!("cannot make {}", staged.display()))?;
    let feeds = feed::Feeds {
        from: from.run(),
        to: to.run(),
        staged: &staged,
        scratch: staging.path(),
        rows_at_once: parameters.rows_at_once,
        engine: &parameters.engine,
    };
    for table in &Contract::load()?.tables {
        let Some(found) = feeds.compare(table)? else { continue };
        let TableDiff { inserted, updated, deleted, .. } = found;
        if inserted + updated + deleted > 0 {
            call.say(format_args!("{}: {inserted} inserted, {updated} updated, {deleted} deleted", found.table));
        }
        diff.tables.push(found);
    }
    let mut text = serde_json::to_vec_pretty(&diff)?;
    text.push(b'\n');
    write_new_file(&staged.join(DESCRIPTION), &text, 0o666)?;
    if let Err(error) = commit_folder(&staged, &output) {
        // The difference of two other runs may have been put there meanwhile.
        return Err(same_diff(&output, &Diff { tables: Vec::new(), ..diff }).err().unwrap_or(error));
    }
    report(&diff, &output, call)
}

/// The runs given, and for those that are not: what active was, and what it is.
fn both_runs(lake: &Lake, parameters: &DiffParameters) -> anyhow::Result<(RunId, RunId)> {
    let to = match &parameters.to_run_id {
        Some(id) => id.clone(),
        None => {
            lake.active()?.ok_or_else(|| Failure::parameters("parameter to_run_id is missing: nothing is active"))?
        }
    };
    let from = match &parameters.from_run_id {
        Some(id) => id.clone(),
        None => {
            let before = lake.previous()?.into_iter().find(|previous| previous.run_id != to);
            let missing = "parameter from_run_id is missing: active was never at another run";
            before.ok_or_else(|| Failure::parameters(missing))?.run_id
        }
    };
    Ok((from, to))
}

fn report(diff: &Diff, output: &Path, call: &mut Call) -> anyhow::Result<()> {
    for table in &diff.tables {
        let DataFile { rows, bytes, .. } = table.file;
        call.add_table(TableCount { name: table.table.clone(), rows, files: 1, bytes });
    }
    let changes: Vec<_> = diff
        .tables
        .iter()
        .map(|table| {
            serde_json::json!({
                "table": table.table, "inserted": table.inserted, "updated": table.updated, "deleted": table.deleted,
                "columns": table.columns,
            })
        })
        .collect();
    call.set_detail("from_run_id", diff.from_run_id.as_str());
    call.set_detail("changes", changes);
    call.set_detail("output", output.to_string_lossy().into_owned());
    Ok(())
}

/// The difference that is there already, if it is the one that is asked for.
fn same_diff(output: &Path, wanted: &Diff) -> anyhow::Result<Option<Diff>> {
    match read_diff(output)? {
        Some(there) if (Diff { tables: Vec::new(), ..there.clone() }) != *wanted => {
            Err(taken(output, "holds another difference").into())
        }
        there => Ok(there),
    }
}

/// What is in the place of the output: a feed, nothing, or something that is in the way.
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
