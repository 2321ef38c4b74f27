//! `stage-tables`: adds a sealed run to the Iceberg tables.

use std::process::ExitCode;

use clap::Parser;

use super::PublishArgs;
use crate::lake::SealedRun;
use crate::store::WarehouseArgs;
use crate::tables::iceberg::{self, Mode};
use digdag_task::{Call, Switch};

/// Add a sealed run to the Iceberg tables
///
/// Every table gets a snapshot over the run's own files, tagged run_<run_id>, in one commit; nothing is copied. What
/// readers get by default stays until promote moves it. The catalog is created on first use.
///
/// With a warehouse the tables lie there and name the files that upload-run sent, for readers on any machine. The lake records
/// it, and its tables of runs lie there from then on. A catalog in SQLite, a file of this machine, is refused then unless
/// allow_local_catalog is true.
#[derive(Debug, Parser)]
#[command(name = "stage-tables", version, after_help = EXAMPLE)]
pub struct StageTables {
    #[command(flatten)]
    pub(crate) publish: PublishArgs,

    /// Read the files of the run, report what would be added, and add nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Keep the catalog in SQLite, a file of this machine, although the tables of runs lie in the warehouse
    #[arg(long)]
    pub(crate) allow_local_catalog: Switch,
}

const EXAMPLE: &str = "\
Example:
  stage-tables --lake /data/lake --run-id 2026-11__20261120_000000";

/// Runs `stage-tables`.
pub fn main() -> ExitCode {
    super::task(stage_tables)
}

/// Adds a snapshot of a sealed run to every Iceberg table, tagged `run_<run_id>`; `main` does not move.
///
/// # Errors
/// Fails if the run is not sealed, if another task holds the lake's lock, or if the catalog refuses the commit.
fn stage_tables(parameters: StageTables, call: &mut Call) -> anyhow::Result<()> {
    let id = parameters.publish.run_id(call)?;
    let (lake, mut publication) = parameters.publish.lock(&parameters.warehouse, call)?;
    let sealed = SealedRun::open(&lake.run(&id)?)?;
    let warehouse = parameters.warehouse.of(&lake)?;
    let catalog = &parameters.publish.catalog.reaching(&warehouse);
    if !parameters.allow_local_catalog.is_on() {
        iceberg::require_shared_catalog(&lake, catalog, &warehouse)?;
    }
    call.set_detail("warehouse", warehouse.warehouse.as_ref().map(ToString::to_string));
    let scratch = parameters.dry_run.is_on().then(|| lake.scratch(call.name())).transpose()?;
    let (tables, mode) = match &scratch {
        Some(scratch) => (publication.tables_to_try(scratch.path())?, Mode::Try),
        None => (publication.tables_or_create(catalog)?, Mode::Commit),
    };
    tables.lie_in(&warehouse, mode)?;
    let staged = iceberg::stage(tables, &sealed, mode)?;
    call.set_metric("tables", staged.tables);
    call.set_metric("files", staged.files);
    call.set_detail("tag", format!("run_{id}"));
    if staged.tables == 0 {
        call.already_done_because(format!("every table has the tag run_{id}"));
        return Ok(());
    }
    if parameters.dry_run.is_on() {
        call.skipped(format!("dry_run: {} tables would get the snapshot run_{id}", staged.tables));
        return Ok(());
    }
    call.summary(format_args!("{} tables have the snapshot run_{id}, over {} files", staged.tables, staged.files));
    Ok(())
}
