//! The derived tables: `sql/warehouse/*.sql`, run over the datasets of a run.
//!
//! The query streams out of the engine into the same Parquet writer that ingest uses. Each query has a total ORDER BY, so
//! the bytes depend on its rows alone, and not on the engine's threads or version. With `engine=trino` a cluster runs the
//! same files and writes with its own writers (`trino.rs`): the same rows, verified, in bytes of its own.

mod trino;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::contract::{Contract, Table};
use crate::lake::{Counted, Dataset, InputIdentity, Lake, Producer, Run, RunId, StagedDataset, Staging, WritableRun};
use crate::parquet::{DatasetWriter, arrow_schema};
use crate::sql::{DuckDb, Engine, EngineName, EngineSelection, SqlFile};
use digdag_task::{Call, Failure, boolean};

/// What build-warehouse takes.
#[derive(Args, Debug)]
pub struct WarehouseParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to read from and to write to
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: RunId,

    #[command(flatten)]
    pub engine: EngineSelection,

    /// Replace what the run holds already, if it was made from other inputs and the run is not sealed
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub replace: bool,
}

/// Builds every table of the warehouse that the run does not hold yet.
pub fn build_warehouse(parameters: WarehouseParameters, call: &mut Call) -> anyhow::Result<()> {
    call.set_run_id(&parameters.run_id);
    let contract = Contract::load()?;
    let run = Lake::open(&parameters.lake)?.run(&parameters.run_id)?;
    let producer = Producer::this_version(call.name());
    let tables = contract.tables_of(call.name()).into_iter();
    let builds: Vec<_> =
        tables.map(|table| Build::new(table, parameters.engine.engine)).collect::<anyhow::Result<_>>()?;

    let mut builder =
        Builder { run: &run, contract: &contract, producer, replace: parameters.replace, workplace: None };
    for build in &builds {
        let (dataset, built) = builder.build(build, &parameters, call)?;
        call.add_table(dataset.count());
        if built {
            call.say(format_args!("{}: {} rows", build.table.name, dataset.rows));
        }
    }
    if builder.workplace.is_none() {
        call.already_done();
    }
    Ok(())
}

/// A table of the warehouse and the query that makes it.
struct Build<'c> {
    table: &'c Table,
    file: SqlFile,
    /// Those of our functions that it calls.
    functions: Vec<SqlFile>,
}

impl<'c> Build<'c> {
    fn new(table: &'c Table, engine: EngineName) -> anyhow::Result<Self> {
        let file = SqlFile::load(&format!("warehouse/{}", table.name))?;
        let mut functions = SqlFile::folder(match engine {
            EngineName::Duckdb => "functions/duckdb",
            EngineName::Trino => "functions/trino",
        })?;
        functions.retain(|function| file.calls(&function.name));
        Ok(Build { table, file, functions })
    }
}

struct Builder<'b> {
    run: &'b Run,
    contract: &'b Contract,
    producer: Producer,
    replace: bool,
    /// Made when the first table has to be built: a run that holds all is left alone.
    workplace: Option<Workplace>,
}

struct Workplace {
    writable: Arc<WritableRun>,
    staging: Staging,
}

impl Builder<'_> {
    /// The table's dataset, and whether it was built now.
    fn build(
        &mut self,
        build: &Build<'_>,
        parameters: &WarehouseParameters,
        call: &mut Call,
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
                let message = format!(
                    "run {} holds {} already, made from other tables or by another version",
                    self.run.id(),
                    there.table
                );
                return Err(Failure::parameters(message).hint("pass --replace true to have it replaced").into());
            }
        }
        let run = self.run;
        let workplace = self.workplace(call)?;
        let writable = workplace.writable.clone();
        let folder = workplace.staging.folder().to_owned();
        let staged = workplace.staging.dataset(run, &build.table.folder())?;

        let (staged, dataset) = match parameters.engine.engine {
            EngineName::Duckdb => {
                let engine = DuckDb::open(&parameters.engine.duckdb, &folder.join("spill"))?;
                self.build_by_duckdb(&engine, build, &sources, staged, &inputs)?
            }
            EngineName::Trino => {
                let work = trino::TrinoBuild {
                    run,
                    contract: self.contract,
                    table: build.table,
                    query: &build.file,
                    parameters: &parameters.engine,
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
        let mut writer = DatasetWriter::new(build.table, staged)?;
        engine.stream(&build.file.text, &build.file.path, |batch| {
            let columns = batch.columns().to_vec();
            let batch = arrow::record_batch::RecordBatch::try_new(schema.clone(), columns)
                .with_context(|| format!("{} gives other columns than the contract", build.file.path))?;
            writer.append(batch)
        })?;
        writer.finish(self.run, &self.producer, inputs, &Counted::default())
    }

    /// The datasets that a query says it reads; it sees no others.
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

    fn workplace(&mut self, call: &mut Call) -> anyhow::Result<&Workplace> {
        match &mut self.workplace {
            Some(workplace) => Ok(workplace),
            none => {
                let writable = Arc::new(self.run.writable(call.name())?);
                let recorder = writable.clone();
                call.record_with(move |outcome| recorder.record(outcome));
                let staging = writable.staging()?;
                Ok(none.insert(Workplace { writable, staging }))
            }
        }
    }
}
