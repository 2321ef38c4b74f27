//! `build-warehouse`: computes the derived tables of a run.

use std::process::ExitCode;

use clap::Parser;

use super::{RunArgs, classified};
use crate::contract::Contract;
use crate::parquet::ParquetEncodings;
use crate::sql::EngineSelection;
use crate::warehouse::{Build, Builder};
use digdag_task::{Call, Switch};

/// Build the derived tables of a run
///
/// Runs the queries of sql/warehouse on DuckDB, inside this process, over the tables that the ingest tasks wrote, and
/// writes <lake>/_runs/<run_id>/warehouse_discogs/. What exceeds memory_limit is spilled to the run's _staging.
#[derive(Debug, Parser)]
#[command(name = "build-warehouse", version, after_help = EXAMPLE)]
pub struct BuildWarehouse {
    #[command(flatten)]
    run: RunArgs,

    /// Encodings of the Parquet files: compact, or compatible with readers such as Spark 3.3 and fastparquet
    #[arg(long, value_name = "ENCODINGS", default_value = "compact")]
    parquet_encodings: ParquetEncodings,

    /// Replace tables in the run that were made from other inputs, if the run is not sealed
    #[arg(long)]
    replace: Switch,

    #[command(flatten)]
    engine: EngineSelection,
}

const EXAMPLE: &str = "\
Example:
  build-warehouse --lake /data/lake --run-id 2026-11__20261120_000000 --memory-limit 2GiB";

/// Runs `build-warehouse`.
pub fn main() -> ExitCode {
    super::task(build_warehouse)
}

fn build_warehouse(parameters: BuildWarehouse, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let run = parameters.run.open(call)?;
    let producer = parameters.parquet_encodings.producer(call.name());
    let engine = parameters.engine.resolved(&*call);
    let tables = contract.tables_of(call.name()).into_iter();
    let builds: Vec<_> = tables.map(|table| Build::new(table, engine.engine)).collect::<anyhow::Result<_>>()?;

    let mut builder = Builder::new(&run, &contract, producer, parameters.replace.is_on(), call.observer());
    let mut built_count = 0;
    for build in &builds {
        let (dataset, built) = builder.build(build, &engine, |writable| {
            call.record_with(move |outcome| writable.record(outcome).map_err(classified));
        })?;
        call.add_table(dataset.count());
        if built {
            call.detail(format_args!("{}: {} rows", build.table.name, dataset.rows));
        }
        built_count += usize::from(built);
    }
    match built_count {
        0 => call.already_done(),
        count => call.summary(format_args!("{count} of {} tables built", builds.len())),
    }
    Ok(())
}
