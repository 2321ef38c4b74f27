//! Digdag task: reads a user's collection into a run.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::ingest::{CollectionParameters, ingest_collection};

/// Reads a user's collection into the table `collection` of a run
///
/// Reads pages of the API (an object with releases or items, or a bare list) or the site's CSV export, and writes
/// <lake>/_runs/<run_id>/collection/. Without a collection the task is skipped.
#[derive(Parser)]
#[command(name = "ingest-collection", version, after_help = EXAMPLE)]
struct IngestCollection {
    #[command(flatten)]
    parameters: CollectionParameters,
}

const EXAMPLE: &str = "\
Example:
  ingest-collection --lake /data/lake --run-id 2026-11__20261120_000000 --collection /data/raw/collection";

fn main() -> ExitCode {
    task::main(|task: IngestCollection, call| ingest_collection(task.parameters, call))
}
