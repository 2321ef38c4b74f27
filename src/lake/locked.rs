//! The lake's lock: its holder alone moves `active`, prunes, and accepts seals. [`super::SealableRun::seal`] takes
//! the same lock.

use super::Lake;
use super::disk::lock::{self, Lock};

/// A lake while no other process moves `active`, seals or prunes.
#[derive(Debug)]
pub struct LockedLake {
    lake: Lake,
    _lock: Lock,
}

impl Lake {
    /// Locks the lake for this process alone.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] if another process holds the lock.
    pub fn lock(&self, task: &str) -> anyhow::Result<LockedLake> {
        let lock = lock::exclusive(&self.lock_file("lake")?, task, "the lake")?;
        Ok(LockedLake { lake: self.clone(), _lock: lock })
    }
}

impl LockedLake {
    /// Returns the lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }
}
