//! Digdag task: reads the artists dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::ingest::record::Artists;
use discogs_lakehouse::ingest::{IngestParameters, ingest_dump};

/// Reads the artists dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_artists.xml.gz once, in bounded memory, and writes every table that the contract gives to
/// ingest-artists into <lake>/_runs/<run_id>/. A table is there whole or not at all.
#[derive(Parser)]
#[command(name = "ingest-artists", version, after_help = EXAMPLE)]
struct IngestArtists {
    /// The dump [default: the one preflight found for the run]
    #[arg(long, env = "DISCOGS_ARTISTS_DUMP", value_name = "FILE")]
    artists_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestParameters,
}

const EXAMPLE: &str = "\
Example:
  ingest-artists --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --artists-dump /data/raw/2026-11/discogs_20261101_artists.xml.gz";

fn main() -> ExitCode {
    task::main(|task: IngestArtists, call| ingest_dump::<Artists>(task.artists_dump, task.ingest, call))
}
