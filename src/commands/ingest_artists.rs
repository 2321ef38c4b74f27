//! `ingest-artists`: reads the artists dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::ingest_dump::{IngestArgs, ingest_dump};
use crate::ingest::record::Artists;

/// Read the artists dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_artists.xml.gz once, in bounded memory, and writes every table that the contract assigns to
/// ingest-artists into <lake>/_runs/<run_id>/. A table appears whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "ingest-artists", version, after_help = EXAMPLE)]
pub struct IngestArtists {
    /// Dump to read [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_ARTISTS_DUMP", value_name = "FILE")]
    artists_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestArgs,
}

const EXAMPLE: &str = "\
Example:
  ingest-artists --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --artists-dump /data/raw/2026-11/discogs_20261101_artists.xml.gz";

/// Runs `ingest-artists`.
pub fn main() -> ExitCode {
    super::task(|task: IngestArtists, call| ingest_dump::<Artists>(task.artists_dump, task.ingest, call))
}
