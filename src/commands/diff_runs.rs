//! `diff-runs`: writes what changed between two runs as a change feed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::screen::count;
use crate::history::{self, DiffRequest, TableDiff, WrittenDiff};
use crate::lake::{DataFile, Lake, RunId};
use crate::sql::EngineParameters;
use digdag_task::{Call, Failure, TableCount};

/// Write what changed between two runs
///
/// Compares every table of two sealed runs and writes <table>/changes.parquet, the rows that differ, with _change
/// (insert, update_before, update_after, delete) before their columns, and _diff.json, the counts by table and column.
/// Applied to the first run, the changes give the second. The folder appears whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "diff-runs", version, after_help = EXAMPLE)]
pub struct DiffRuns {
    #[command(flatten)]
    lake: LakeArgs,

    /// First run [default: the run that was active before]
    #[arg(long, value_name = "RUN_ID")]
    from_run_id: Option<RunId>,

    /// Second run [default: the active run]
    #[arg(long, value_name = "RUN_ID")]
    to_run_id: Option<RunId>,

    /// New folder for the changes [default: <lake>/_meta/discogs_history/diffs/<from>..<to>]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// Rows of both runs to compare at once, about; fewer take less memory
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = clap::value_parser!(u64).range(1..))]
    rows_at_once: u64,

    #[command(flatten)]
    engine: EngineParameters,
}

const EXAMPLE: &str = "\
Examples: the changes of the last promotion, and those between any two runs
  diff-runs --lake /data/lake
  diff-runs --lake /data/lake --from-run-id 2026-10__20261020_000000 --to-run-id 2026-11__20261120_000000";

/// Runs `diff-runs`.
pub fn main() -> ExitCode {
    super::task(diff_runs)
}

fn diff_runs(parameters: DiffRuns, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let (from_run_id, to_run_id) = both_runs(&lake, &parameters)?;
    call.set_run_id(&to_run_id);
    let request = DiffRequest {
        from_run_id,
        to_run_id,
        output: parameters.output.as_deref(),
        rows_at_once: parameters.rows_at_once,
        engine: &parameters.engine,
    };
    let written = history::diff_runs(&lake, &request, call.name(), call)?;
    if written.was_there {
        call.already_done();
    }
    report(&written, call);
    let sum = |of: fn(&TableDiff) -> u64| count(written.diff.tables.iter().map(of).sum());
    let (inserted, updated, deleted) = (sum(|t| t.inserted), sum(|t| t.updated), sum(|t| t.deleted));
    let folder = written.output.display();
    call.summary(format_args!("{inserted} rows inserted, {updated} updated, {deleted} deleted; changes in {folder}"));
    Ok(())
}

/// Returns the first and the second run: those given, otherwise the previous target of `active` and its current one.
fn both_runs(lake: &Lake, parameters: &DiffRuns) -> anyhow::Result<(RunId, RunId)> {
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

fn report(WrittenDiff { diff, output, .. }: &WrittenDiff, call: &mut Call) {
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
}
