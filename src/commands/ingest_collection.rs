//! `ingest-collection`: reads a user's collection into the table `collection` of a run.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use super::{RunArgs, classified};
use crate::contract::Contract;
use crate::ingest::CollectionFiles;
use crate::ingest::record::collection::Collection;
use crate::lake::{self, Dataset};
use crate::parquet::ParquetEncodings;
use digdag_task::{Call, InputFile, Switch};

/// Read a user's collection into the table `collection` of a run
///
/// Reads pages of the API (an object with releases or items, or a bare list) or the site's CSV export, and writes
/// <lake>/_runs/<run_id>/collection/. Without a collection the task is skipped.
#[derive(Debug, Parser)]
#[command(name = "ingest-collection", version, after_help = EXAMPLE)]
pub struct IngestCollection {
    #[command(flatten)]
    run: RunArgs,

    /// Folder of pages from the API, one page, or the site's CSV export; without it the task is skipped
    #[arg(long, env = "DISCOGS_COLLECTION_JSON", value_name = "PATH")]
    collection: Option<PathBuf>,

    /// Names of the files in the folder that are pages
    #[arg(long, env = "DISCOGS_COLLECTION_PATTERN", value_name = "PATTERN", default_value = "discogs_page_*.json")]
    collection_pattern: glob::Pattern,

    /// Encodings of the Parquet files: compact, or compatible with readers such as Spark 3.3 and fastparquet
    #[arg(long, value_name = "ENCODINGS", default_value = "compact")]
    parquet_encodings: ParquetEncodings,

    /// Replace the collection in the run if it was made from other files and the run is not sealed
    #[arg(long)]
    replace: Switch,
}

const EXAMPLE: &str = "\
Example:
  ingest-collection --lake /data/lake --run-id 2026-11__20261120_000000 --collection /data/raw/collection";

/// Runs `ingest-collection`.
pub fn main() -> ExitCode {
    super::task(ingest_collection)
}

fn ingest_collection(parameters: IngestCollection, call: &mut Call) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run.run_id);
    let Some(given) = &parameters.collection else {
        call.skipped("no collection was given");
        return Ok(());
    };
    let contract = Contract::load()?;
    let run = parameters.run.open(call)?;
    let producer = parameters.parquet_encodings.producer(call.name());
    for rows in Collection::declarations() {
        rows.check(&contract)?;
    }
    let table = contract.table("collection")?;

    let pages = CollectionFiles::find(given, &parameters.collection_pattern)?;
    for (path, input) in pages.files.iter().zip(&pages.inputs) {
        call.add_input(InputFile { path: path.clone(), bytes: input.bytes, sha256: input.sha256.clone() });
    }
    if let Some(there) = run.dataset(&table.folder())? {
        if there.made_from(&producer, &pages.inputs) {
            call.already_done();
            report(call, &there);
            return Ok(());
        }
        if !parameters.replace.is_on() {
            let (run, table) = (run.id().clone(), there.table);
            return Err(lake::Error::HoldsDataset { run, table, inputs: "other files" }.into());
        }
    }
    let writable = Arc::new(run.writable(call.name())?);
    let recorder = writable.clone();
    call.record_with(move |outcome| recorder.record(outcome).map_err(classified));
    let dataset = pages.ingest(&run, &writable, table, &producer, parameters.replace.is_on())?;
    report(call, &dataset);
    Ok(())
}

fn report(call: &mut Call, dataset: &Dataset) {
    call.add_table(dataset.count());
    for (name, count) in &dataset.counted.anomalies {
        call.add_anomaly(name, *count);
    }
    call.summary(format_args!("{} items", dataset.rows));
}
