//! Digdag task: makes the lake's tables known to Trino.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::tables::register::{RegisterParameters, register_tables};

/// Makes the lake's tables known to Trino
///
/// Schema discogs gets every table, SQL name and view of the contract, over active; a sealed run that is named, or each
/// with --all-runs, gets a schema discogs_r_<run_id> of its own, and those of runs that are gone are removed;
/// discogs_history gets what is kept about the runs. Creates what is missing, changes what changed, touches nothing that
/// others made, then checks that what Trino reads is what was written. Skipped without trino_url. Writes bootstrap_discogs.sql too: the same for Trino's own command line.
#[derive(Parser)]
#[command(name = "register-tables", version, after_help = EXAMPLE)]
struct RegisterTables {
    #[command(flatten)]
    parameters: RegisterParameters,
}

const EXAMPLE: &str = "\
Example:
  register-tables --lake /data/lake --trino-url http://127.0.0.1:8080 --trino-lake-root /data/hive-data";

fn main() -> ExitCode {
    task::main(|task: RegisterTables, call| register_tables(task.parameters, call))
}
