//! Digdag task: asks a run.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::commands::{QueryParameters, query};

/// Asks a run with SQL
///
/// Runs a showcase query, a file or a statement on DuckDB, inside this process, over the tables and views of what is
/// published or of any run. The rows are shown on stderr, or written to a CSV file; nothing in the lake is changed.
#[derive(Parser)]
#[command(name = "query", version, after_help = EXAMPLE)]
struct Query {
    #[command(flatten)]
    parameters: QueryParameters,
}

const EXAMPLE: &str = "\
Example:
  query --lake /data/lake --name 01_dataset_overview";

fn main() -> ExitCode {
    task::main(|task: Query, call| query(task.parameters, call))
}
