//! The work of the endpoints on the catalog. All of it blocks.

mod commit;
mod namespaces;
mod tables;
mod views;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{MutexGuard, PoisonError};

use lake_catalog::{Access, Catalog, TableName};

use crate::error::{Refusal, Result};
use crate::{Served, TABLE_LOCKS};

pub(crate) use tables::{Loaded, committed};

/// How often an operation is tried that writers of other processes overtake. Each time one of them has succeeded.
const ATTEMPTS: usize = 20;

impl Served {
    fn read(&self) -> Result<Catalog> {
        Ok(Catalog::open(&self.lake.store, &self.lake.root, Access::Read)?)
    }

    fn write(&self) -> Result<Catalog> {
        Ok(Catalog::open(&self.lake.store, &self.lake.root, Access::Write)?)
    }

    /// Waits until no other request gives or takes names and folders.
    fn names(&self) -> MutexGuard<'_, ()> {
        // The lock guards no value that a panic could leave half-changed.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other request commits to these tables. The locks are taken in one order by all requests.
    fn alone_with<'n>(&self, tables: impl IntoIterator<Item = &'n TableName>) -> Vec<MutexGuard<'_, ()>> {
        let lock_of = |table: &TableName| {
            let mut hasher = DefaultHasher::new();
            table.hash(&mut hasher);
            hasher.finish() as usize % TABLE_LOCKS
        };
        let locks: BTreeSet<_> = tables.into_iter().map(lock_of).collect();
        locks.into_iter().map(|lock| self.tables[lock].lock().unwrap_or_else(PoisonError::into_inner)).collect()
    }

    fn may_change_namespace(&self, namespace: &str) -> Result<()> {
        self.guard.namespace(namespace).map_err(Refusal::forbidden)
    }

    fn expect_namespace(&self, catalog: &mut Catalog, namespace: &str) -> Result<()> {
        Ok(catalog.namespace(namespace).map(drop)?)
    }
}

/// Repeats an operation that another writer overtook.
fn repeated<T>(mut operation: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match operation() {
            Err(refusal) if refusal.is_overtaken => {}
            outcome => return outcome,
        }
    }
    operation()
}
