use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::contract::Contract;
use crate::ingest::record::collection::{Collection, CollectionRows};
use crate::lake::{Counted, Dataset, InputIdentity, Lake, Producer, RunId, sha256_of_file};
use crate::parquet::{DatasetWriter, arrow_schema};
use digdag_task::{Call, Failure, InputFile, boolean};

/// What ingest-collection takes.
#[derive(Args, Debug)]
pub struct CollectionParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to write to, as preflight made it
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,

    /// A folder of pages from the API, one page, or the site's CSV export; without it the task is skipped
    #[arg(long, env = "DISCOGS_COLLECTION_JSON", value_name = "PATH")]
    pub collection: Option<PathBuf>,

    /// Which files of the folder are pages
    #[arg(long, env = "DISCOGS_COLLECTION_PATTERN", value_name = "PATTERN", default_value = "discogs_page_*.json")]
    pub collection_pattern: glob::Pattern,

    /// Replace what the run holds already, if it was made from other inputs and the run is not sealed
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub replace: bool,
}

/// Reads a user's collection into the run's table `collection`. Skipped when none is given.
pub fn ingest_collection(parameters: CollectionParameters, call: &mut Call) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run_id);
    let Some(given) = &parameters.collection else {
        call.skipped("no collection was given");
        return Ok(());
    };
    let contract = Contract::load()?;
    let run = Lake::open(&parameters.lake)?.run(&parameters.run_id)?;
    let producer = Producer::this_version(call.name());
    contract.check_rows(&CollectionRows::declaration())?;
    let table = contract.table("collection")?;

    let files = pages(given, &parameters.collection_pattern)?;
    let mut inputs = Vec::new();
    for file in &files {
        let (bytes, sha256) = sha256_of_file(file)?;
        call.add_input(InputFile { path: file.clone(), bytes, sha256: sha256.clone() });
        inputs.push(InputIdentity { name: file_name(file), bytes, sha256, modified: None });
    }
    if let Some(there) = run.dataset(&table.folder())? {
        if there.made_from(&producer, &inputs) {
            call.already_done();
            report(call, &there);
            return Ok(());
        }
        if !parameters.replace {
            let message = format!("run {} holds a collection already, made from other files", run.id());
            return Err(Failure::parameters(message).hint("pass --replace true to have it replaced").into());
        }
    }
    let writable = Arc::new(run.writable(call.name())?);
    let recorder = writable.clone();
    call.record_with(move |outcome| recorder.record(outcome));

    let staging = writable.staging()?;
    let mut writer = DatasetWriter::new(table, staging.dataset(&run, &table.folder())?)?;
    let schema = arrow_schema(table);
    let mut collection = Collection::default();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| cannot_read(file, &error))?;
        let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let read = if csv { collection.read_csv(&text) } else { collection.read_page(&text) };
        read.map_err(|what| {
            Failure::input(format!("{}: {what}", file.display()))
                .hint("give pages as the API sends them, or the CSV export of the site")
        })?;
        writer.append(collection.finish(&schema)?)?;
    }
    let counted =
        Counted { records: Some(collection.items()), anomalies: collection.anomalies(), ..Counted::default() };
    let (staged, dataset) = writer.finish(&run, &producer, &inputs, &counted)?;
    writable.commit(staged, &dataset, parameters.replace)?;
    report(call, &dataset);
    Ok(())
}

/// The pages of a folder, in the order of their numbers, or the one file.
fn pages(given: &Path, pattern: &glob::Pattern) -> anyhow::Result<Vec<PathBuf>> {
    let metadata = fs::metadata(given).map_err(|error| cannot_read(given, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![given.to_owned()]);
    }
    let mut pages = Vec::new();
    for entry in fs::read_dir(given).map_err(|error| cannot_read(given, &error))? {
        let path = entry.with_context(|| format!("cannot list {}", given.display()))?.path();
        if pattern.matches(&file_name(&path)) {
            pages.push(path);
        }
    }
    if pages.is_empty() {
        return Err(Failure::input(format!("{} holds no file like {pattern}", given.display()))
            .hint("set collection_pattern to how the pages are named")
            .into());
    }
    // Page 10 comes behind page 9: the shorter name first.
    pages.sort_by_key(|path| (file_name(path).len(), file_name(path)));
    Ok(pages)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("the collection {} cannot be read: {error}", path.display()))
        .hint("set collection to a folder of pages, a page, or a CSV export")
}

fn report(call: &mut Call, dataset: &Dataset) {
    call.add_table(dataset.count());
    for (name, count) in &dataset.counted.anomalies {
        call.add_anomaly(name, *count);
    }
    call.say(format_args!("{} items", dataset.rows));
}
