//! `read-changes`: writes the changes of a table of people's own as NDJSON.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use super::LakeArgs;
use crate::own::changes::{self, From, ReadRequest};
use crate::sql::EngineParameters;
use crate::tables::iceberg::{CatalogArgs, OwnName};
use digdag_task::{Call, Switch};

/// Read the rows of your own table that were inserted, updated or deleted since a snapshot or a time
///
/// One JSON object a line: change, snapshot_id, time, and the row before and after. Lines go to stdout, in place of the
/// result line, or with --output to the end of a file. With --position a later call resumes after the last snapshot; into
/// a file no line is lost or doubled after a kill; on stdout the lines of one snapshot may come again.
#[derive(Debug, Parser)]
#[command(name = "read-changes", version, after_help = EXAMPLE)]
pub struct ReadChanges {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to read, such as mine.inventory
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: OwnName,

    /// State after which changes are read: start, a snapshot id, a time (2026-11-20T12:00:00Z) or a day; unused once the
    /// position has one
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<From>,

    /// File of the position, written after the lines of each snapshot
    #[arg(long, value_name = "FILE")]
    pub(crate) position: Option<PathBuf>,

    /// Append the lines to this file, outside the lake's own folders
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Wait for further snapshots until a signal stops the task
    #[arg(long)]
    pub(crate) follow: Switch,

    /// Pause between two looks for further snapshots
    #[arg(long, value_name = "DURATION", value_parser = digdag_task::duration, default_value = "10s")]
    pub(crate) poll: Duration,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  read-changes --lake /data/lake --table mine.inventory --from start --position inventory.json --output changes.ndjson";

/// Runs `read-changes`.
pub fn main() -> ExitCode {
    super::task(read_changes)
}

/// Writes the changes of a table since a state as NDJSON.
///
/// # Errors
/// Fails if the table or the state is missing, or if the output or the position cannot be written.
fn read_changes(parameters: ReadChanges, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let request = ReadRequest {
        table: parameters.table.0.clone(),
        from: parameters.from.clone(),
        position: parameters.position.clone(),
        output: parameters.output.clone(),
        follow: parameters.follow.is_on().then_some(parameters.poll),
    };
    if request.output.is_none() {
        call.take_stdout();
    }
    let totals = changes::read(&lake, &request, &parameters.catalog, &parameters.engine)?;
    call.set_metric("inserted", totals.inserted);
    call.set_metric("updated", totals.updated);
    call.set_metric("deleted", totals.deleted);
    call.set_metric("snapshots", totals.snapshots);
    call.set_detail("snapshot_id", totals.snapshot_id.map(|id| id.to_string()));
    if totals.snapshots == 0 {
        call.already_done_because(format!("{} has no further snapshot", request.table));
        return Ok(());
    }
    call.summary(format_args!(
        "{} inserted, {} updated, {} deleted in {} snapshots",
        totals.inserted, totals.updated, totals.deleted, totals.snapshots
    ));
    Ok(())
}
