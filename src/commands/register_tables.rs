//! `register-tables`: registers the lake's tables with Trino.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::contract::Contract;
use crate::lake::{RunId, SealedRun};
use crate::sql::TrinoParameters;
use crate::tables::register::{Registered, Registrar, check_root, whole_runs, write_bootstrap_file};
use digdag_task::{Call, Switch};

/// Register the lake's tables with Trino
///
/// Schema discogs gets every table, SQL name and view of the contract, over active; a sealed run that is named, or each
/// with --all-runs, gets a schema discogs_r_<run_id> of its own, and schemas of runs that are gone are removed;
/// discogs_history gets the history of the runs. Creates what is missing, alters what changed, leaves alone what others
/// made, then checks that Trino reads what was written. Skipped without trino_url. Also writes bootstrap_discogs.sql,
/// the same statements for Trino's own command line.
#[derive(Debug, Parser)]
#[command(name = "register-tables", version, after_help = EXAMPLE)]
pub struct RegisterTables {
    #[command(flatten)]
    lake: LakeArgs,

    /// Sealed run that gets a schema of its own, beside the one over active
    #[arg(long, value_name = "RUN_ID")]
    run_id: Option<RunId>,

    /// Give every sealed run that is whole a schema of its own, and remove schemas of runs that are gone
    #[arg(long)]
    all_runs: Switch,

    /// File for the statements, outside of the lake's runs [default: _meta/bootstrap_discogs.sql in the lake]
    #[arg(long, value_name = "FILE")]
    bootstrap_file: Option<PathBuf>,

    /// Replace tables whose location or column type changed, each of which is then missing for an instant
    #[arg(long)]
    replace_tables: Switch,

    /// Iceberg catalog of Trino in which each run that gets a schema also gets views pinned to its tag, for which it has to
    /// be staged there; schema discogs_tables gets table_sizes, table_files and table_snapshots over the tables that are there
    #[arg(long, value_name = "NAME")]
    trino_iceberg_catalog: Option<String>,

    #[command(flatten)]
    trino: TrinoParameters,
}

const EXAMPLE: &str = "\
Example:
  register-tables --lake /data/lake --trino-url http://127.0.0.1:8080 --trino-lake-root /data/hive-data";

/// Runs `register-tables`.
pub fn main() -> ExitCode {
    super::task(register_tables)
}

fn register_tables(parameters: RegisterTables, call: &mut Call) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let lake = parameters.lake.open()?;
    let active = lake.active()?;
    if let Some(id) = &active {
        call.set_run_id(id);
        let file = parameters.bootstrap_file.as_deref();
        let path = write_bootstrap_file(&lake, &contract, &lake.run(id)?, &parameters.trino, file)?;
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
    let mut further = if parameters.all_runs.is_on() { whole_runs(&lake, call)? } else { Vec::new() };
    further.retain(|run| named.as_ref().is_none_or(|named| named.id() != run.id()));
    let history = lake.history().is_there();
    if active.is_none() && named.is_none() && further.is_empty() && !history && !parameters.all_runs.is_on() {
        call.skipped("nothing is published, no sealed run is named, and nothing is kept about runs");
        return Ok(());
    }
    check_root(&parameters.trino)?;

    let trino = &parameters.trino;
    let task = call.name().to_owned();
    let replace = parameters.replace_tables.is_on();
    let mut registrar = Registrar::new(&lake, &task, &contract, trino, replace, call.observer());
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
    // `partly`: a run of an older version lacks the tables that the contract has gained since.
    let schemas = further.iter().map(|run| registrar.register_run(run, true)).collect::<anyhow::Result<Vec<_>>>()?;
    let pinned = parameters.trino_iceberg_catalog.clone();
    let pinned = pinned.map(|catalog| TrinoParameters { trino_catalog: catalog, ..trino.clone() });
    let mut counts = Vec::new();
    if let Some(trino) = &pinned {
        let mut registrar = Registrar::new(&lake, &task, &contract, trino, replace, call.observer());
        let runs: Vec<_> = named.iter().chain(&further).collect();
        let schemas = runs.iter().map(|run| registrar.register_pinned(run)).collect::<anyhow::Result<Vec<_>>>()?;
        call.set_detail("pinned_schemas", schemas);
        call.set_detail("about_schema", registrar.register_about()?);
        if parameters.all_runs.is_on() {
            call.set_detail("removed_pinned_schemas", registrar.remove_pruned()?);
        }
        counts.push(registrar.registered());
    }
    if history {
        registrar.register_history()?;
        call.set_detail("history_schema", trino.history_schema());
    }
    let mut removed = Vec::new();
    if parameters.all_runs.is_on() {
        call.set_detail("further_run_schemas", schemas);
        removed = registrar.remove_pruned()?;
        call.set_detail("removed_run_schemas", removed.clone());
    }
    counts.push(registrar.registered());
    report(&counts, removed.len(), call);
    Ok(())
}

fn report(done: &[Registered], removed: usize, call: &mut Call) {
    let sum = |count: fn(&Registered) -> usize| done.iter().map(count).sum::<usize>();
    let (created, altered) = (sum(|done| done.created), sum(|done| done.altered));
    let (replaced, unchanged) = (sum(|done| done.replaced), sum(|done| done.unchanged));
    let counts = [("created", created), ("altered", altered), ("replaced", replaced), ("unchanged", unchanged)];
    counts.into_iter().for_each(|(name, count)| call.set_metric(name, count));
    if created + altered + replaced + removed == 0 {
        call.already_done();
    }
    call.summary(format_args!(
        "{created} created, {altered} altered, {replaced} replaced, {unchanged} unchanged; Trino reads what was written"
    ));
}
