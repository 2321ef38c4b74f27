//! `enforce-retention`: removes rows, months, snapshots and runs that are older than their layer keeps them.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::LakeArgs;
use super::screen::{bytes, columns, counted};
use crate::lake::{Lake, Retention};
use crate::retention::{self, Enforced, LayerDays, Policy, Pruned};
use crate::sql::EngineParameters;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Failure, Switch};

/// Remove rows, months, snapshots and runs that are older than their layer keeps them
///
/// sql/layers.yml says how long: bronze 90 days, silver and mine 730, gold 2555. Of bronze and gold, files go in which all
/// rows are older, by the time of their partition. Of mine, rows go whose ingestion_timestamp is older; a table without
/// that column keeps its rows. Then snapshots go that were made before, with the tags of runs at them, and then the files
/// that no snapshot names. The newest snapshot of a table stays, as do tags and branches of your own.
///
/// The catalogue's tables go by run, and only with runs=true: runs that were begun before the time of silver, unless
/// active, the newest link to an earlier run, or an Iceberg table needs them.
///
/// Shows what would go, and the bytes that would come back; with dry_run=false it removes them.
#[derive(Debug, Parser)]
#[command(name = "enforce-retention", version, after_help = EXAMPLE)]
pub struct EnforceRetention {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Days of layers, instead of those of sql/layers.yml, such as bronze=30,gold=3650
    #[arg(long, value_name = "LAYER=DAYS,…", value_delimiter = ',')]
    pub(crate) keep: Vec<LayerDays>,

    /// Tables of which nothing goes, and tags of runs that stay with their snapshots, separated by commas
    #[arg(long, value_name = "TABLE|TAG,…", value_delimiter = ',')]
    pub(crate) hold: Vec<String>,

    /// Remove runs of the catalogue as well
    #[arg(long)]
    pub(crate) runs: Switch,

    /// Day from which ages are counted; a later one shows what will go [default: today, in UTC]
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<Date>,

    /// Show what would go, and remove nothing
    #[arg(long, default_value = "true")]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  enforce-retention --lake /data/lake                                       show what would go
  enforce-retention --lake /data/lake --keep bronze=30 --dry-run=false
  enforce-retention --lake /data/lake --hold mine.inventory,month_2026-11 --dry-run=false";

/// Runs `enforce-retention`.
pub fn main() -> ExitCode {
    super::task(enforce_retention)
}

/// Enforces the retention, or shows what would go.
///
/// # Errors
/// Fails if a name that is held is unknown, if a file cannot be written or removed, or if the catalog refuses a commit.
fn enforce_retention(parameters: EnforceRetention, call: &mut Call) -> anyhow::Result<()> {
    let now = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    let today = parameters.today.unwrap_or(now);
    let (dry_run, runs) = (parameters.dry_run.is_on(), parameters.runs.is_on());
    if today > now && !dry_run {
        return Err(Failure::parameters(format!("parameter today: {today} is not here yet"))
            .hint("dry_run=true shows what will go")
            .into());
    }
    let lake = parameters.lake.open()?;
    let policy = Policy::new(&parameters.keep, today, &parameters.hold, dry_run)?;
    let catalog = &parameters.catalog;
    let done = retention::enforce(&lake, call.name(), &policy, catalog, &parameters.engine, call)?;
    let pruned = if runs { Some(prune(&lake, &policy, &parameters, call)?) } else { None };
    tell(&done, pruned.as_ref(), dry_run, call)
}

fn prune(lake: &Lake, policy: &Policy, parameters: &EnforceRetention, call: &Call) -> anyhow::Result<Pruned> {
    let open_for = Duration::from_secs(u64::from(Retention::OPEN_HOURS) * 3600);
    let since = policy.first_day("silver").map(|day| day.at(0, 0, 0, 0));
    let retention = Retention { begun_since: since, ..Retention::new(1, Some(1), open_for)? };
    retention::prune(lake, call.name(), &parameters.catalog, retention, policy.dry_run)
}

fn tell(done: &[Enforced], pruned: Option<&Pruned>, dry_run: bool, call: &mut Call) -> anyhow::Result<()> {
    let row = |table: &Enforced| {
        let why = table.kept_because.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
        vec![
            table.table.clone(),
            format!("kept since {}{why}", table.kept_since),
            counted(table.rows as usize, "row"),
            counted(table.expired_snapshots, "snapshot"),
            bytes(table.removed_bytes),
        ]
    };
    for line in columns(&done.iter().map(row).collect::<Vec<_>>(), &[false, false, true, true, true]) {
        call.say(line);
    }
    let going: Vec<_> = pruned.iter().flat_map(|pruned| pruned.plan.removed()).map(|run| &run.run_id).collect();
    for id in &going {
        call.say(format_args!("run {id}"));
    }
    let sum = |of: fn(&Enforced) -> u64| done.iter().map(of).sum::<u64>();
    let freed = sum(|table| table.removed_bytes) + pruned.map_or(0, |pruned| pruned.plan.freed_bytes());
    let rows = sum(|table| table.rows);
    let snapshots = sum(|table| table.expired_snapshots as u64);
    call.set_metric("rows", rows);
    call.set_metric("expired_snapshots", snapshots);
    call.set_metric("removed_files", sum(|table| table.removed_files as u64));
    call.set_metric("removed_runs", going.len());
    call.set_metric("removed_bytes", freed);
    call.set_detail("retention", serde_json::to_value(done)?);
    call.set_detail("runs", serde_json::to_value(&going)?);
    let what = format!(
        "{}, {}, {}: {}",
        counted(rows as usize, "row"),
        counted(snapshots as usize, "snapshot"),
        counted(going.len(), "run"),
        bytes(freed)
    );
    let is_nothing = done.iter().all(Enforced::is_nothing) && pruned.is_none_or(|pruned| pruned.is_nothing);
    match (dry_run, is_nothing) {
        (true, _) => call.skipped(format!("dry_run: {what} would go; dry_run=false removes them")),
        (false, true) => call.already_done_because("nothing is older than its layer keeps it"),
        (false, false) => call.summary(format_args!("{what} removed")),
    }
    Ok(())
}
