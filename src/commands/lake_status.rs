//! `lake-status`: lists the runs of a lake.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lake_catalog::Access;
use serde::Serialize;

use super::LakeArgs;
use super::failure_of;
use super::screen::{age, bytes, columns, count, counted};
use crate::lake::{DiskUsage, Orphans, Retention, RunId, RunState, RunStatus, run_statuses};
use crate::store::{RemoteLake, WarehouseArgs};
use crate::tables::iceberg::{CatalogArgs, Figures, Tables};
use digdag_task::{Call, Switch};

/// List the runs of a lake
///
/// Shows each run with its state (open, sealed, damaged), tables, rows, size and age, and whether it is or was active.
/// `own` is the space that pruning the run frees, `shared` what other runs hold as well. Also shows how much earlier
/// tasks left that prune-runs would remove, and how many Iceberg tables and snapshots there are, and, with a
/// warehouse, which runs are there and which one active.json names. Reads descriptions and manifests, not the data; verify-run
/// reads the data.
/// The table goes to stderr, the same as JSON to stdout.
#[derive(Debug, Parser)]
#[command(name = "lake-status", version, after_help = EXAMPLE)]
pub struct LakeStatus {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Print the JSON alone, without the table on stderr
    #[arg(long)]
    pub(crate) json: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,
}

/// The runs in the warehouse.
#[derive(Debug, Serialize)]
struct WarehouseStatus {
    warehouse: String,
    /// The run that `active.json` names.
    active: Option<RunId>,
    /// Whether it is the run that `active` points at.
    follows_active: bool,
    runs: Vec<WarehouseRun>,
}

#[derive(Debug, Serialize)]
struct WarehouseRun {
    run_id: RunId,
    /// Whether it has a manifest.
    whole: bool,
    files: usize,
    bytes: u64,
    /// Whether the lake has the run as well.
    in_lake: bool,
}

const EXAMPLE: &str = "\
Example:
  lake-status --lake /data/lake
  lake-status --lake /data/lake --json | jq '.runs[] | select(.state == \"open\")'";

/// Runs `lake-status`.
pub fn main() -> ExitCode {
    super::task(lake_status)
}

/// Lists the runs of a lake from their descriptions and manifests, without reading data. Lists a damaged run as damaged
/// instead of failing.
fn lake_status(parameters: LakeStatus, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let (active, problem) = match lake.active() {
        Ok(active) => (active, None),
        Err(error) => (None, Some(failure_of(&error))),
    };
    let previous = lake.previous()?;
    let runs = run_statuses(&lake, active.as_ref(), &previous)?;
    let ids: Vec<_> = runs.iter().map(|run| run.run_id.clone()).collect();
    let mut all = DiskUsage::default();
    runs.iter().for_each(|run| all.add(&run.usage));
    let open_for = Duration::from_secs(u64::from(Retention::OPEN_HOURS) * 3600);
    let leftovers = lake.orphans(open_for, &[]);
    let tables = Tables::open(&lake, Access::Read, &parameters.catalog.reaching(&parameters.warehouse))
        .and_then(|tables| tables.map(|mut tables| tables.figures()).transpose());

    let warehouse = parameters
        .warehouse
        .of(&lake)
        .and_then(|warehouse| warehouse.open(1, call.observer()))
        .and_then(|remote| remote.map(|remote| WarehouseStatus::of(&remote, &ids, active.as_ref())).transpose());

    if !parameters.json.is_on() {
        for line in table(&runs) {
            call.say(line);
        }
        match runs.len() {
            0 => call.summary(format_args!("{} holds no run", lake.root().display())),
            1 => call.summary("1 run"),
            runs => call.summary(format_args!(
                "{runs} runs, {} on the disk; {} without sharing",
                bytes(all.disk_bytes()),
                bytes(all.bytes)
            )),
        }
        say_tables(&tables, call);
        say_leftovers(&leftovers, call);
        say_warehouse(&warehouse, call);
        if let Some(problem) = &problem {
            call.say(format_args!("{problem}; {}", problem.hint.as_deref().unwrap_or_default()));
        }
    } else {
        call.quiet();
    }
    if let Some(id) = &active {
        call.set_run_id(id);
    }
    let links: Vec<_> =
        previous.iter().map(|link| serde_json::json!({"name": link.name, "run_id": link.run_id})).collect();
    call.set_detail("lake", lake.root().to_string_lossy().into_owned());
    call.set_detail("active", active.as_ref().map(RunId::as_str));
    call.set_detail("active_problem", problem.map(|problem| problem.message));
    call.set_detail("previous", links);
    call.set_detail("runs", serde_json::to_value(&runs)?);
    call.set_detail("iceberg_tables", serde_json::to_value(tables.ok().flatten())?);
    call.set_detail("warehouse_problem", warehouse.as_ref().err().map(|error| failure_of(error).message));
    call.set_detail("warehouse", serde_json::to_value(warehouse.ok().flatten())?);
    call.set_detail("leftovers", serde_json::to_value(leftovers.ok())?);
    call.set_metric("bytes", all.bytes);
    call.set_metric("disk_bytes", all.disk_bytes());
    Ok(())
}

fn say_tables(tables: &anyhow::Result<Option<Figures>>, call: &Call) {
    match tables {
        Ok(None) => {}
        Ok(Some(found)) => call.say(format_args!(
            "{}, {}, {} in _tables",
            counted(found.tables, "Iceberg table"),
            counted(found.snapshots, "snapshot"),
            bytes(found.disk_bytes)
        )),
        Err(error) => call.say(format_args!("the Iceberg tables cannot be counted: {}", failure_of(error))),
    }
}

fn say_leftovers(leftovers: &anyhow::Result<Orphans>, call: &Call) {
    match leftovers {
        Ok(leftovers) if leftovers.count() == 0 => {}
        Ok(leftovers) => call.say(format_args!(
            "{} of earlier tasks, {}; prune-runs removes them",
            counted(leftovers.count(), "leftover"),
            bytes(leftovers.bytes())
        )),
        Err(error) => call.say(format_args!("the leftovers of earlier tasks cannot be listed: {}", failure_of(error))),
    }
}

impl WarehouseStatus {
    fn of(remote: &RemoteLake, in_lake: &[RunId], active: Option<&RunId>) -> anyhow::Result<Self> {
        let pointer = remote.pointer()?;
        let named = pointer.active().map(|active| active.run_id.clone());
        let sizes = remote.run_sizes()?.into_iter().rev();
        let runs = sizes.map(|run| WarehouseRun {
            in_lake: in_lake.contains(&run.run_id),
            run_id: run.run_id,
            whole: run.whole,
            files: run.files,
            bytes: run.bytes,
        });
        Ok(WarehouseStatus {
            warehouse: remote.address().to_string(),
            follows_active: named.as_ref() == active,
            active: named,
            runs: runs.collect(),
        })
    }
}

fn say_warehouse(warehouse: &anyhow::Result<Option<WarehouseStatus>>, call: &Call) {
    let status = match warehouse {
        Ok(None) => return,
        Ok(Some(status)) => status,
        Err(error) => {
            let problem = failure_of(error);
            let hint = problem.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            return call.say(format_args!("the warehouse cannot be read: {problem}{hint}"));
        }
    };
    let named = status.active.as_ref().map_or_else(|| "no run".to_owned(), |run| format!("run {run}"));
    let differs = if status.follows_active { "" } else { ", which active does not; promote moves both" };
    call.say(format_args!("{}: active.json names {named}{differs}", status.warehouse));
    let header = ["run", "state", "files", "size", ""].map(str::to_owned).to_vec();
    let row = |run: &WarehouseRun| {
        let state = if run.whole { "whole" } else { "not whole" };
        let remark = if run.in_lake { "" } else { "not in the lake; download-run brings it back" };
        vec![run.run_id.to_string(), state.to_owned(), run.files.to_string(), bytes(run.bytes), remark.to_owned()]
    };
    let rows: Vec<_> = [header].into_iter().chain(status.runs.iter().map(row)).collect();
    for line in columns(&rows, &[false, false, true, true, false]) {
        call.say(line);
    }
}

fn role(run: &RunStatus) -> String {
    match (run.active, run.previous.is_empty()) {
        (true, _) => "active".to_owned(),
        (false, false) => "previous".to_owned(),
        (false, true) => String::new(),
    }
}

fn remark(run: &RunStatus) -> String {
    match (&run.problem, &run.locked_by) {
        (Some(problem), _) => problem.clone(),
        (None, Some(holder)) => format!("{} is at work in it", holder.who()),
        (None, None) if run.state == RunState::Sealed && !run.seal_known => {
            "its seal is unknown here; see verify-run --help".to_owned()
        }
        (None, None) => String::new(),
    }
}

fn table(runs: &[RunStatus]) -> Vec<String> {
    if runs.is_empty() {
        return Vec::new();
    }
    let header =
        ["run", "state", "role", "tables", "rows", "size", "own", "shared", "age", ""].map(str::to_owned).to_vec();
    let row = |run: &RunStatus| {
        let state = match run.state {
            RunState::Open => "open",
            RunState::Sealed => "sealed",
            RunState::Damaged => "damaged",
        };
        vec![
            run.run_id.to_string(),
            state.to_owned(),
            role(run),
            run.tables.to_string(),
            count(run.rows),
            bytes(run.bytes),
            bytes(run.own_bytes),
            bytes(run.shared_bytes),
            run.age_seconds.map(age).unwrap_or_default(),
            remark(run),
        ]
    };
    let rows: Vec<_> = [header].into_iter().chain(runs.iter().map(row)).collect();
    columns(&rows, &[false, false, false, true, true, true, true, true, true, false])
}
