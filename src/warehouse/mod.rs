//! The derived tables: `sql/warehouse/*.sql`, run over the datasets of a run.
//!
//! The query streams out of the engine into the same Parquet writer that ingest uses. Each query has a total ORDER BY,
//! so the bytes depend on its rows alone, and not on the engine's threads or version. With `engine=trino` a cluster
//! runs the same files and writes with its own writers (`trino.rs`): the rows are equal, which is verified, and the
//! bytes differ.

mod trino;

use std::sync::Arc;

use anyhow::Context;

use crate::contract::{Contract, Table};
use crate::lake::{self, Counted, Dataset, InputIdentity, Producer, Run, StagedDataset, Staging, WritableRun};
use crate::parquet::{DatasetWriter, ParquetEncodings, arrow_schema};
use crate::sql::{DuckDb, Engine, EngineName, EngineSelection, SqlFile};
use digdag_task::{Failure, SharedObserver};

/// A table of the warehouse, and the query that computes it.
pub struct Build<'c> {
    /// The table to build.
    pub table: &'c Table,
    file: SqlFile,
    /// The functions of `sql/functions` that the query calls.
    functions: Vec<SqlFile>,
}

impl<'c> Build<'c> {
    /// Loads the query of a table.
    ///
    /// # Errors
    /// Returns an error if sql/warehouse has no query of that name.
    pub fn new(table: &'c Table, engine: EngineName) -> anyhow::Result<Self> {
        let file = SqlFile::load(&format!("warehouse/{}", table.name))?;
        let mut functions = SqlFile::folder(match engine {
            EngineName::Duckdb => "functions/duckdb",
            EngineName::Trino => "functions/trino",
        })?;
        functions.retain(|function| file.calls(&function.name));
        Ok(Build { table, file, functions })
    }
}

/// Builds tables into a run, each unless the run holds it already.
pub struct Builder<'b> {
    run: &'b Run,
    contract: &'b Contract,
    producer: Producer,
    replace: bool,
    observer: SharedObserver,
    /// Created when the first table has to be built, so a run that holds all tables is left alone.
    output: Option<BuildOutput>,
}

/// The locked run and the task's staging folder in it.
struct BuildOutput {
    writable: Arc<WritableRun>,
    staging: Staging,
}

impl<'b> Builder<'b> {
    /// Returns a builder for one run.
    pub fn new(
        run: &'b Run,
        contract: &'b Contract,
        producer: Producer,
        replace: bool,
        observer: SharedObserver,
    ) -> Self {
        Builder { run, contract, producer, replace, observer, output: None }
    }

    /// Builds a table unless the run holds it already. Returns its dataset, and whether this call built it. Calls
    /// `on_begin` once, with the locked run, before the first table is built.
    ///
    /// # Errors
    /// Returns an error if a table that the query reads is missing, or if the run holds the table made from other
    /// inputs and `replace` is false.
    pub fn build(
        &mut self,
        build: &Build<'_>,
        selection: &EngineSelection,
        on_begin: impl FnOnce(Arc<WritableRun>),
    ) -> anyhow::Result<(Dataset, bool)> {
        let sources = self.sources(build)?;
        let mut inputs: Vec<InputIdentity> = sources.iter().map(Dataset::identity).collect();
        for file in [&build.file].into_iter().chain(&build.functions) {
            inputs.push(InputIdentity::of_text(&file.path, &file.text));
        }
        if let Some(there) = self.run.dataset(&build.table.folder())? {
            if there.made_from(&self.producer, &inputs) {
                return Ok((there, false));
            }
            if !self.replace {
                let (run, table) = (self.run.id().clone(), there.table);
                return Err(lake::Error::HoldsDataset { run, table, inputs: "other tables" }.into());
            }
        }
        let run = self.run;
        let output = self.output(on_begin)?;
        let writable = output.writable.clone();
        let folder = output.staging.folder().to_owned();
        let staged = output.staging.dataset(run, &build.table.folder())?;

        let (staged, dataset) = match selection.engine {
            EngineName::Duckdb => {
                let engine = DuckDb::open(&selection.duckdb, &folder.join("spill"))?;
                self.build_by_duckdb(&engine, build, &sources, staged, &inputs)?
            }
            EngineName::Trino => {
                let work = trino::TrinoBuild {
                    run,
                    contract: self.contract,
                    table: build.table,
                    query: &build.file,
                    parameters: selection,
                    observer: &self.observer,
                    staging: &folder,
                };
                work.build(staged, &self.producer, &inputs)?
            }
        };
        writable.commit(staged, &dataset, self.replace)?;
        Ok((dataset, true))
    }

    fn build_by_duckdb(
        &self,
        engine: &DuckDb,
        build: &Build<'_>,
        sources: &[Dataset],
        staged: StagedDataset,
        inputs: &[InputIdentity],
    ) -> anyhow::Result<(StagedDataset, Dataset)> {
        for dataset in sources {
            let name = dataset.table.rsplit('/').next().unwrap_or_default();
            engine.mount(name, &self.run.dataset_files(dataset))?;
        }
        let schema = arrow_schema(build.table);
        let mut writer = DatasetWriter::new(build.table, staged)?.with_encodings(ParquetEncodings::of(&self.producer));
        engine.stream(&build.file.text, &build.file.path, |batch| {
            let columns = batch.columns().to_vec();
            let batch = arrow::record_batch::RecordBatch::try_new(schema.clone(), columns)
                .with_context(|| format!("{} gives other columns than the contract", build.file.path))?;
            writer.append(batch)
        })?;
        writer.finish(self.run, &self.producer, inputs, &Counted::default())
    }

    /// Returns the datasets that a query declares as its inputs. The query cannot read any other.
    fn sources(&self, build: &Build<'_>) -> anyhow::Result<Vec<Dataset>> {
        let mut sources = Vec::new();
        for name in build.file.header_names("reads") {
            let table = self.contract.table(name).with_context(|| build.file.path.clone())?;
            let dataset = self.run.dataset(&table.folder())?.ok_or_else(|| {
                Failure::input(format!(
                    "run {} holds no {name}, which {} is built from",
                    self.run.id(),
                    build.table.name
                ))
                .hint(format!("run {} for it first", table.producer))
            })?;
            sources.push(dataset);
        }
        Ok(sources)
    }

    /// Returns the output of the builds. Locks the run and calls `on_begin` before the first build.
    fn output(&mut self, on_begin: impl FnOnce(Arc<WritableRun>)) -> anyhow::Result<&BuildOutput> {
        match &mut self.output {
            Some(output) => Ok(output),
            none => {
                let writable = Arc::new(self.run.writable(&self.producer.task)?);
                on_begin(writable.clone());
                let staging = writable.staging()?;
                Ok(none.insert(BuildOutput { writable, staging }))
            }
        }
    }
}
