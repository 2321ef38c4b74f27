//! `_tmp_test/<run_id>`: where the first records of a run's dumps are tried, by one task at a time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::durable::remove_folder_if_there;
use super::disk::lock::{self, Lock};
use super::{Lake, RunId};

/// The folder of a trial, empty when it is taken, and nobody else's as long as this lives.
#[derive(Debug)]
pub struct TrialFolder {
    folder: PathBuf,
    _lock: Lock,
}

impl TrialFolder {
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Lake {
    /// Takes the folder of a run's trial. Fails while somebody else tries the same.
    pub fn trial_folder(&self, id: &RunId, task: &str) -> anyhow::Result<TrialFolder> {
        let folder = self.trials_folder().join(id.as_str());
        self.refuse_links(&folder)?;
        let lock = lock::exclusive(&self.lock_file(&trial_lock(id))?, task, &format!("the trial of run {id}"))?;
        remove_folder_if_there(&folder)?;
        self.make_folder(&folder)?;
        Ok(TrialFolder { folder, _lock: lock })
    }

    /// The trials that are there, with their runs.
    pub(super) fn trials(&self) -> anyhow::Result<Vec<(RunId, PathBuf)>> {
        let folder = self.trials_folder();
        self.refuse_links(&folder)?;
        let cannot = || format!("cannot list {}", folder.display());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(cannot)?,
        };
        let mut trials = Vec::new();
        for entry in entries {
            let entry = entry.with_context(cannot)?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok());
            if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                trials.push((id, entry.path()));
            }
        }
        trials.sort();
        Ok(trials)
    }

    /// Whether somebody tries the dumps of the run now. Looks, and leaves no trace.
    pub(super) fn is_trial_at_work(&self, id: &RunId) -> bool {
        lock::is_held(&self.locks_folder().join(format!("{}.lock", trial_lock(id))))
    }

    /// Removes the trial of a run, unless it is at work. Gives whether it is gone.
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

/// Named as a lock of the run: who tries its dumps is at work with it, and it is not pruned.
fn trial_lock(id: &RunId) -> String {
    format!("{id}.test-dumps")
}
