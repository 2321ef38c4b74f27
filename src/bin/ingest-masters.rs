//! Digdag task: reads the masters dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::ingest::record::Masters;
use discogs_lakehouse::ingest::{IngestParameters, ingest_dump};

/// Reads the masters dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_masters.xml.gz once, in bounded memory, and writes every table that the contract gives to
/// ingest-masters into <lake>/_runs/<run_id>/. A table is there whole or not at all.
#[derive(Parser)]
#[command(name = "ingest-masters", version, after_help = EXAMPLE)]
struct IngestMasters {
    /// The dump [default: the one preflight found for the run]
    #[arg(long, env = "DISCOGS_MASTERS_DUMP", value_name = "FILE")]
    masters_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestParameters,
}

const EXAMPLE: &str = "\
Example:
  ingest-masters --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --masters-dump /data/raw/2026-11/discogs_20261101_masters.xml.gz";

fn main() -> ExitCode {
    task::main(|task: IngestMasters, call| ingest_dump::<Masters>(task.masters_dump, task.ingest, call))
}
