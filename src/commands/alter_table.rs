//! `alter-table`: changes the columns, partitions and order of an Iceberg table of your own.

use std::process::ExitCode;

use clap::Parser;
use lake_catalog::{PartitionBy, SortBy};

use super::LakeArgs;
use crate::own::List;
use crate::tables::iceberg::{self, CatalogArgs, Changes, TableChanges};
use digdag_task::{Call, Failure, Switch};

/// Change the columns, the partitions or the order of an Iceberg table of your own
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
    pub(crate) changes: Option<Changes>,

    /// Partitions of files written from now on: COLUMN, day(COLUMN), month(COLUMN), year(COLUMN), bucket(N, COLUMN),
    /// truncate(N, COLUMN), or none
    #[arg(long, value_name = "PARTITION,…")]
    pub(crate) partition: Option<List<PartitionBy>>,

    /// Order of rows in files written from now on, such as artist,price desc, or none
    #[arg(long, value_name = "COLUMN,…")]
    pub(crate) sort: Option<List<SortBy>>,

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
pub(super) fn alter_table(parameters: AlterTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let mut publication = iceberg::lock(&lake, call.name(), &parameters.catalog)?;
    let tables = publication.existing_tables()?;
    let dry_run = parameters.dry_run.is_on();
    let changes = TableChanges {
        columns: parameters.changes.as_ref(),
        partition: parameters.partition.as_ref().map(|list| &list.0[..]),
        sort: parameters.sort.as_ref().map(|list| &list.0[..]),
    };
    if changes.columns.is_none() && changes.partition.is_none() && changes.sort.is_none() {
        let failure = Failure::parameters("parameters changes, partition and sort are missing");
        return Err(failure.hint("name a change: --changes 'add country varchar'").into());
    }
    let columns = tables.alter(&parameters.table, changes, dry_run)?;
    let arranged = usize::from(changes.partition.is_some()) + usize::from(changes.sort.is_some());
    call.set_metric("changes", changes.columns.map_or(0, |columns| columns.0.len()) + arranged);
    call.set_detail("columns", columns.clone());
    let (table, columns) = (&parameters.table, columns.join(", "));
    if dry_run {
        call.skipped(format!("dry_run: {table} would have the columns {columns}"));
    } else {
        call.summary(format_args!("{table} has the columns {columns}"));
    }
    Ok(())
}
