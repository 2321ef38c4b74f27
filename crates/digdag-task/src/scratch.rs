//! Folders for temporary files.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::stop::{self, Unfinished};

/// A temporary folder of this process, removed when the value is dropped and when a signal stops the task. It is locked
/// until then, so that a clean-up does not remove it.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    _unfinished: Unfinished,
    _lock: Option<File>,
}

impl Scratch {
    /// Creates a folder in `parent` whose name begins with `prefix`.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn in_folder(parent: &Path, prefix: &str) -> anyhow::Result<Self> {
        // A signal between the creation and the registration would leave the folder behind.
        let _known = stop::hold();
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent);
        let folder = folder.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        // If directories cannot be locked, clean-up falls back to their age.
        let lock = File::open(folder.path()).ok().filter(|opened| opened.lock_shared().is_ok());
        Ok(Scratch { _unfinished: Unfinished::new(folder.path()), _lock: lock, folder })
    }

    /// Creates a folder in the system's folder for temporary files.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn of_the_system(prefix: &str) -> anyhow::Result<Self> {
        Scratch::in_folder(&std::env::temp_dir(), prefix)
    }

    /// Returns the folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
