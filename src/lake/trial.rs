//! `_tmp_test/<run_id>/<n>`: trials of a run, each with samples of its dumps and a lake of its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::durable::remove_folder_if_there;
use super::disk::lock::{self, Lock};
use super::disk::read::entries;
use super::{Lake, RunId};

/// The new folder of a trial. While this value lives, prune-runs keeps the run and its trials.
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
    /// Creates an empty folder for a trial of the run. Each trial has its own, so two at once do not meet.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while prune-runs deletes the trials of the run, [`super::Error::Link`] if
    /// a part of the path is a link, and an error if the folder cannot be created.
    pub fn new_trial(&self, id: &RunId) -> anyhow::Result<TrialFolder> {
        let trials = self.trials_folder().join(id.as_str());
        self.refuse_links(&trials)?;
        let lock = lock::shared(&self.lock_file(&trial_lock(id))?, &format!("the trials of run {id}"))?;
        self.make_folder(&trials)?;
        let mut number = 1_u32;
        loop {
            let folder = trials.join(number.to_string());
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(TrialFolder { folder, _lock: lock }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
            }
        }
    }

    /// Returns the folders `_tmp_test/<run_id>`, with their runs.
    pub(super) fn trials(&self) -> anyhow::Result<Vec<(RunId, PathBuf)>> {
        let folder = self.trials_folder();
        self.refuse_links(&folder)?;
        let of_run = |path: PathBuf| {
            let id = path.file_name()?.to_str()?.parse::<RunId>().ok()?;
            (path.is_dir() && !path.is_symlink()).then_some((id, path))
        };
        Ok(entries(&folder)?.into_iter().filter_map(of_run).collect())
    }

    /// Whether a trial of the run is in use: its samples are being cut, or a task is at work in its lake. Takes no lock
    /// itself.
    pub(super) fn is_trial_in_use(&self, id: &RunId) -> anyhow::Result<bool> {
        let samples = self.locks_folder().join(format!("{}.lock", trial_lock(id)));
        Ok(lock::is_held(&samples) || self.is_task_in_trial(id)?)
    }

    /// Removes the trials of a run unless one is in use; returns whether they were removed.
    pub(super) fn remove_trial(&self, id: &RunId, task: &str) -> anyhow::Result<bool> {
        let Some(_lock) = lock::if_free(&self.lock_file(&trial_lock(id))?, task)? else { return Ok(false) };
        let folder = self.trials_folder().join(id.as_str());
        self.refuse_links(&folder)?;
        if self.is_task_in_trial(id)? {
            return Ok(false);
        }
        remove_folder_if_there(&folder)?;
        Ok(true)
    }

    /// Whether a process holds a lock in the lake of one of the run's trials.
    fn is_task_in_trial(&self, id: &RunId) -> anyhow::Result<bool> {
        let trials = entries(&self.trials_folder().join(id.as_str()))?;
        for trial in trials.into_iter().filter(|trial| trial.join("lake/_meta").is_dir()) {
            if entries(&trial.join("lake/_meta/locks"))?.iter().any(|path| lock::is_held(path)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn trials_folder(&self) -> PathBuf {
        self.root().join("_tmp_test")
    }
}

/// Named like a lock of the run, so that prune-runs keeps a run whose dumps are being sampled.
fn trial_lock(id: &RunId) -> String {
    format!("{id}.sample-dumps")
}
