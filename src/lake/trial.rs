//! `_tmp_test/<run_id>`: the lake of a dry run on the first records of a run's dumps, used by one task at a time.

use std::path::{Path, PathBuf};

use super::disk::durable::remove_folder_if_there;
use super::disk::lock::{self, Lock};
use super::disk::read::entries;
use super::{Lake, RunId};

/// The folder of a trial, with the lock on it.
#[derive(Debug)]
pub struct TrialFolder {
    folder: PathBuf,
    _lock: Lock,
}

impl TrialFolder {
    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Lake {
    /// Locks the folder of a run's trial and empties it.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while another process uses it.
    pub fn trial_folder(&self, id: &RunId, task: &str) -> anyhow::Result<TrialFolder> {
        let folder = self.trials_folder().join(id.as_str());
        self.refuse_links(&folder)?;
        let lock = lock::exclusive(&self.lock_file(&trial_lock(id))?, task, &format!("the trial of run {id}"))?;
        remove_folder_if_there(&folder)?;
        self.make_folder(&folder)?;
        Ok(TrialFolder { folder, _lock: lock })
    }

    /// Returns the folders of trials, with their runs.
    pub(super) fn trials(&self) -> anyhow::Result<Vec<(RunId, PathBuf)>> {
        let folder = self.trials_folder();
        self.refuse_links(&folder)?;
        let of_run = |path: PathBuf| {
            let id = path.file_name()?.to_str()?.parse::<RunId>().ok()?;
            (path.is_dir() && !path.is_symlink()).then_some((id, path))
        };
        Ok(entries(&folder)?.into_iter().filter_map(of_run).collect())
    }

    /// Whether a process holds the trial of the run. Takes no lock itself.
    pub(super) fn is_trial_locked(&self, id: &RunId) -> bool {
        lock::is_held(&self.locks_folder().join(format!("{}.lock", trial_lock(id))))
    }

    /// Removes the trial of a run unless a process holds it; returns whether it was removed.
    pub(super) fn remove_trial(&self, id: &RunId, task: &str) -> anyhow::Result<bool> {
        let Some(_lock) = lock::if_free(&self.lock_file(&trial_lock(id))?, task)? else { return Ok(false) };
        let folder = self.trials_folder().join(id.as_str());
        self.refuse_links(&folder)?;
        remove_folder_if_there(&folder)?;
        Ok(true)
    }

    fn trials_folder(&self) -> PathBuf {
        self.root().join("_tmp_test")
    }
}

/// Named like a lock of the run, so that prune-runs keeps a run whose dumps are being tried.
fn trial_lock(id: &RunId) -> String {
    format!("{id}.test-dumps")
}
