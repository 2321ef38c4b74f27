//! A pass over a dump: reads and parses the records of an entity, and encodes and commits all of its tables.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use serde_json::Value;

use super::parameters::IngestOptions;
use super::pool::{self, BadRecords, Ingested};
use super::stages::{Stopwatch, Work};
use crate::contract::{Contract, Table};
use crate::dump::{Blocks, DumpFile, Entity, Source, sha256_of_dump};
use crate::ingest::record::{BlockReader, Records, Tally};
use crate::lake::{self, Counted, Dataset, InputIdentity, Producer, Run, StagedDataset, WritableRun};
use crate::parallel::on_threads;
use crate::parquet::{DatasetWriter, arrow_schema};
use digdag_task::{Amount, Observer};

/// The datasets that a pass over a dump wrote, and its measurements.
pub struct IngestedDump {
    /// The datasets in the order of the contract, the main table first.
    pub datasets: Vec<Dataset>,
    /// The identity of the dump file.
    pub input: InputIdentity,
    /// The size of the dump's XML.
    pub xml_bytes: u64,
    /// The duration of the pass.
    pub seconds: f64,
    /// The number of workers.
    pub threads: usize,
    /// Blocks that the scanner left to the reference tokeniser.
    pub fallback_blocks: u64,
    /// Stage → share of the threads' time.
    pub busy: Value,
    /// Stage → seconds of processor time.
    pub cpu_seconds: Value,
}

/// Returns the tables that the entity's records fill, in the order of their batches.
///
/// # Errors
/// Returns an error if the readers' tables and columns differ from those of the contract.
pub fn tables_of<'c, R: Records>(contract: &'c Contract, producer: &Producer) -> anyhow::Result<Vec<&'c Table>> {
    let mut tables = Vec::new();
    for rows in R::declarations() {
        rows.check(contract)?;
        tables.push(contract.table(rows.table)?);
    }
    let declared = contract.tables_of(&producer.task).len();
    anyhow::ensure!(declared == tables.len(), "the contract has {declared} tables of {}", producer.task);
    Ok(tables)
}

/// Returns the datasets of the pass if the run has all of them and an equal producer made them from this dump.
///
/// If size and time of the file are unchanged, the dump is assumed to be the same. If only the time differs, its hash
/// decides.
///
/// # Errors
/// Returns [`lake::Error::HoldsDataset`] if the run has datasets of another dump or producer and they may not be
/// replaced, and an I/O error if a dataset or the dump cannot be read.
pub fn already_there(
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
                && (input.modified == Some(file.modified) || input.sha256 == sha256_of_dump(file, &mut |_| {})?)
        }
        _ => false,
    };
    match same {
        true if datasets.len() == tables.len() => Ok(Some(datasets)),
        true => Ok(None),
        false if replace && !run.is_sealed()? => Ok(None),
        false => {
            let (run, table) = (run.id().clone(), first.table.clone());
            Err(lake::Error::HoldsDataset { run, table, inputs: "another dump" }.into())
        }
    }
}

/// A pass over the dump of an entity, which fills all of its tables.
pub struct Pass<'p> {
    /// The run that gets the datasets.
    pub run: &'p Run,
    /// The run, locked for writing.
    pub writable: &'p WritableRun,
    /// The contract of the tables.
    pub contract: &'p Contract,
    /// The tables of the entity, from [`tables_of`].
    pub tables: &'p [&'p Table],
    /// The task that writes them.
    pub producer: &'p Producer,
}

impl Pass<'_> {
    /// Reads the dump and writes its rows into the run's datasets.
    ///
    /// # Errors
    /// Returns an error of class `Input` if the dump is damaged or does not match its CHECKSUM file; the run is then
    /// unchanged. Returns an I/O error if the dump cannot be opened or a dataset cannot be written.
    pub fn ingest<R: Records>(
        &self,
        file: &DumpFile,
        parameters: &IngestOptions,
        observer: &dyn Observer,
    ) -> anyhow::Result<IngestedDump> {
        let started = Instant::now();
        let staging = self.writable.staging()?;
        let threads = parameters.threads();
        let source = Source::open(file).with_context(|| format!("cannot open {}", file.path.display()))?;
        let blocks = Blocks::new(source, R::ENTITY, usize::try_from(parameters.block_size.0)?);
        let mut writers = Vec::new();
        for table in self.tables {
            let staged = staging.dataset(self.run, &table.folder())?;
            writers.push(DatasetWriter::new(table, staged)?.with_encodings(parameters.parquet_encodings));
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

        let progress = observer.begin(Amount::bytes(file.bytes));
        let in_file = || format!("{}", file.path.display());
        let ingested =
            pool::run(blocks, readers, writers, &mut bad_records, progress.as_ref()).with_context(in_file)?;
        drop(progress);
        let Ingested { blocks, writers, mut tally, fallback_blocks, mut busy } = ingested;
        for name in blocks.root_attributes() {
            let path = format!("{}@{name}", R::ENTITY);
            if !ignored.contains(&path) {
                tally.count_unknown(&path);
            }
        }
        let end = blocks.finish().map_err(|fault| fault.failure(fault.what.clone())).with_context(in_file)?;
        file.expect_sha256(&end.sha256)?;

        let identity = InputIdentity {
            name: file.name(),
            bytes: end.packed_bytes,
            sha256: end.sha256,
            modified: Some(file.modified),
        };
        // The report first: once the datasets are committed, no rerun reads the dump again to list the skipped records.
        let name = bad_records_name(R::ENTITY);
        match bad_records.finish()? {
            Some(path) => self.writable.keep_report(&path, &name)?,
            None => self.writable.remove_report(&name)?,
        }
        let (finished, work) = self.finish(writers, &identity, &counted(tally), threads)?;
        busy.finish = work;
        let datasets = self.commit(finished, parameters.replace.is_on())?;

        Ok(IngestedDump {
            datasets,
            input: identity,
            xml_bytes: end.xml_bytes,
            seconds: started.elapsed().as_secs_f64(),
            threads,
            fallback_blocks,
            busy: busy.shares(started, threads),
            cpu_seconds: busy.cpu_seconds(),
        })
    }

    /// Writes the buffered rows and the footers of all tables, in parallel.
    fn finish(
        &self,
        writers: Vec<DatasetWriter>,
        input: &InputIdentity,
        counted: &Counted,
        threads: usize,
    ) -> anyhow::Result<(Vec<(StagedDataset, Dataset)>, Work)> {
        let finish = |writer: DatasetWriter| {
            let watch = Stopwatch::start();
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

    /// Commits the main table last: a run that has it has the others too.
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

/// Returns the name of the report with the malformed records of an entity.
pub fn bad_records_name(entity: Entity) -> String {
    format!("bad_records_{entity}.xml")
}

/// The file of skipped records, each after a comment with its offset and error. It is created for the first record.
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
