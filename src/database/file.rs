//! A database in a file: it is written aside, and renamed once it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::lake::{Lock, Output, lock_exclusively, output_file, remove_lock, rename, sync_file};
use digdag_task::{Failure, stop};

/// The files that SQLite and DuckDB keep beside a database while they write to it.
const COMPANIONS: [&str; 3] = ["-journal", ".wal", ".tmp"];

/// A file that is being exported, locked for this process.
pub struct Aside {
    /// The file that readers open.
    pub target: PathBuf,
    /// The unfinished file beside it.
    pub unfinished: PathBuf,
    lock_file: PathBuf,
    lock: Option<Lock>,
}

impl Aside {
    /// Resolves the path and locks it.
    ///
    /// # Errors
    /// Fails if the path is no place for a file, and if another process exports to it.
    pub fn lock(path: &Path, task: &str) -> anyhow::Result<Self> {
        let Output::File(target) = output_file(path)? else {
            return Err(Failure::parameters(format!("parameter to: {} is no file", path.display())).into());
        };
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lock_file = target.with_file_name(format!(".{name}.lock"));
        let lock = lock_exclusively(&lock_file, task, &target.display().to_string())?;
        let unfinished = target.with_file_name(format!(".{name}.unfinished"));
        Ok(Aside { target, unfinished, lock_file, lock: Some(lock) })
    }

    /// Removes the unfinished file of another export.
    ///
    /// # Errors
    /// Fails if a file cannot be removed.
    pub fn discard(&self) -> anyhow::Result<()> {
        let companions = COMPANIONS.map(|ending| with_ending(&self.unfinished, ending));
        for path in companions.iter().chain([&self.unfinished]) {
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(path),
                false => fs::remove_file(path),
            };
            match removed {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                result => result.with_context(|| format!("cannot remove {}", path.display()))?,
            }
        }
        Ok(())
    }

    /// Puts the whole file in the place of the old one.
    ///
    /// # Errors
    /// Fails if the file cannot be flushed or renamed.
    pub fn commit(&self) -> anyhow::Result<()> {
        for left in COMPANIONS.map(|ending| with_ending(&self.unfinished, ending)) {
            if has_content(&left) {
                let message = format!("{} is left, so {} is not whole", left.display(), self.unfinished.display());
                let hint = "run the same command again; if it fails again, look at the system log";
                return Err(Failure::unexpected(message).hint(hint).into());
            }
            // SQLite ends a transaction by emptying its journal, and removes the journal when it closes the file.
            if left.is_file() {
                fs::remove_file(&left).with_context(|| format!("cannot remove {}", left.display()))?;
            }
        }
        sync_file(&self.unfinished)?;
        let _whole = stop::hold();
        rename(&self.unfinished, &self.target)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // The lock is given up first, because its file is only removed if no process holds it.
        self.lock = None;
        let _ = remove_lock(&self.lock_file);
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Returns whether a file is there and has bytes.
pub fn has_content(path: &Path) -> bool {
    File::open(path).and_then(|file| file.metadata()).is_ok_and(|found| found.len() > 0)
}
