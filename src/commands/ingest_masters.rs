//! `ingest-masters`: reads the masters dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::ingest_dump::{IngestArgs, ingest_dump};
use crate::ingest::record::Masters;

/// Read the masters dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_masters.xml.gz once, in bounded memory, and writes every table that the contract assigns to
/// ingest-masters into <lake>/_runs/<run_id>/. A table appears whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "ingest-masters", version, after_help = EXAMPLE)]
pub struct IngestMasters {
    /// Dump to read [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_MASTERS_DUMP", value_name = "FILE")]
    masters_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestArgs,
}

const EXAMPLE: &str = "\
Example:
  ingest-masters --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --masters-dump /data/raw/2026-11/discogs_20261101_masters.xml.gz";

/// Runs `ingest-masters`.
pub fn main() -> ExitCode {
    super::task(|task: IngestMasters, call| ingest_dump::<Masters>(task.masters_dump, task.ingest, call))
}
