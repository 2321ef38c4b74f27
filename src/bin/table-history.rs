//! Digdag task: shows the snapshots of an Iceberg table.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{TableHistoryParameters, table_history};

/// Shows the snapshots of an Iceberg table, with their runs, tags and rows
///
/// Without --table it lists all tables with the location of their metadata.
#[derive(Parser)]
#[command(name = "table-history", version, after_help = EXAMPLE)]
struct TableHistory {
    #[command(flatten)]
    parameters: TableHistoryParameters,
}

const EXAMPLE: &str = "\
Example:
  table-history --lake /data/lake --table releases_v6";

fn main() -> ExitCode {
    task::main(|task: TableHistory, call| table_history(task.parameters, call))
}
