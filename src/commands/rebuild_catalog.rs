//! `rebuild-catalog`: creates the Iceberg catalog again, from the sealed runs and people's metadata.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::store::WarehouseArgs;
use crate::tables::iceberg::{self, CatalogArgs};
use digdag_task::{Call, Switch};

/// Create the Iceberg catalog again, from the sealed runs and people's tables
///
/// For a catalog whose database was lost, or a lake that was moved: metadata names absolute paths. Every sealed run
/// becomes a snapshot of every table, main of the tables is the run that active points at, and people's own tables are
/// taken over as of their newest metadata.
///
/// With a warehouse, or if the lake has one on record, the tables of runs are written there and name the uploaded files; runs
/// of which only that copy is left are in the catalog as well.
#[derive(Debug, Parser)]
#[command(name = "rebuild-catalog", version, after_help = EXAMPLE)]
pub struct RebuildCatalog {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Keep the catalog in SQLite, a file of this machine, although the tables of runs lie in the warehouse
    #[arg(long)]
    pub(crate) allow_local_catalog: Switch,
}

const EXAMPLE: &str = "\
Example:
  rebuild-catalog --lake /data/lake";

/// Runs `rebuild-catalog`.
pub fn main() -> ExitCode {
    super::task(rebuild_catalog)
}

/// Creates the catalog again, with `main` of every table of runs at the run that `active` points at.
///
/// # Errors
/// Fails if another task holds the lake's lock, if a sealed run fails verification, or if the database cannot be
/// written.
fn rebuild_catalog(parameters: RebuildCatalog, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let locked = lake.lock(call.name())?;
    let warehouse = parameters.warehouse.of(&lake)?;
    if !parameters.allow_local_catalog.is_on() {
        iceberg::require_shared_catalog(&lake, &parameters.catalog, &warehouse)?;
    }
    let catalog = parameters.catalog.reaching(&warehouse);
    let rebuilt = iceberg::rebuild(&locked, &catalog, &warehouse)?;
    drop(locked);
    let mut publication = iceberg::lock(&lake, call.name(), &catalog)?;
    publication.follow_active()?;
    for table in &rebuilt.left_out {
        call.say(format_args!("WARN left out: {table}"));
    }
    call.set_metric("runs", rebuilt.runs.len());
    call.set_metric("own_tables", rebuilt.tables.len());
    call.set_detail("own_tables", rebuilt.tables.clone());
    call.set_detail("left_out", rebuilt.left_out);
    call.summary(format_args!("the catalog holds {} runs and {} own tables", rebuilt.runs.len(), rebuilt.tables.len()));
    Ok(())
}
