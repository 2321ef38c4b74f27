//! Digdag task: builds the derived tables of a run.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::warehouse::{WarehouseParameters, build_warehouse};

/// Builds the derived tables of a run
///
/// Runs the queries of sql/warehouse on DuckDB, inside this process, over the tables that the ingest tasks wrote, and
/// writes <lake>/_runs/<run_id>/warehouse_discogs/. What does not fit into memory_limit is spilled to the run's _staging.
#[derive(Parser)]
#[command(name = "build-warehouse", version, after_help = EXAMPLE)]
struct BuildWarehouse {
    #[command(flatten)]
    parameters: WarehouseParameters,
}

const EXAMPLE: &str = "\
Example:
  build-warehouse --lake /data/lake --run-id 2026-11__20261120_000000 --memory-limit 2GiB";

fn main() -> ExitCode {
    task::main(|task: BuildWarehouse, call| build_warehouse(task.parameters, call))
}
