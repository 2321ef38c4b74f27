//! `maintain-tables`: compacts tables, expires their snapshots and removes files that no snapshot names.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use lake_catalog::SnapshotRetention;

use super::LakeArgs;
use super::screen::{bytes, columns, counted};
use crate::lake::Lake;
use crate::own::{self, Elsewhere, Policy, Spark, SparkParameters, Upkeep};
use crate::sql::{EngineParameters, Trino, TrinoParameters};
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Failure, Switch};

/// Compact Iceberg tables, expire their snapshots, and remove files that no snapshot names
///
/// Small files of a table of your own are rewritten, up to 64 MiB each, in the table's order; rows that delete files
/// name are left out. Snapshots that are older than keep_days and not among the keep_snapshots newest expire, unless a
/// tag or a branch names them. Then files are removed that no snapshot of any table names.
///
/// Tables of runs are neither compacted nor expired: there a snapshot is a run, which prune-runs removes. Only files that
/// killed tasks left beside them are removed.
///
/// Shows what it would do; with dry_run=false it does it. Readers find each table before or after it. For a table that is
/// too large for this machine, a Trino or a Spark over the same catalog rewrites the files; the rest is the same.
#[derive(Debug, Parser)]
#[command(name = "maintain-tables", version, after_help = EXAMPLE)]
pub struct MaintainTables {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Tables to maintain, separated by commas [default: all]
    #[arg(long, value_name = "TABLE,…", value_delimiter = ',')]
    pub(crate) tables: Vec<String>,

    /// Newest snapshots of each table to keep
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) keep_snapshots: usize,

    /// Keep snapshots that are younger than DAYS
    #[arg(long, value_name = "DAYS", default_value_t = 5)]
    pub(crate) keep_days: u32,

    /// Keep files that no snapshot names for HOURS after they were written, as a writer may be about to commit them
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub(crate) unnamed_hours: u32,

    /// Show what would be done, and do nothing
    #[arg(long, default_value = "true")]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    /// Engine that rewrites files: DuckDB in this process, the Trino at trino_url, or a Spark that is started
    #[arg(long, value_name = "ENGINE", default_value = "duckdb")]
    pub(crate) engine: Rewriter,

    /// Catalog of Trino over the lake's Iceberg catalog
    #[arg(long, value_name = "NAME", default_value = "iceberg")]
    pub(crate) trino_iceberg_catalog: String,

    #[command(flatten)]
    pub(crate) duckdb: EngineParameters,

    #[command(flatten)]
    pub(crate) trino: TrinoParameters,

    #[command(flatten)]
    pub(crate) spark: SparkParameters,
}

/// An engine that rewrites files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Rewriter {
    /// DuckDB in this process
    Duckdb,
    /// The Trino at trino_url
    Trino,
    /// The Spark that spark_sql starts
    Spark,
}

const EXAMPLE: &str = "\
Example:
  maintain-tables --lake /data/lake                                       show what would be done
  maintain-tables --lake /data/lake --tables mine.inventory --dry-run=false";

/// Runs `maintain-tables`.
pub fn main() -> ExitCode {
    super::task(maintain_tables)
}

/// Maintains tables, or shows what would be done.
///
/// # Errors
/// Fails if the lake has no tables or lacks a named one, or if the catalog refuses a commit.
fn maintain_tables(parameters: MaintainTables, call: &mut Call) -> anyhow::Result<()> {
    if parameters.keep_snapshots == 0 {
        return Err(Failure::parameters("parameter keep_snapshots: expected at least 1, found 0").into());
    }
    let lake = parameters.lake.open()?;
    let dry_run = parameters.dry_run.is_on();
    let kept = Duration::from_secs(u64::from(parameters.keep_days) * 24 * 3600);
    let since = (SystemTime::now() - kept).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let policy = Policy {
        tables: parameters.tables.clone(),
        keep: SnapshotRetention { newest: parameters.keep_snapshots, since: i64::try_from(since).unwrap_or(i64::MAX) },
        unnamed_before: SystemTime::now() - Duration::from_secs(u64::from(parameters.unnamed_hours) * 3600),
        dry_run,
    };
    let elsewhere = elsewhere(&lake, &parameters, call)?;
    let engine = (&parameters.duckdb, elsewhere.as_ref());
    let done = own::maintain(&lake, call.name(), &policy, &parameters.catalog, engine, call)?;
    let busy: Vec<_> = done.iter().filter(|table| !table.is_nothing()).collect();
    show(&busy, call);
    let sum = |of: fn(&Upkeep) -> u64| busy.iter().map(|table| of(table)).sum::<u64>();
    call.set_metric("tables", done.len());
    call.set_metric("rewritten_files", sum(|table| table.rewritten_files as u64));
    call.set_metric("expired_snapshots", sum(|table| table.expired_snapshots as u64));
    call.set_metric("removed_files", sum(|table| table.removed_files as u64));
    call.set_metric("removed_bytes", sum(|table| table.removed_bytes));
    call.set_detail("upkeep", serde_json::to_value(&done)?);
    let text = format!(
        "{} rewritten, {} expired, {} removed ({})",
        counted(sum(|table| table.rewritten_files as u64) as usize, "file"),
        counted(sum(|table| table.expired_snapshots as u64) as usize, "snapshot"),
        counted(sum(|table| table.removed_files as u64) as usize, "file"),
        bytes(sum(|table| table.removed_bytes)),
    );
    match (dry_run, busy.is_empty()) {
        (true, _) => call.skipped(format!("dry_run: {text}; dry_run=false does it")),
        (false, true) => call.already_done(),
        (false, false) => call.summary(text),
    }
    Ok(())
}

/// Returns the engine that rewrites files in place of DuckDB.
fn elsewhere(lake: &Lake, parameters: &MaintainTables, call: &Call) -> anyhow::Result<Option<Elsewhere>> {
    let catalog = parameters.trino_iceberg_catalog.clone();
    Ok(match parameters.engine {
        Rewriter::Duckdb => None,
        Rewriter::Trino if parameters.trino.trino_url.is_none() => {
            call.say("trino_url is missing, so DuckDB rewrites the files");
            None
        }
        Rewriter::Trino => {
            let session = TrinoParameters { trino_catalog: catalog.clone(), ..parameters.trino.clone() };
            Some(Elsewhere::Trino { trino: Trino::open(&session, "mine", call.observer())?, catalog })
        }
        Rewriter::Spark => Some(Elsewhere::Spark(Spark::over(lake, &parameters.spark, &parameters.catalog)?)),
    })
}

fn show(busy: &[&Upkeep], call: &Call) {
    let row = |table: &&Upkeep| {
        vec![
            table.table.clone(),
            format!("{} rewritten", counted(table.rewritten_files, "file")),
            format!("{} expired", counted(table.expired_snapshots, "snapshot")),
            format!("{} removed", counted(table.removed_files, "file")),
        ]
    };
    for line in columns(&busy.iter().map(row).collect::<Vec<_>>(), &[false, true, true, true]) {
        call.say(line);
    }
}
