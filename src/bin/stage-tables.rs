//! Digdag task: adds a sealed run to the Iceberg tables.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{StageParameters, stage_tables};

/// Adds a sealed run to the Iceberg tables
///
/// Every table gets a snapshot over the run's own files, tagged run_<run_id>, in one commit; nothing is copied. What
/// readers get by default stays until promote moves it. The catalog is created on first use.
#[derive(Parser)]
#[command(name = "stage-tables", version, after_help = EXAMPLE)]
struct StageTables {
    #[command(flatten)]
    parameters: StageParameters,
}

const EXAMPLE: &str = "\
Example:
  stage-tables --lake /data/lake --run-id 2026-11__20261120_000000";

fn main() -> ExitCode {
    task::main(|task: StageTables, call| stage_tables(task.parameters, call))
}
