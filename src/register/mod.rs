//! Tables of the lake in Trino's metastore.
//!
//! ```text
//! contract.yml, views/*.sql ─▶ Plan (what should be there) ─▶ Schema::apply (what changed) ─▶ verify (what Trino reads)
//!                                     └─▶ bootstrap_discogs.sql
//! ```
//!
//! Schema `discogs` goes through `active`, so a promotion needs no change here; `discogs_r_<run_id>` stays with one run;
//! `discogs_history` is what is kept about the runs.
//! What register-tables made carries a mark and a digest in its comment (`definition.rs`): by that it knows what is up to
//! date and what is not its own. Columns are added where the table stands and views are replaced in one step, so what
//! people query is never away.

mod bootstrap_file;
mod definition;
mod plan;
mod schema;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::history::HistoryContract;
use crate::lake::{Lake, Run, RunId, SealedRun};
use crate::sql::{Trino, TrinoParameters, quoted};
use crate::table::Contract;
use crate::task::{Call, Failure, boolean};

use plan::Plan;
pub use schema::{Change, Schema};

/// What register-tables takes.
#[derive(Args, Debug)]
pub struct RegisterParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// A sealed run that gets a schema of its own, beside the one over active
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<RunId>,

    /// Give every sealed run that is whole a schema of its own
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub all_runs: bool,

    #[command(flatten)]
    pub trino: TrinoParameters,

    /// Where to write the statements for Trino's own command line, outside of the lake's runs [default:
    /// _meta/bootstrap_discogs.sql in the lake]
    #[arg(long, value_name = "FILE")]
    pub bootstrap_file: Option<PathBuf>,

    /// Replace tables that changed in their location or in columns they had, which takes each away for an instant
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub replace_tables: bool,
}

/// Registers what is published, what is kept about the runs, and the run that is named if it is sealed, or all of them.
/// Skipped without trino_url; the statements are written all the same.
pub fn register_tables(parameters: RegisterParameters, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let lake = Lake::open(&parameters.lake)?;
    let active = lake.active()?;
    if let Some(id) = &active {
        call.set_run_id(id);
        let plan = Plan::new(&contract, &lake.run(id)?, "active", &parameters.trino, false)?;
        let schema = format!("{}.{}", quoted(&parameters.trino.trino_catalog), quoted(&parameters.trino.trino_schema));
        let path = bootstrap_file::write(&lake, parameters.bootstrap_file.as_deref(), &plan.script(&schema)?)?;
        call.set_detail("bootstrap_file", path.to_string_lossy().into_owned());
    }
    if parameters.trino.trino_url.is_none() {
        call.skipped("no trino_url is given");
        return Ok(());
    }
    let named = parameters.run_id.as_ref().map(|id| lake.run(id)).transpose()?;
    let named = match named {
        Some(run) if run.is_sealed()? => Some(run),
        _ => None,
    };
    let mut further = if parameters.all_runs { whole_runs(&lake, call)? } else { Vec::new() };
    further.retain(|run| named.as_ref().is_none_or(|named| named.id() != run.id()));
    let history = lake.history().is_there();
    if active.is_none() && named.is_none() && further.is_empty() && !history {
        call.skipped("nothing is published, no sealed run is named, and nothing is kept about runs");
        return Ok(());
    }
    check_root(&parameters)?;

    let trino = &parameters.trino;
    let mut registrar = Registrar {
        contract: &contract,
        parameters: trino,
        replace: parameters.replace_tables,
        changes: BTreeMap::new(),
    };
    if let Some(id) = &active {
        let run = lake.run(id)?;
        SealedRun::open(&run)?;
        registrar.register(&Plan::new(&contract, &run, "active", trino, false)?, &trino.trino_schema)?;
        if lake.active()?.as_ref() != Some(id) {
            call.say(format_args!("active was moved meanwhile; the tables go with it"));
        }
    }
    if let Some(run) = &named {
        call.set_run_id(run.id());
        call.set_detail("run_schema", registrar.register_run(run, false)?);
    }
    // A run of an older version holds what there was then.
    let schemas = further.iter().map(|run| registrar.register_run(run, true)).collect::<anyhow::Result<Vec<_>>>()?;
    if parameters.all_runs {
        call.set_detail("further_run_schemas", schemas);
    }
    if history {
        registrar.register_history(&lake)?;
        call.set_detail("history_schema", trino.history_schema());
    }
    registrar.tell(call);
    Ok(())
}

/// The sealed runs whose files are there with their sizes. Of others it is said why they are left out.
fn whole_runs(lake: &Lake, call: &Call) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for id in lake.run_ids()? {
        let run = lake.run(&id)?;
        if !run.is_sealed()? {
            continue;
        }
        match SealedRun::open(&run).map(|sealed| sealed.misfits().first().map(|file| file.path.clone())) {
            Ok(None) => runs.push(run),
            Ok(Some(path)) => call.say(format_args!("WARN {id} is left out: {path} is missing or of another size")),
            Err(error) => call.say(format_args!("WARN {id} is left out: {error}")),
        }
    }
    Ok(runs)
}

/// Where Trino's root can be seen from here, it must be a lake: a table on a wrong one would make folders there.
fn check_root(parameters: &RegisterParameters) -> Result<(), Failure> {
    let Some(root) = &parameters.trino.trino_lake_root else { return Ok(()) };
    if root.is_dir() && !root.join("_runs").is_dir() {
        return Err(Failure::parameters(format!("parameter trino_lake_root: {} is not a lake", root.display()))
            .hint("it is the folder above _runs and active, under the name that Trino's machines have for it"));
    }
    if !root.is_absolute() {
        return Err(Failure::parameters("parameter trino_lake_root: expected an absolute path"));
    }
    Ok(())
}

/// Brings schemas to what the contracts say.
struct Registrar<'r> {
    contract: &'r Contract,
    parameters: &'r TrinoParameters,
    replace: bool,
    changes: BTreeMap<Change, usize>,
}

impl Registrar<'_> {
    /// The schema of one run, whose name it gives. `partly` takes a run that lacks tables.
    fn register_run(&mut self, run: &Run, partly: bool) -> anyhow::Result<String> {
        let schema = self.parameters.run_schema(run.id().as_str());
        let plan = Plan::new(self.contract, run, &format!("_runs/{}", run.id()), self.parameters, partly)?;
        self.register(&plan, &schema)?;
        Ok(schema)
    }

    fn register_history(&mut self, lake: &Lake) -> anyhow::Result<()> {
        let contract = HistoryContract::load()?;
        let name = self.parameters.history_schema();
        let trino = Trino::open(self.parameters, &name)?;
        let schema = Schema::open(&trino, &self.parameters.trino_catalog, &name)?;
        let digits = schema.timestamp_digits()?;
        let plan = Plan::of_history(&contract, lake, self.parameters, digits)?;
        self.apply(&schema, &plan)?;
        let verified = verify::verify(&trino, &schema, &plan.tables);
        // Events that were appended meanwhile are no fault; those that are there now are looked for once more.
        let now = Plan::of_history(&contract, lake, self.parameters, digits)?;
        match verified {
            Err(_) if now.tables.iter().zip(&plan.tables).any(|(now, then)| now.rows != then.rows) => {
                verify::verify(&trino, &schema, &now.tables)
            }
            verified => verified,
        }
    }

    fn register(&mut self, plan: &Plan<'_>, schema: &str) -> anyhow::Result<()> {
        let trino = Trino::open(self.parameters, schema)?;
        let schema = Schema::open(&trino, &self.parameters.trino_catalog, schema)?;
        self.apply(&schema, plan)?;
        verify::verify(&trino, &schema, &plan.tables)
    }

    fn apply(&mut self, schema: &Schema<'_>, plan: &Plan<'_>) -> anyhow::Result<()> {
        for (change, count) in schema.apply_all(&plan.definitions, self.replace)? {
            *self.changes.entry(change).or_default() += count;
        }
        Ok(())
    }

    fn tell(&self, call: &mut Call) {
        let count = |change| self.changes.get(&change).copied().unwrap_or_default();
        for (name, change) in [
            ("created", Change::Created),
            ("altered", Change::Altered),
            ("replaced", Change::Replaced),
            ("unchanged", Change::Unchanged),
        ] {
            call.set_metric(name, count(change));
        }
        if self.changes.keys().all(|change| *change == Change::Unchanged) {
            call.already_done();
        }
        call.say(format_args!(
            "{} created, {} altered, {} replaced, {} were right; what Trino reads is what was written",
            count(Change::Created),
            count(Change::Altered),
            count(Change::Replaced),
            count(Change::Unchanged)
        ));
    }
}

/// Makes what a run holds so far known to Trino, under the run's own schema, and gives a session there.
pub fn register_run(contract: &Contract, run: &Run, parameters: &TrinoParameters) -> anyhow::Result<Trino> {
    let name = parameters.run_schema(run.id().as_str());
    let plan = Plan::new(contract, run, &format!("_runs/{}", run.id()), parameters, true)?;
    let trino = Trino::open(parameters, &name)?;
    let schema = Schema::open(&trino, &parameters.trino_catalog, &name)?;
    schema.apply_all(&plan.definitions, true)?;
    Ok(trino)
}
