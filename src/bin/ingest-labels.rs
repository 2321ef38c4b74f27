//! Digdag task: reads the labels dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::ingest::record::Labels;
use discogs_lakehouse::ingest::{IngestParameters, ingest_dump};

/// Reads the labels dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_labels.xml.gz once, in bounded memory, and writes every table that the contract gives to
/// ingest-labels into <lake>/_runs/<run_id>/. A table is there whole or not at all.
#[derive(Parser)]
#[command(name = "ingest-labels", version, after_help = EXAMPLE)]
struct IngestLabels {
    /// The dump [default: the one preflight found for the run]
    #[arg(long, env = "DISCOGS_LABELS_DUMP", value_name = "FILE")]
    labels_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestParameters,
}

const EXAMPLE: &str = "\
Example:
  ingest-labels --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --labels-dump /data/raw/2026-11/discogs_20261101_labels.xml.gz";

fn main() -> ExitCode {
    task::main(|task: IngestLabels, call| ingest_dump::<Labels>(task.labels_dump, task.ingest, call))
}
