//! `build-gold`: computes the gold tables from the published run.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::screen::counted;
use crate::gold::{self, Engines, Request};
use crate::sql::EngineSelection;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Switch, TableCount};

/// Build the gold tables from the published run
///
/// Runs the queries of sql/gold on DuckDB, inside this process, or on Trino, checks their rows, and commits all tables
/// together as Iceberg tables of the namespace gold. A table of months replaces the month of the run and keeps the others. Tables
/// that show the run already are left alone, so a second call changes nothing.
#[derive(Debug, Parser)]
#[command(name = "build-gold", version, after_help = EXAMPLE)]
pub struct BuildGold {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Tables to build, separated by commas, such as release_wide [default: all]
    #[arg(long, value_name = "TABLE,…", value_delimiter = ',')]
    pub(crate) tables: Vec<String>,

    /// Compute and check the rows, and commit nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    /// Catalog of Trino over the lake's Iceberg catalog, which has the months before
    #[arg(long, value_name = "NAME", default_value = "iceberg")]
    pub(crate) trino_iceberg_catalog: String,

    #[command(flatten)]
    pub(crate) engine: EngineSelection,
}

const EXAMPLE: &str = "\
Example:
  build-gold --lake /data/lake --memory-limit 2GiB
  build-gold --lake /data/lake --tables monthly_metrics";

/// Runs `build-gold`.
pub fn main() -> ExitCode {
    super::task(build_gold)
}

/// Builds the gold tables that do not show the published run yet.
///
/// # Errors
/// Fails if nothing is published, if rows break a check of `sql/gold/checks`, or if the catalog refuses the commit. No
/// table is changed then.
fn build_gold(parameters: BuildGold, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let request = Request { tables: parameters.tables.clone(), dry_run: parameters.dry_run.is_on() };
    let selection = parameters.engine.resolved(call);
    let engines = Engines { selection: &selection, trino_iceberg_catalog: &parameters.trino_iceberg_catalog };
    let (id, built) = gold::build(&lake, call.name(), &request, &parameters.catalog, &engines, &call.observer())?;
    call.set_run_id(&id);
    let mut rows = 0;
    for table in &built {
        rows += table.rows;
        call.detail(format_args!("{}: {} rows", table.table, table.rows));
        call.add_table(TableCount {
            name: table.table.clone(),
            rows: table.rows,
            files: table.files,
            bytes: table.bytes,
        });
    }
    call.set_metric("tables", built.len());
    call.set_metric("rows", rows);
    let what = format!("{} of {rows} rows from run {id}", counted(built.len(), "table"));
    match (built.is_empty(), request.dry_run) {
        (true, _) => call.already_done_because(format!("the gold tables show run {id}")),
        (false, true) => call.skipped(format!("dry_run: {what} would be committed")),
        (false, false) => call.summary(what),
    }
    Ok(())
}
