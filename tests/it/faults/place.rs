//! Folders that lakes with Iceberg tables take turns in. Metadata names the path of its lake, so a copy of such a lake is
//! whole only where the lake was staged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::{Dir, UntilRemoved};

/// The numbers of the folders that no lake is in.
static FREE: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// The number of folders that there are.
static COUNT: Mutex<usize> = Mutex::new(0);

/// A folder that one lake has to itself until the place is dropped.
pub struct Place(usize);

impl Place {
    /// Takes a place that no lake is in.
    pub fn take() -> Place {
        let free = FREE.lock().unwrap().pop_first();
        Place(free.unwrap_or_else(|| {
            let mut count = COUNT.lock().unwrap();
            *count += 1;
            *count
        }))
    }

    /// Creates the folder of the lake.
    pub fn folder(&self, prepared: &Path) -> Dir {
        Dir::named(prepared, &format!("place-{}", self.0))
    }

    /// Returns where a lake that was staged in this place is kept.
    pub fn kept(&self, prepared: &Path, stage: &str) -> PathBuf {
        prepared.join(format!("{stage}-{}", self.0))
    }
}

impl UntilRemoved for Place {}

impl Drop for Place {
    fn drop(&mut self) {
        FREE.lock().unwrap().insert(self.0);
    }
}
