//! `alter-table`: changes the columns of an Iceberg table of your own.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::tables::iceberg::{self, CatalogArgs, Changes};
use digdag_task::{Call, Switch};

/// Add, rename, widen, drop or move columns of an Iceberg table of your own
///
/// All changes are made in order, in one commit; no file is rewritten, and older snapshots keep their columns. A change
/// that Iceberg does not allow is refused by table and column before anything is written. The tables of the runs follow
/// the data contract instead.
#[derive(Debug, Parser)]
#[command(name = "alter-table", version, after_help = EXAMPLE)]
pub struct AlterTable {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table to change, such as mine.sales or sales
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: String,

    /// Changes, separated by semicolons: add NAME TYPE, rename NAME to NAME, widen NAME to TYPE, drop NAME, move NAME
    /// first, move NAME after NAME; a name with a space stands in double quotes
    #[arg(long, value_name = "CHANGES")]
    pub(crate) changes: Changes,

    /// Show the columns that the table would have, and change nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
}

const EXAMPLE: &str = "\
Example:
  alter-table --lake /data/lake --table mine.sales --changes 'add country varchar; widen amount to bigint'";

/// Runs `alter-table`.
pub fn main() -> ExitCode {
    super::task(alter_table)
}

/// Changes columns of one of people's tables, in one commit.
///
/// # Errors
/// Fails if the table is one of the data contract, if Iceberg does not allow a change, if another task holds the lake's
/// lock, or if the catalog refuses the commit.
fn alter_table(parameters: AlterTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let mut publication = iceberg::lock(&lake, call.name(), &parameters.catalog)?;
    let tables = publication.existing_tables()?;
    let dry_run = parameters.dry_run.is_on();
    let columns = tables.alter(&parameters.table, &parameters.changes, dry_run)?;
    call.set_metric("changes", parameters.changes.0.len());
    call.set_detail("columns", columns.clone());
    let (table, columns) = (&parameters.table, columns.join(", "));
    if dry_run {
        call.skipped(format!("dry_run: {table} would have the columns {columns}"));
    } else {
        call.say(format_args!("{table} has the columns {columns}"));
    }
    Ok(())
}
