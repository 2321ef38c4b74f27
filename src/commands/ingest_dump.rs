//! The shared part of `ingest-artists`, `ingest-labels`, `ingest-masters` and `ingest-releases`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{RunArgs, classified};
use crate::contract::Contract;
use crate::dump::{DumpFile, Entity};
use crate::ingest::record::Records;
use crate::ingest::{IngestOptions, Pass, already_there, bad_records_name, tables_of};
use crate::lake::{Counted, Dataset, Run};
use crate::store::S3Args;
use digdag_task::{Call, Failure, InputFile};

/// Parameters of every ingest task.
#[derive(Args, Debug)]
pub struct IngestArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    #[command(flatten)]
    pub(crate) options: IngestOptions,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// Reads the dump of an entity into the datasets of a run, all its tables in one pass. If `dump` is `None`, reads the
/// file that preflight found.
pub(super) fn ingest_dump<R: Records>(
    dump: Option<PathBuf>,
    parameters: IngestArgs,
    call: &mut Call,
) -> anyhow::Result<()> {
    let run = parameters.run.open(call)?;
    let options = &parameters.options;
    let contract = Contract::load()?;
    let producer = options.parquet_encodings.producer(call.name());
    let tables = tables_of::<R>(&contract, &producer)?;
    let file = find_dump(&run, R::ENTITY, dump, &parameters.s3)?;

    if let Some(datasets) = already_there(&run, &tables, &producer, &file, options.replace.is_on())? {
        call.already_done();
        report(R::ENTITY, call, &datasets);
        return Ok(());
    }
    let writable = Arc::new(run.writable(call.name())?);
    let recorder = writable.clone();
    call.record_with(move |outcome| recorder.record(outcome).map_err(classified));

    let pass = Pass { run: &run, writable: &writable, contract: &contract, tables: &tables, producer: &producer };
    let done = pass.ingest::<R>(&file, options, call)?;
    call.add_input(InputFile { path: file.path, bytes: done.input.bytes, sha256: done.input.sha256 });
    call.set_metric("xml_bytes", done.xml_bytes);
    call.set_metric("xml_bytes_per_second", (done.xml_bytes as f64 / done.seconds.max(1e-9)).round());
    call.set_metric("threads", done.threads);
    call.set_metric("fallback_blocks", done.fallback_blocks);
    call.set_metric("busy", done.busy);
    call.set_metric("cpu_seconds", done.cpu_seconds);
    report(R::ENTITY, call, &done.datasets);
    Ok(())
}

/// Opens the given dump, or the one that preflight found for the run, with its published checksum if it is known.
pub(super) fn find_dump(
    run: &Run,
    entity: Entity,
    given: Option<PathBuf>,
    server: &S3Args,
) -> anyhow::Result<DumpFile> {
    let description = run.description_if_there()?;
    let path = match (given, &description) {
        (Some(path), _) => path,
        (None, Some(description)) => description.dumps.get(entity.name()).cloned().ok_or_else(|| {
            Failure::parameters(format!("parameter {entity}_dump is missing, and run {} names none", run.id()))
        })?,
        (None, None) => {
            return Err(Failure::parameters(format!("parameter {entity}_dump is missing"))
                .hint(format!("preflight finds the dumps of a month; by hand, give --{entity}-dump FILE"))
                .into());
        }
    };
    let mut file = DumpFile::open_at(&path, server)?;
    if let Some(month) = description.as_ref().map(|it| it.dump_month.clone()).or_else(|| run.id().dump_month()) {
        file.expect_month(&month)?;
    }
    let known = description.and_then(|description| description.checksums.get(entity.name()).cloned());
    file.published_sha256 = known.filter(|known| known.name == file.name()).map(|known| known.sha256);
    Ok(file)
}

/// Returns the message about records that no table holds, or `None` if every record is in a table.
fn left_out(entity: Entity, counted: &Counted) -> Option<String> {
    let count = |name: &str| counted.anomalies.get(name).copied().unwrap_or_default();
    let parts = [
        ("bad_records", format!(" could not be read and are kept in _reports/{}", bad_records_name(entity))),
        ("records_without_key", " have no id that is a number".to_owned()),
    ];
    let parts = parts.into_iter().filter(|(name, _)| count(name) > 0);
    let parts: Vec<_> = parts.map(|(name, what)| format!("{}{what}", count(name))).collect();
    (!parts.is_empty()).then(|| format!("left out: {}", parts.join("; ")))
}

fn report(entity: Entity, call: &mut Call, datasets: &[Dataset]) {
    for dataset in datasets {
        call.add_table(dataset.count());
    }
    let Some(counted) = datasets.first().map(|dataset| &dataset.counted) else { return };
    for (name, count) in &counted.anomalies {
        call.add_anomaly(name, *count);
    }
    if let Some(records) = counted.records {
        call.set_metric("records", records);
        let noun = if records == 1 { "record" } else { "records" };
        call.summary(format_args!("{records} {noun}, {} tables", datasets.len()));
    }
    if let Some(left_out) = left_out(entity, counted) {
        call.say(left_out);
    }
    if !counted.unknown_paths.is_empty() {
        let paths: Vec<_> = counted.unknown_paths.iter().map(|(path, count)| format!("{path} ({count})")).collect();
        call.say(format_args!("paths that no table takes: {}", paths.join(", ")));
        call.set_detail("unknown_paths", serde_json::json!(counted.unknown_paths));
    }
}
