//! `rollback-table`: moves `main` of Iceberg tables back to an earlier snapshot.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::tables::iceberg::{self, CatalogArgs};
use digdag_task::{Call, Switch};

/// Move main of one Iceberg table, or of all, back to an earlier snapshot
///
/// The snapshot's schema becomes current with it. All tables move in one commit. active stays where it is: rollback
/// moves active and all tables together, and the next promote or rollback moves these tables again.
#[derive(Debug, Parser)]
#[command(name = "rollback-table", version, after_help = EXAMPLE)]
pub struct RollbackTable {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to move, such as silver.releases_v6 or releases_v6 [default: all tables]
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,

    /// Snapshot to move to: a tag, a month (2026-10), a run, a time (2026-11-20T12:00:00Z), a day, or a snapshot id
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: String,

    /// Report what would move, and move nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
}

const EXAMPLE: &str = "\
Example:
  rollback-table --lake /data/lake --table releases_v6 --to month_2026-10";

/// Runs `rollback-table`.
pub fn main() -> ExitCode {
    super::task(rollback_table)
}

/// Moves `main` of the tables to a snapshot, in one commit.
///
/// # Errors
/// Fails if a table has no such snapshot, if another task holds the lake's lock, or if the catalog refuses the commit.
pub(super) fn rollback_table(parameters: RollbackTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let mut publication = iceberg::lock(&lake, call.name(), &parameters.catalog)?;
    let tables = publication.existing_tables()?;
    let moved = tables.move_back(parameters.table.as_deref(), &parameters.to, parameters.dry_run.is_on())?;
    call.set_metric("tables", moved.len());
    call.set_detail("moved", moved.clone());
    if moved.is_empty() {
        call.already_done_because(format!("main is {} already", parameters.to));
    } else if parameters.dry_run.is_on() {
        call.skipped(format!("dry_run: main of {} tables would move to {}", moved.len(), parameters.to));
    } else {
        call.summary(format_args!("main of {} tables is {} now", moved.len(), parameters.to));
    }
    Ok(())
}
