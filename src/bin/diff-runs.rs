//! Digdag task: writes what changed between two runs.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::history::{DiffParameters, diff_runs};

/// Writes what changed between two runs
///
/// Compares every table of two sealed runs and writes <table>/changes.parquet, the rows that differ, with _change (insert,
/// update_before, update_after, delete) before their columns, and _diff.json, the counts by table and column. Applied to
/// the first run, the changes give the second. The folder appears whole or not at all.
#[derive(Parser)]
#[command(name = "diff-runs", version, after_help = EXAMPLE)]
struct DiffRuns {
    #[command(flatten)]
    parameters: DiffParameters,
}

const EXAMPLE: &str = "\
Examples: what came with the last promotion, and what changed between any two runs
  diff-runs --lake /data/lake
  diff-runs --lake /data/lake --from-run-id 2026-10__20261020_000000 --to-run-id 2026-11__20261120_000000";

fn main() -> ExitCode {
    task::main(|task: DiffRuns, call| diff_runs(task.parameters, call))
}
