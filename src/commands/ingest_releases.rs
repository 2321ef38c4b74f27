//! `ingest-releases`: reads the releases dump into the tables of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::ingest_dump::{IngestArgs, ingest_dump};
use crate::ingest::record::Releases;

/// Read the releases dump into the tables of a run
///
/// Reads discogs_YYYYMMDD_releases.xml.gz once, in bounded memory, and writes every table that the contract assigns to
/// ingest-releases into <lake>/_runs/<run_id>/. A table appears whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "ingest-releases", version, after_help = EXAMPLE)]
pub struct IngestReleases {
    /// Dump to read [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_RELEASES_DUMP", value_name = "FILE")]
    releases_dump: Option<PathBuf>,

    #[command(flatten)]
    ingest: IngestArgs,
}

const EXAMPLE: &str = "\
Example:
  ingest-releases --lake /data/lake --run-id 2026-11__20261120_000000 \\
      --releases-dump /data/raw/2026-11/discogs_20261101_releases.xml.gz";

/// Runs `ingest-releases`.
pub fn main() -> ExitCode {
    super::task(|task: IngestReleases, call| ingest_dump::<Releases>(task.releases_dump, task.ingest, call))
}
