//! `aggregate-table`: groups the rows of a table of people's own into another one.

use std::process::ExitCode;

use clap::Parser;
use lake_catalog::PartitionBy;

use super::LakeArgs;
use super::screen::counted;
use crate::own::aggregate::{self, Group, Measure, Request};
use crate::own::{List, Target};
use crate::sql::EngineParameters;
use crate::tables::iceberg::{CatalogArgs, OwnName};
use digdag_task::{Call, Switch, TableCount};

/// Group the rows of a table of your own into an aggregate table
///
/// Groups by columns and by the day, week, month, quarter or year of columns, and computes counts, sums, means, smallest
/// and largest values. All rows of the aggregate are replaced in one commit: a reader sees it before or after. While its
/// source is unchanged, a call changes nothing, so it may be scheduled.
#[derive(Debug, Parser)]
#[command(name = "aggregate-table", version, after_help = EXAMPLE)]
pub struct AggregateTable {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Table whose rows are grouped, such as mine.sales
    #[arg(long, value_name = "TABLE")]
    pub(crate) from: OwnName,

    /// Aggregate table, which the first call creates, such as mine.sales_by_month
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: OwnName,

    /// Columns and periods: COLUMN, day(COLUMN), week(COLUMN), month(COLUMN), quarter(COLUMN), year(COLUMN), or NAME=… of one
    #[arg(long, value_name = "GROUP,…")]
    pub(crate) by: List<Group>,

    /// Numbers of each group: NAME=count, or NAME=FUNCTION:COLUMN with count, count_distinct, sum, avg, min or max
    #[arg(long, value_name = "NAME=FUNCTION:COLUMN,…")]
    pub(crate) agg: List<Measure>,

    /// Partitions of a new table, such as year(month)
    #[arg(long, value_name = "PARTITION,…", default_value = "none")]
    pub(crate) partition: List<PartitionBy>,

    /// Compute the rows, and commit nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  aggregate-table --lake /data/lake --from mine.sales --table mine.sales_by_month \\
    --by 'month(sold),label' --agg 'revenue=sum:price,orders=count'";

/// Runs `aggregate-table`.
pub fn main() -> ExitCode {
    super::task(aggregate_table)
}

/// Computes an aggregate table from its source.
///
/// # Errors
/// Fails if a column is missing or of another kind, or if the catalog refuses the commit. The table is unchanged then.
fn aggregate_table(parameters: AggregateTable, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let request = Request {
        from: parameters.from.0.clone(),
        into: parameters.table.0.clone(),
        by: parameters.by.0.clone(),
        measures: parameters.agg.0.clone(),
        partition: parameters.partition.0.clone(),
        dry_run: parameters.dry_run.is_on(),
    };
    let target = Target { lake: &lake, task: call.name(), catalog: &parameters.catalog };
    let Some(done) = aggregate::aggregate(&target, &request, &parameters.engine, call)? else {
        call.already_done_because(format!("{} shows {} as it is", request.into, request.from));
        return Ok(());
    };
    let (table, files) = (request.into.to_string(), done.files as u64);
    call.set_metric("rows", done.rows);
    call.set_detail("table", table.clone());
    let what = format!("{} of {}", counted(done.rows as usize, "group"), request.from);
    match done.snapshot {
        Some(snapshot) => {
            call.set_detail("snapshot_id", snapshot.to_string());
            call.add_table(TableCount { name: table, rows: done.rows, files, bytes: 0 });
            call.summary(format_args!("{}: {what}", request.into));
        }
        None => call.skipped(format!("dry_run: {} would have {what}", request.into)),
    }
    Ok(())
}
