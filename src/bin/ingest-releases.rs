//! Digdag task: reads the releases dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::ingest::record::Releases;
use discogs_lakehouse::ingest::{IngestParameters, ingest_dump};

/// Reads the releases dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_releases.xml.gz once, in bounded memory, and writes every table that the contract gives to
/// ingest-releases into <lake>/_runs/<run_id>/. A table is there whole or not at all.
#[derive(Parser)]
#[command(name = "ingest-releases", version, after_help = EXAMPLE)]
struct IngestReleases {
    /// The dump [default: the one preflight found for the run]
    #[arg(long, env = "DISCOGS_RELEASES_DUMP", value_name = "FILE")]
    releases_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestParameters,
}

const EXAMPLE: &str = "\
Example:
  ingest-releases --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --releases-dump /data/raw/2026-11/discogs_20261101_releases.xml.gz";

fn main() -> ExitCode {
    task::main(|task: IngestReleases, call| ingest_dump::<Releases>(task.releases_dump, task.ingest, call))
}
