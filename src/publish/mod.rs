//! Moving `active`: `promote` to a sealed run, `rollback` to what it was.

mod promote;
mod rollback;

pub use promote::{PromoteParameters, RunMode, promote};
pub use rollback::{RollbackParameters, rollback};

use crate::lake::{Lake, RunId, SealedRun};

/// A run that may be published: sealed, and every file what its manifest says.
fn verified(lake: &Lake, id: &RunId) -> anyhow::Result<SealedRun> {
    let sealed = SealedRun::open(&lake.run(id)?)?;
    sealed.verify()?;
    Ok(sealed)
}
