//! `ingest-labels`: reads the labels dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::ingest_dump::{IngestArgs, ingest_dump};
use crate::ingest::record::Labels;

/// Read the labels dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_labels.xml.gz once, in bounded memory, and writes every table that the contract assigns to
/// ingest-labels into <lake>/_runs/<run_id>/. A table appears whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "ingest-labels", version, after_help = EXAMPLE)]
pub struct IngestLabels {
    /// Dump to read [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_LABELS_DUMP", value_name = "FILE")]
    labels_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestArgs,
}

const EXAMPLE: &str = "\
Example:
  ingest-labels --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --labels-dump /data/raw/2026-11/discogs_20261101_labels.xml.gz";

/// Runs `ingest-labels`.
pub fn main() -> ExitCode {
    super::task(|task: IngestLabels, call| ingest_dump::<Labels>(task.labels_dump, task.ingest, call))
}
