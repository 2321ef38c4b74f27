use clap::Args;

use super::LakeArgs;
use crate::tables::iceberg::{self, CatalogArgs};
use digdag_task::Call;

/// What rebuild-catalog takes.
#[derive(Args, Debug)]
pub struct RebuildParameters {
    #[command(flatten)]
    pub lake: LakeArgs,
}

/// Makes the embedded catalog from the sealed runs, with `main` of every table at the run that `active` points at.
///
/// # Errors
/// Fails if another task holds the lake's lock, or if a sealed run fails verification.
pub fn rebuild_catalog(parameters: RebuildParameters, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let locked = lake.lock(call.name())?;
    let runs = iceberg::rebuild(&locked)?;
    drop(locked);
    let mut publication = iceberg::lock(&lake, call.name(), &CatalogArgs::default())?;
    publication.follow_active()?;
    call.set_metric("runs", runs.len());
    call.say(format_args!("the catalog holds {} runs", runs.len()));
    Ok(())
}
