//! `rebuild-catalog`: creates the embedded Iceberg catalog from the sealed runs.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::tables::iceberg::{self, CatalogArgs};
use digdag_task::Call;

/// Create the embedded Iceberg catalog from the sealed runs
///
/// For a catalog whose file was lost, or a lake that was moved: metadata names absolute paths. Every sealed run becomes
/// a snapshot of every table, and main of the tables is the run that active points at.
#[derive(Debug, Parser)]
#[command(name = "rebuild-catalog", version, after_help = EXAMPLE)]
pub struct RebuildCatalog {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

const EXAMPLE: &str = "\
Example:
  rebuild-catalog --lake /data/lake";

/// Runs `rebuild-catalog`.
pub fn main() -> ExitCode {
    super::task(rebuild_catalog)
}

/// Creates the embedded catalog from the sealed runs, with `main` of every table at the run that `active` points at.
///
/// # Errors
/// Fails if another task holds the lake's lock, or if a sealed run fails verification.
fn rebuild_catalog(parameters: RebuildCatalog, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let locked = lake.lock(call.name())?;
    let runs = iceberg::rebuild(&locked)?;
    drop(locked);
    let mut publication = iceberg::lock(&lake, call.name(), &CatalogArgs::default())?;
    publication.follow_active()?;
    call.set_metric("runs", runs.len());
    call.summary(format_args!("the catalog holds {} runs", runs.len()));
    Ok(())
}
