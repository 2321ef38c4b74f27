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

/// A table while no other task writes to it; the lock is released when this is dropped.
#[derive(Debug)]
pub struct TableLock {
    _lock: Lock,
}

impl Lake {
    /// Locks a table for this process alone, for a task that reads it for long before it commits.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] if another process holds the lock.
    pub fn lock_table(&self, table: &str, task: &str) -> anyhow::Result<TableLock> {
        let path = self.lock_file(&format!("table.{table}"))?;
        Ok(TableLock { _lock: lock::exclusive(&path, task, &format!("table {table}"))? })
    }
}

impl LockedLake {
    /// Returns the lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }
}
