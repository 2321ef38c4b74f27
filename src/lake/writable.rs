//! Writing to a run: what may be done under which lock. [`WritableRun`] commits datasets, [`SealableRun`] seals.

use std::path::Path;

use super::dataset::is_plain_name;
use super::disk::durable::{exchange, remove_file_if_there, remove_folder_if_there, rename, sync_file};
use super::disk::lock::{self, Lock};
use super::sharing;
use super::{Dataset, Error, Run, StagedDataset, Staging};
use digdag_task::{Outcome, stop};

impl Run {
    /// Takes the locks under which a task commits datasets: the run's, shared with other tasks, and the task's own.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while the same task or a seal is at work in the run, [`Error::Sealed`] if the
    /// run is sealed, and [`Error::NoRun`] if it was pruned.
    pub fn writable(&self, task: &str) -> anyhow::Result<WritableRun> {
        let run_lock = lock::shared(&self.run_lock()?, &format!("run {}", self.id()))?;
        let task_lock = lock::exclusive(&self.producer_lock(task)?, task, &format!("{task} of run {}", self.id()))?;
        self.look_up_again()?;
        if self.is_sealed()? {
            return Err(Error::Sealed { run: self.id().clone() }.into());
        }
        Ok(WritableRun { run: self.clone(), task: task.to_owned(), _locks: [run_lock, task_lock] })
    }

    /// Locks the run for this process alone, to check and to seal it.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while a task writes to the run, and [`Error::NoRun`] if it was pruned.
    pub fn sealable(&self, task: &str) -> anyhow::Result<SealableRun> {
        let lock = self.lock_alone(task)?;
        self.look_up_again()?;
        Ok(SealableRun { run: self.clone(), task: task.to_owned(), _lock: lock })
    }
}

/// A run to which this task may commit datasets, with the locks for it.
#[derive(Debug)]
pub struct WritableRun {
    run: Run,
    task: String,
    _locks: [Lock; 2],
}

impl WritableRun {
    /// Returns the run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Creates the task's staging folder, or empties it.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or emptied.
    pub fn staging(&self) -> anyhow::Result<Staging> {
        Staging::take(&self.run, &self.task)
    }

    /// Commits a dataset by one rename: before it the dataset is missing, after it the dataset is complete. A dataset in
    /// place with the same bytes stays; another one is replaced only with `replace`. Files that another sealed run holds
    /// with the same bytes are shared with it.
    ///
    /// # Errors
    /// Returns [`Error::HoldsDataset`] if another dataset is in place and `replace` is not set, and an error if a write or
    /// a flush fails.
    pub fn commit(&self, staged: StagedDataset, dataset: &Dataset, replace: bool) -> anyhow::Result<()> {
        anyhow::ensure!(!self.run.is_sealed()?, "run {} was sealed while this task held its lock", self.run.id());
        let dataset = &sharing::share(&self.run, &staged, dataset)?;
        staged.seal(dataset)?;
        let target = self.run.dataset_folder(&dataset.table);
        if let Some(parent) = target.parent() {
            self.run.make_folder(parent)?;
        }
        // A signal waits until this is dropped: it removes `_staging`, and the folder must not be on its way out of there.
        let _whole = stop::hold();
        match self.run.dataset(&dataset.table)? {
            Some(there) if there.files == dataset.files && there.producer == dataset.producer && !replace => {
                remove_folder_if_there(&staged.folder)
            }
            Some(_) if !replace => {
                let (run, table) = (self.run.id().clone(), dataset.table.clone());
                Err(Error::HoldsDataset { run, table, inputs: "other inputs" }.into())
            }
            Some(_) => {
                exchange(&staged.folder, &target, &staged.folder.with_extension("replaced"))?;
                remove_folder_if_there(&staged.folder)
            }
            None => rename(&staged.folder, &target),
        }
    }

    /// Moves a finished file of this task's staging folder to `_reports/`.
    ///
    /// # Errors
    /// Returns an error if the name is a path, or the file cannot be flushed or moved.
    pub fn keep_report(&self, staged: &Path, name: &str) -> anyhow::Result<()> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let folder = self.run.folder().join("_reports");
        self.run.make_folder(&folder)?;
        sync_file(staged)?;
        let _whole = stop::hold();
        rename(staged, &folder.join(name))
    }

    /// Removes a report of an earlier attempt; a missing one is no error.
    ///
    /// # Errors
    /// Returns an error if the name is a path, or the file cannot be removed.
    pub fn remove_report(&self, name: &str) -> anyhow::Result<()> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let path = self.run.folder().join("_reports").join(name);
        self.run.lake().refuse_links(&path)?;
        remove_file_if_there(&path)
    }

    /// Writes the outcome of the task under `_tasks/`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn record(&self, outcome: &Outcome) -> anyhow::Result<()> {
        self.run.write_task_record(outcome)
    }
}

/// A run that no other process writes to, with the lock for it.
#[derive(Debug)]
pub struct SealableRun {
    run: Run,
    task: String,
    _lock: Lock,
}

impl SealableRun {
    /// Returns the run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn task(&self) -> &str {
        &self.task
    }

    /// Creates the task's staging folder, or empties it.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or emptied.
    pub fn staging(&self) -> anyhow::Result<Staging> {
        Staging::take(&self.run, &self.task)
    }

    /// Writes the outcome of the task under `_tasks/`, unless the run is sealed: the seal covers the one written before it.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn record_unless_sealed(&self, outcome: &Outcome) -> anyhow::Result<()> {
        if self.run.is_sealed()? { Ok(()) } else { self.run.write_task_record(outcome) }
    }
}
