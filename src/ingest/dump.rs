use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;

use super::busy::{Watch, Work};
use super::parameters::IngestParameters;
use super::pool::{self, BadRecords, Ingested};
use crate::contract::{Contract, Table};
use crate::dump::{Blocks, DumpFile, Entity, Source};
use crate::ingest::record::{BlockReader, Records, Tally};
use crate::lake::{Counted, Dataset, InputIdentity, Lake, Producer, Run, StagedDataset, WritableRun, sha256_of_file};
use crate::parallel::on_threads;
use crate::parquet::{DatasetWriter, arrow_schema};
use digdag_task::{Call, Failure, InputFile, Progress};

/// Reads the dump of an entity into the datasets of a run, all its tables in one pass.
///
/// `dump` is the file, or nothing for the one that preflight found. Fails with [`digdag_task::Class::Input`] when the
/// dump is damaged, and leaves the run as it was.
pub fn ingest_dump<R: Records>(
    dump: Option<PathBuf>,
    parameters: IngestParameters,
    call: &mut Call,
) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run_id);
    let contract = Contract::load()?;
    let lake = Lake::open(&parameters.lake)?;
    let run = lake.run(&parameters.run_id)?;
    let producer = Producer::this_version(call.name());
    let tables = tables_of::<R>(&contract, &producer)?;
    let file = find_dump::<R>(&run, dump)?;

    if let Some(datasets) = already_there(&run, &tables, &producer, &file, parameters.replace)? {
        call.already_done();
        report(R::ENTITY, call, &datasets);
        return Ok(());
    }
    let writable = Arc::new(run.writable(call.name())?);
    let recorder = writable.clone();
    call.record_with(move |outcome| recorder.record(outcome));

    let pass = Pass { run: &run, writable: &writable, contract: &contract, tables: &tables, producer: &producer };
    let datasets = pass.ingest::<R>(&file, &parameters, call)?;
    report(R::ENTITY, call, &datasets);
    Ok(())
}

/// The tables that the entity's records fill, in the order of their batches, held to the contract.
fn tables_of<'c, R: Records>(contract: &'c Contract, producer: &Producer) -> anyhow::Result<Vec<&'c Table>> {
    let mut tables = Vec::new();
    for rows in R::declarations() {
        contract.check_rows(&rows)?;
        tables.push(contract.table(rows.table)?);
    }
    let declared = contract.tables_of(&producer.task).len();
    anyhow::ensure!(declared == tables.len(), "the contract has {declared} tables of {}", producer.task);
    Ok(tables)
}

fn find_dump<R: Records>(run: &Run, given: Option<PathBuf>) -> anyhow::Result<DumpFile> {
    let entity = R::ENTITY;
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
    let mut file = DumpFile::open(&path)?;
    if let Some(month) = description.as_ref().map(|it| it.dump_month.clone()).or_else(|| run.id().dump_month()) {
        file.expect_month(&month)?;
    }
    let known = description.and_then(|description| description.checksums.get(entity.name()).cloned());
    file.published_sha256 = known.filter(|known| known.name == file.name()).map(|known| known.sha256);
    Ok(file)
}

/// The datasets of the pass, when the run holds them all and they were made from this dump by this version.
///
/// Where the size and the time of the file are those of then, it is taken to be the same; where only the time differs,
/// the file is read and its hash decides.
fn already_there(
    run: &Run,
    tables: &[&Table],
    producer: &Producer,
    file: &DumpFile,
    replace: bool,
) -> anyhow::Result<Option<Vec<Dataset>>> {
    let mut datasets = Vec::new();
    for table in tables {
        datasets.extend(run.dataset(&table.folder())?);
    }
    let Some(first) = datasets.first() else { return Ok(None) };
    let same = match first.inputs.first() {
        Some(input) if datasets.iter().all(|dataset| dataset.made_from(producer, std::slice::from_ref(input))) => {
            input.bytes == file.bytes
                && (input.modified == Some(file.modified) || input.sha256 == sha256_of_file(&file.path)?.1)
        }
        _ => false,
    };
    match same {
        true if datasets.len() == tables.len() => Ok(Some(datasets)),
        true => Ok(None),
        false if replace && !run.is_sealed()? => Ok(None),
        false => Err(Failure::parameters(format!(
            "run {} holds {} already, made from another dump or by another version",
            run.id(),
            first.table
        ))
        .hint("begin a new run, or pass --replace true while this one is not sealed")
        .into()),
    }
}

struct Pass<'p> {
    run: &'p Run,
    writable: &'p WritableRun,
    contract: &'p Contract,
    tables: &'p [&'p Table],
    producer: &'p Producer,
}

impl Pass<'_> {
    fn ingest<R: Records>(
        &self,
        file: &DumpFile,
        parameters: &IngestParameters,
        call: &mut Call,
    ) -> anyhow::Result<Vec<Dataset>> {
        let started = Instant::now();
        let staging = self.writable.staging()?;
        let threads = parameters.threads();
        let source = Source::open(file).with_context(|| format!("cannot open {}", file.path.display()))?;
        let blocks = Blocks::new(source, R::ENTITY, usize::try_from(parameters.block_size.0)?);
        let mut writers = Vec::new();
        for table in self.tables {
            writers.push(DatasetWriter::new(table, staging.dataset(self.run, &table.folder())?)?);
        }
        let schemas: Vec<_> = self.tables.iter().map(|table| arrow_schema(table)).collect();
        let ignored: BTreeSet<String> = self.contract.ignored_paths.iter().map(|rule| rule.path.clone()).collect();
        let ignored = Arc::new(ignored);
        let readers = (0..threads)
            .map(|_| {
                BlockReader::<R>::new(schemas.clone(), ignored.clone(), parameters.on_bad_record)
                    .with_tokeniser(parameters.tokeniser)
            })
            .collect();
        let mut bad_records = BadRecordsFile { path: staging.folder().join("bad_records.xml"), file: None };

        let progress = Progress::bytes(call.name(), file.bytes);
        let in_file = || format!("{}", file.path.display());
        let ingested = pool::run(blocks, readers, writers, &mut bad_records, &progress).with_context(in_file)?;
        progress.finish();
        let Ingested { blocks, writers, mut tally, fallback_blocks, mut busy } = ingested;
        for name in blocks.root_attributes() {
            let path = format!("{}@{name}", R::ENTITY);
            if !ignored.contains(&path) {
                tally.count_unknown(&path);
            }
        }
        let end = blocks.finish().map_err(|fault| Failure::input(fault.what)).with_context(in_file)?;
        if file.published_sha256.as_ref().is_some_and(|published| *published != end.sha256) {
            return Err(Failure::input(format!("{} does not match its CHECKSUM file", file.path.display()))
                .hint("fetch the dump again")
                .into());
        }

        let identity = InputIdentity {
            name: file.name(),
            bytes: end.packed_bytes,
            sha256: end.sha256,
            modified: Some(file.modified),
        };
        // Before the datasets: where they are nobody reads the dump again, and what was left out of it must be there.
        let name = bad_records_name(R::ENTITY);
        match bad_records.finish()? {
            Some(path) => self.writable.keep_report(&path, &name)?,
            None => self.writable.remove_report(&name)?,
        }
        let (finished, work) = self.finish(writers, &identity, &counted(tally), threads)?;
        busy.finish = work;
        let datasets = self.commit(finished, parameters.replace)?;

        let seconds = started.elapsed().as_secs_f64();
        call.add_input(InputFile { path: file.path.clone(), bytes: identity.bytes, sha256: identity.sha256 });
        call.set_metric("xml_bytes", end.xml_bytes);
        call.set_metric("xml_bytes_per_second", (end.xml_bytes as f64 / seconds.max(1e-9)).round());
        call.set_metric("threads", threads);
        call.set_metric("fallback_blocks", fallback_blocks);
        call.set_metric("busy", busy.shares(started, threads));
        call.set_metric("cpu_seconds", busy.cpu_seconds());
        Ok(datasets)
    }

    /// Writes what the writers still hold, and the footers.
    fn finish(
        &self,
        writers: Vec<DatasetWriter>,
        input: &InputIdentity,
        counted: &Counted,
        threads: usize,
    ) -> anyhow::Result<(Vec<(StagedDataset, Dataset)>, Work)> {
        let finish = |writer: DatasetWriter| {
            let watch = Watch::start();
            (writer.finish(self.run, self.producer, std::slice::from_ref(input), counted), watch.stop())
        };
        let mut all = Work::default();
        let mut finished = Vec::new();
        for (dataset, work) in on_threads(threads, writers, finish) {
            finished.push(dataset?);
            all.add(work);
        }
        Ok((finished, all))
    }

    /// Commits the main table last: where it is, the others are.
    fn commit(&self, finished: Vec<(StagedDataset, Dataset)>, replace: bool) -> anyhow::Result<Vec<Dataset>> {
        let mut datasets = Vec::new();
        for (staged, dataset) in finished.into_iter().rev() {
            self.writable.commit(staged, &dataset, replace)?;
            datasets.push(dataset);
        }
        datasets.reverse();
        Ok(datasets)
    }
}

fn counted(tally: Tally) -> Counted {
    Counted {
        records: Some(tally.records),
        anomalies: tally.anomalies.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        unknown_paths: tally.unknown_paths,
    }
}

/// Says which records are in no table, if there are any.
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

fn bad_records_name(entity: Entity) -> String {
    format!("bad_records_{entity}.xml")
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
        call.say(format_args!("{records} records, {} tables", datasets.len()));
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

/// The records that were left out, each behind a comment that says where it stood and what is wrong with it.
struct BadRecordsFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl BadRecordsFile {
    fn open(path: &Path) -> std::io::Result<BufWriter<File>> {
        File::create(path).map(BufWriter::new)
    }

    fn finish(self) -> anyhow::Result<Option<PathBuf>> {
        let Some(mut file) = self.file else { return Ok(None) };
        file.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(Some(self.path))
    }
}

impl BadRecords for BadRecordsFile {
    fn keep(&mut self, offset: u64, what: &str, text: &str) -> anyhow::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                BadRecordsFile::open(&self.path).with_context(|| format!("cannot write {}", self.path.display()))?,
            ),
        };
        let what = what.replace("--", "- -");
        writeln!(file, "<!-- byte {offset}: {what} -->\n{}", text.trim())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
