//! Tables of the lake in Trino's metastore.
//!
//! ```text
//! contract.yml, views/*.sql ─▶ Plan (wanted tables) ─────┐
//!             └─▶ bootstrap_discogs.sql                  ├─▶ Steps (changes) ─▶ verify (rows that Trino reads)
//!                              Schema (existing tables) ─┘
//! ```
//!
//! The locations of schema `discogs` go through `active`, so a promotion needs no change here; `discogs_r_<run_id>`
//! holds the tables of one run; `discogs_history` holds the history of runs.
//!
//! Every table and view that register-tables creates carries a mark and a digest in its comment (`definition.rs`),
//! which show whether register-tables created it and whether it is up to date. Columns are added and dropped in place
//! and views are replaced in one statement, so a table is never missing; only another location or type needs a swap
//! (`swap.rs`).
//!
//! Schemas are changed under the lake's lock: if a folder were pruned or promoted away meanwhile, Trino would create it
//! again.

mod about;
mod bootstrap_file;
mod create;
mod definition;
mod plan;
mod pruned;
mod schema;
mod step;
mod swap;
mod verify;
mod written;

use std::path::{Path, PathBuf};

use crate::contract::Contract;
use crate::contract::HistoryContract;
use crate::lake::{Lake, Run, SealedRun};
use crate::sql::{Trino, TrinoParameters, quoted};
use digdag_task::{Failure, Observer, SharedObserver};

pub use definition::marked;
use plan::Plan;
pub use schema::Schema;
use step::{Step, Steps};
pub use written::{Checksum, WrittenByTrino, checksum};

/// Returns the sealed runs whose files all exist in the size that the manifest lists. Reports why other sealed runs are
/// left out.
///
/// # Errors
/// Returns an error if the runs of the lake cannot be listed.
pub fn whole_runs(lake: &Lake, observer: &dyn Observer) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for id in lake.run_ids()? {
        let run = lake.run(&id)?;
        if !run.is_sealed()? {
            continue;
        }
        match SealedRun::open(&run).map(|sealed| sealed.files_of_other_size().first().map(|file| file.path.clone())) {
            Ok(None) => runs.push(run),
            Ok(Some(path)) => {
                observer.note(format_args!("WARN {id} is left out: {path} is missing or of another size"))
            }
            Err(error) => observer.note(format_args!("WARN {id} is left out: {error}")),
        }
    }
    Ok(runs)
}

/// Compares what Trino reads of a run, through the tables of a schema, with its files: the rows of each table, and those
/// that pass a filter on its ids. Returns the number of tables.
///
/// # Errors
/// Fails with class `ChecksFailed` if Trino reads other rows, or with Trino's error.
pub fn verify_run(
    contract: &Contract,
    run: &Run,
    trino: &TrinoParameters,
    schema: &str,
    observer: &SharedObserver,
) -> anyhow::Result<usize> {
    let schema = Schema::unseen(trino, schema, observer)?;
    let mut tables = Vec::new();
    for table in &contract.tables {
        if let Some(dataset) = run.dataset(&table.folder())? {
            tables.push(verify::ExpectedTable { table, rows: dataset.rows, files: run.dataset_files(&dataset) });
        }
    }
    verify::verify(&schema, &tables)?;
    Ok(tables.len())
}

/// Checks that the lake's folder as Trino sees it is a lake, if this machine has a folder of that name: a table over a
/// wrong folder would create folders there.
///
/// # Errors
/// Returns an error of class `Parameters` for a root that is relative or is not a lake.
pub fn check_root(parameters: &TrinoParameters) -> Result<(), Failure> {
    let Some(root) = &parameters.trino_lake_root else { return Ok(()) };
    if root.is_dir() && !root.join("_runs").is_dir() {
        return Err(Failure::parameters(format!("parameter trino_lake_root: {} is not a lake", root.display()))
            .hint("it is the folder above _runs and active, under the name that Trino's machines have for it"));
    }
    if !root.is_absolute() {
        return Err(Failure::parameters("parameter trino_lake_root: expected an absolute path"));
    }
    Ok(())
}

/// Updates schemas to the tables and views that the contracts declare.
pub struct Registrar<'r> {
    lake: &'r Lake,
    task: &'r str,
    contract: &'r Contract,
    parameters: &'r TrinoParameters,
    replace: bool,
    observer: SharedObserver,
    /// The steps of all tables and views so far.
    done: Vec<Step>,
}

/// The numbers of tables and views that were created, altered, replaced, and left unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Tables and views that were missing.
    pub created: usize,
    /// Tables whose columns changed, and views whose query did.
    pub altered: usize,
    /// Tables that were swapped for one with another location or type.
    pub replaced: usize,
    /// Tables and views that were up to date.
    pub unchanged: usize,
}

impl<'r> Registrar<'r> {
    /// Returns a registrar that has done nothing yet. `replace` allows it to replace tables whose location or type
    /// changed.
    pub fn new(
        lake: &'r Lake,
        task: &'r str,
        contract: &'r Contract,
        parameters: &'r TrinoParameters,
        replace: bool,
        observer: SharedObserver,
    ) -> Self {
        Registrar { lake, task, contract, parameters, replace, observer, done: Vec::new() }
    }

    /// Registers the tables of the active run in the schema over `active`.
    ///
    /// # Errors
    /// Returns an error if Trino fails, or reads other rows than were written.
    pub fn register_active(&mut self) -> anyhow::Result<()> {
        let (lake, contract, parameters) = (self.lake, self.contract, self.parameters);
        let plan = || {
            let run = lake.run(&lake.published()?)?;
            Plan::new(contract, &run, "active", parameters, false)
        };
        let (schema, plan) = self.apply(&parameters.trino_schema, plan)?;
        verify::verify(&schema, &plan.tables)
    }

    /// Registers the tables of one run in its own schema, and returns the schema's name. `partly` accepts a run that
    /// lacks tables.
    ///
    /// # Errors
    /// Returns an error if Trino fails, or reads other rows than were written.
    pub fn register_run(&mut self, run: &Run, partly: bool) -> anyhow::Result<String> {
        let (lake, contract, parameters) = (self.lake, self.contract, self.parameters);
        let name = parameters.run_schema(run.id().as_str());
        let plan = || {
            let run = lake.run(run.id())?;
            Plan::new(contract, &run, &format!("_runs/{}", run.id()), parameters, partly)
        };
        let (schema, plan) = self.apply(&name, plan)?;
        verify::verify(&schema, &plan.tables)?;
        Ok(name)
    }

    /// Creates views of a run in its own schema of an Iceberg catalog, which is the catalog of this registrar's
    /// parameters, and returns the schema's name.
    ///
    /// # Errors
    /// Returns an error if Trino fails, for instance because the run was not staged, or reads other rows than were
    /// written.
    pub fn register_pinned(&mut self, run: &Run) -> anyhow::Result<String> {
        let (lake, contract, parameters) = (self.lake, self.contract, self.parameters);
        let name = parameters.run_schema(run.id().as_str());
        let plan = || Plan::pinned(contract, &lake.run(run.id())?, &parameters.trino_catalog);
        let (schema, plan) = self.apply(&name, plan)?;
        verify::verify(&schema, &plan.tables)?;
        Ok(name)
    }

    /// Registers the views about the tables of the Iceberg catalog, and returns the schema's name.
    ///
    /// # Errors
    /// Returns an error if Trino fails.
    pub fn register_about(&mut self) -> anyhow::Result<String> {
        let parameters = self.parameters;
        let name = parameters.about_schema();
        let trino = Trino::open(parameters, &name, self.observer.clone())?;
        let plan = || Plan::about(&about::tables(&trino, &parameters.trino_catalog)?, &parameters.trino_catalog);
        self.apply(&name, plan)?;
        Ok(name)
    }

    /// Registers the tables of the history.
    ///
    /// # Errors
    /// Returns an error if Trino fails, or reads other rows than were written.
    pub fn register_history(&mut self) -> anyhow::Result<()> {
        let contract = HistoryContract::load()?;
        let (lake, parameters) = (self.lake, self.parameters);
        let name = parameters.history_schema();
        let digits = Schema::unseen(parameters, &name, &self.observer)?.timestamp_digits()?;
        let plan = || Plan::of_history(&contract, lake, parameters, digits);
        let (schema, then) = self.apply(&name, plan)?;
        let verified = verify::verify(&schema, &then.tables);
        // If events were appended meanwhile, the difference is no error: the rows are compared again with the current
        // files.
        let now = plan()?;
        match verified {
            Err(_) if now.tables.iter().zip(&then.tables).any(|(now, then)| now.rows != then.rows) => {
                verify::verify(&schema, &now.tables)
            }
            verified => verified,
        }
    }

    /// Changes a schema until it matches its plan. Locks the lake only if there is a change to make; then reads the
    /// schema and plans again, because the previous holder of the lock may have changed both.
    fn apply<'p>(
        &mut self,
        name: &str,
        plan: impl Fn() -> anyhow::Result<Plan<'p>>,
    ) -> anyhow::Result<(Schema, Plan<'p>)> {
        let mut planned = plan()?;
        let mut schema = Schema::open(self.parameters, name, &self.observer)?;
        let is_right = |steps: &Steps<'_>| steps.all().all(|step| *step == Step::Keep);
        let steps = Steps::new(&schema, &planned, self.replace)?;
        if is_right(&steps) && swap::unfinished(&schema).is_empty() {
            self.done.extend(steps.all().cloned());
            return Ok((schema, planned));
        }
        let _locked = self.lake.lock(self.task)?;
        schema.look()?;
        swap::finish_swaps(&mut schema)?;
        planned = plan()?;
        let steps = Steps::new(&schema, &planned, self.replace)?;
        steps.carry_out(&schema)?;
        self.done.extend(steps.all().cloned());
        drop(steps);
        Ok((schema, planned))
    }

    /// Removes the schemas of runs that are gone and returns their names.
    ///
    /// # Errors
    /// Returns an error if Trino fails or another process holds the lake's lock.
    pub fn remove_pruned(&self) -> anyhow::Result<Vec<String>> {
        pruned::remove_schemas(self.lake, self.parameters, self.task, &self.observer)
    }

    /// Returns the counts of the steps so far.
    pub fn registered(&self) -> Registered {
        let count = |is: fn(&Step) -> bool| self.done.iter().filter(|step| is(step)).count();
        Registered {
            created: count(|step| *step == Step::Create),
            altered: count(|step| matches!(step, Step::Alter { .. } | Step::ReplaceView)),
            replaced: count(|step| *step == Step::Swap),
            unchanged: count(|step| *step == Step::Keep),
        }
    }
}

/// Writes the statements that create the active run's tables, for Trino's own command line, and returns the file's
/// path.
///
/// # Errors
/// Returns an error if the file lies among the runs or cannot be written.
pub fn write_bootstrap_file(
    lake: &Lake,
    contract: &Contract,
    active: &Run,
    parameters: &TrinoParameters,
    file: Option<&Path>,
) -> anyhow::Result<PathBuf> {
    let plan = Plan::new(contract, active, "active", parameters, false)?;
    let schema = format!("{}.{}", quoted(&parameters.trino_catalog), quoted(&parameters.trino_schema));
    bootstrap_file::write(lake, file, &plan.script(&schema)?)
}

/// Registers the tables that a run holds so far in the run's own schema. The caller holds the run's lock, so it is not
/// pruned.
///
/// # Errors
/// Returns an error if Trino fails, or if something in the schema was not made by register-tables.
pub fn register_run(
    contract: &Contract,
    run: &Run,
    parameters: &TrinoParameters,
    observer: &SharedObserver,
) -> anyhow::Result<Schema> {
    let name = parameters.run_schema(run.id().as_str());
    let plan = Plan::new(contract, run, &format!("_runs/{}", run.id()), parameters, true)?;
    let mut schema = Schema::open(parameters, &name, observer)?;
    swap::finish_swaps(&mut schema)?;
    Steps::new(&schema, &plan, true)?.carry_out(&schema)?;
    Ok(schema)
}
