//! Digdag task: makes the embedded Iceberg catalog from the sealed runs.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{RebuildParameters, rebuild_catalog};

/// Makes the embedded Iceberg catalog from the sealed runs
///
/// For a catalog whose file was lost, or a lake that was moved: metadata names absolute paths. Every sealed run becomes a
/// snapshot of every table, and main of the tables is the run that active points at.
#[derive(Parser)]
#[command(name = "rebuild-catalog", version, after_help = EXAMPLE)]
struct RebuildCatalog {
    #[command(flatten)]
    parameters: RebuildParameters,
}

const EXAMPLE: &str = "\
Example:
  rebuild-catalog --lake /data/lake";

fn main() -> ExitCode {
    task::main(|task: RebuildCatalog, call| rebuild_catalog(task.parameters, call))
}
