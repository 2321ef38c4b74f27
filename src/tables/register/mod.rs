//! Tables of the lake in Trino's metastore.
//!
//! ```text
//! contract.yml, views/*.sql ─▶ Plan (what should be there) ─┐
//!             └─▶ bootstrap_discogs.sql                     ├─▶ Steps (what to do) ─▶ verify (what Trino reads)
//!                                Schema (what is there) ────┘
//! ```
//!
//! Schema `discogs` goes through `active`, so a promotion needs no change here; `discogs_r_<run_id>` stays with one run;
//! `discogs_history` is what is kept about the runs.
//! What register-tables made carries a mark and a digest in its comment (`definition.rs`): by that it knows what is up to
//! date and what is not its own. Columns come and go where the table stands and views are replaced in one step, so what
//! people query is never away; only another location or type needs a swap (`swap.rs`).
//! Schemas are changed under the lake's lock: a table over a folder that was pruned, or that another run is promoted in the
//! place of, would make the folder anew.

mod bootstrap_file;
mod definition;
mod plan;
mod pruned;
mod schema;
mod step;
mod swap;
mod verify;

use std::path::PathBuf;

use clap::Args;

use crate::contract::Contract;
use crate::contract::HistoryContract;
use crate::lake::{Lake, Run, RunId, SealedRun};
use crate::sql::{TrinoParameters, quoted};
use digdag_task::{Call, Failure, boolean};

pub use definition::marked;
use plan::Plan;
pub use schema::Schema;
use step::{Step, Steps};

/// What register-tables takes.
#[derive(Args, Debug)]
pub struct RegisterParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// A sealed run that gets a schema of its own, beside the one over active
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<RunId>,

    /// Give every sealed run that is whole a schema of its own, and remove those of runs that are gone
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub all_runs: bool,

    #[command(flatten)]
    pub trino: TrinoParameters,

    /// Where to write the statements for Trino's own command line, outside of the lake's runs [default:
    /// _meta/bootstrap_discogs.sql in the lake]
    #[arg(long, value_name = "FILE")]
    pub bootstrap_file: Option<PathBuf>,

    /// Replace tables that changed in their location or the type of a column, which takes each away for an instant
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
    if active.is_none() && named.is_none() && further.is_empty() && !history && !parameters.all_runs {
        call.skipped("nothing is published, no sealed run is named, and nothing is kept about runs");
        return Ok(());
    }
    check_root(&parameters)?;

    let trino = &parameters.trino;
    let mut registrar = Registrar {
        lake: &lake,
        task: call.name().to_owned(),
        contract: &contract,
        parameters: trino,
        replace: parameters.replace_tables,
        done: Vec::new(),
    };
    if let Some(id) = &active {
        SealedRun::open(&lake.run(id)?)?;
        registrar.register_active()?;
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
    if history {
        registrar.register_history()?;
        call.set_detail("history_schema", trino.history_schema());
    }
    let mut removed = Vec::new();
    if parameters.all_runs {
        call.set_detail("further_run_schemas", schemas);
        removed = pruned::remove_schemas(&lake, trino, call)?;
        call.set_detail("removed_run_schemas", removed.clone());
    }
    registrar.tell(removed.len(), call);
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
    lake: &'r Lake,
    task: String,
    contract: &'r Contract,
    parameters: &'r TrinoParameters,
    replace: bool,
    /// Of all tables and views.
    done: Vec<Step>,
}

impl Registrar<'_> {
    /// The schema over what is active when its folders are looked at.
    fn register_active(&mut self) -> anyhow::Result<()> {
        let (lake, contract, parameters) = (self.lake, self.contract, self.parameters);
        let plan = || {
            let run = lake.run(&lake.published("promote a sealed run first")?)?;
            Plan::new(contract, &run, "active", parameters, false)
        };
        let (schema, plan) = self.bring_about(&parameters.trino_schema, plan)?;
        verify::verify(&schema, &plan.tables)
    }

    /// The schema of one run, whose name it gives. `partly` takes a run that lacks tables.
    fn register_run(&mut self, run: &Run, partly: bool) -> anyhow::Result<String> {
        let (lake, contract, parameters) = (self.lake, self.contract, self.parameters);
        let name = parameters.run_schema(run.id().as_str());
        let plan = || {
            let run = lake.run(run.id())?;
            Plan::new(contract, &run, &format!("_runs/{}", run.id()), parameters, partly)
        };
        let (schema, plan) = self.bring_about(&name, plan)?;
        verify::verify(&schema, &plan.tables)?;
        Ok(name)
    }

    fn register_history(&mut self) -> anyhow::Result<()> {
        let contract = HistoryContract::load()?;
        let (lake, parameters) = (self.lake, self.parameters);
        let name = parameters.history_schema();
        let digits = Schema::unseen(parameters, &name)?.timestamp_digits()?;
        let plan = || Plan::of_history(&contract, lake, parameters, digits);
        let (schema, then) = self.bring_about(&name, plan)?;
        let verified = verify::verify(&schema, &then.tables);
        // Events that were appended meanwhile are no fault; those that are there now are looked for once more.
        let now = plan()?;
        match verified {
            Err(_) if now.tables.iter().zip(&then.tables).any(|(now, then)| now.rows != then.rows) => {
                verify::verify(&schema, &now.tables)
            }
            verified => verified,
        }
    }

    /// Makes a schema what its plan says. The lake is locked only where something has to change; then both are looked at
    /// once more, for who had it before may have changed them.
    fn bring_about<'p>(
        &mut self,
        name: &str,
        plan: impl Fn() -> anyhow::Result<Plan<'p>>,
    ) -> anyhow::Result<(Schema, Plan<'p>)> {
        let mut planned = plan()?;
        let mut schema = Schema::open(self.parameters, name)?;
        let is_right = |steps: &Steps<'_>| steps.all().all(|step| *step == Step::Keep);
        let steps = Steps::new(&schema, &planned, self.replace)?;
        if is_right(&steps) && swap::unfinished(&schema).is_empty() {
            self.done.extend(steps.all().cloned());
            return Ok((schema, planned));
        }
        let _locked = self.lake.lock(&self.task)?;
        schema.look()?;
        swap::finish_swaps(&mut schema)?;
        planned = plan()?;
        let steps = Steps::new(&schema, &planned, self.replace)?;
        steps.carry_out(&schema)?;
        self.done.extend(steps.all().cloned());
        drop(steps);
        Ok((schema, planned))
    }

    fn tell(&self, removed: usize, call: &mut Call) {
        let count = |is: fn(&Step) -> bool| self.done.iter().filter(|step| is(step)).count();
        let created = count(|step| *step == Step::Create);
        let altered = count(|step| matches!(step, Step::Alter { .. } | Step::ReplaceView));
        let replaced = count(|step| *step == Step::Swap);
        let unchanged = count(|step| *step == Step::Keep);
        let counts = [("created", created), ("altered", altered), ("replaced", replaced), ("unchanged", unchanged)];
        counts.into_iter().for_each(|(name, count)| call.set_metric(name, count));
        if unchanged == self.done.len() && removed == 0 {
            call.already_done();
        }
        call.say(format_args!(
            "{created} created, {altered} altered, {replaced} replaced, {unchanged} were right; what Trino reads is what was \
             written"
        ));
    }
}

/// Makes what a run holds so far known to Trino, under the run's own schema. The caller holds the run, so nobody prunes it.
pub fn register_run(contract: &Contract, run: &Run, parameters: &TrinoParameters) -> anyhow::Result<Schema> {
    let name = parameters.run_schema(run.id().as_str());
    let plan = Plan::new(contract, run, &format!("_runs/{}", run.id()), parameters, true)?;
    let mut schema = Schema::open(parameters, &name)?;
    swap::finish_swaps(&mut schema)?;
    Steps::new(&schema, &plan, true)?.carry_out(&schema)?;
    Ok(schema)
}
