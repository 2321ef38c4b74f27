//! A run: finding it, reading it, creating it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::dataset::is_plain_name;
use super::disk::durable::WRITABLE;
use super::disk::lock::{self, Holder, Lock};
use super::disk::read::{entries, refuse_irregular};
use super::disk::usage::DiskUsage;
use super::{Dataset, Error, Lake, Manifest, RunDescription, RunId};
use digdag_task::Outcome;

/// A run of the lake: a folder with datasets. Reading needs no lock, because every dataset in place is complete.
#[derive(Clone, Debug)]
pub struct Run {
    lake: Lake,
    id: RunId,
    folder: PathBuf,
}

impl Lake {
    /// Opens a run.
    ///
    /// # Errors
    /// Returns [`Error::NoRun`] if the run is missing, or an error if something else lies in its place.
    pub fn run(&self, id: &RunId) -> anyhow::Result<Run> {
        let folder = self.run_folder(id);
        self.refuse_links(&self.runs_folder())?;
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => Ok(Run { lake: self.clone(), id: id.clone(), folder }),
            Ok(_) => Err(Error::NotAFolder { path: folder }.into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let newest = self.run_ids()?.pop();
                Err(Error::NoRun { run: id.clone(), lake: self.root().to_owned(), newest }.into())
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
        }
    }
}

impl Run {
    /// Creates a run with its description; returns it, and whether it was created now.
    ///
    /// # Errors
    /// Returns [`Error::OtherDumps`] if the run exists and was begun for other dumps. It is left as it is.
    pub fn create(lake: &Lake, description: &RunDescription) -> anyhow::Result<(Self, bool)> {
        let folder = lake.run_folder(&description.run_id);
        let lock_file = lake.lock_file(&format!("{}.preflight", description.run_id))?;
        let what = format!("run {}", description.run_id);
        // The run's own lock is shared as well, so that prune-runs does not remove a run that is being created.
        let shared = lock::shared(&lake.lock_file(description.run_id.as_str())?, &what)?;
        let lock = lock::exclusive(&lock_file, "preflight", &what)?;
        lake.make_folder(&folder)?;
        let run = lake.run(&description.run_id)?;
        let made = match run.description_if_there()? {
            Some(there) => {
                if let Some(difference) = there.difference(description) {
                    return Err(Error::OtherDumps { run: run.id, difference }.into());
                }
                if there.dumps != description.dumps && !run.is_sealed()? {
                    // The dumps were moved, and tasks without a dump parameter take the paths in the description.
                    run.write_description(&RunDescription { dumps: description.dumps.clone(), ..there })?;
                }
                false
            }
            None => {
                run.write_description(description)?;
                true
            }
        };
        drop((lock, shared));
        Ok((run, made))
    }

    /// Returns the name of the run.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Returns the lake of the run.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Returns the folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the parameters the run began with, or `None` if the file is missing.
    ///
    /// # Errors
    /// Returns an error if `_run.json` cannot be read or parsed, or was written by a newer version.
    pub fn description_if_there(&self) -> anyhow::Result<Option<RunDescription>> {
        RunDescription::read(&self.folder)
    }

    fn write_description(&self, description: &RunDescription) -> anyhow::Result<()> {
        self.lake.write_json(&self.folder.join(RunDescription::FILE_NAME), description)
    }

    /// Returns the folder of a table, which may be missing. `table` comes from the contract, never from input.
    pub fn dataset_folder(&self, table: &str) -> PathBuf {
        debug_assert!(table.split('/').all(is_plain_name));
        self.folder.join(table)
    }

    /// Returns the committed dataset of a table, or `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the description cannot be read or is that of another table or run, or if a file of the dataset
    /// is no regular file.
    pub fn dataset(&self, table: &str) -> anyhow::Result<Option<Dataset>> {
        let folder = self.dataset_folder(table);
        self.lake.refuse_links(&folder.join(Dataset::FILE_NAME))?;
        let Some(dataset) = Dataset::read(&folder)? else { return Ok(None) };
        if dataset.table != table || dataset.run_id != self.id {
            let Dataset { table, run_id: run, .. } = dataset;
            return Err(Error::OtherDataset { folder, table, run }.into());
        }
        for path in self.dataset_files(&dataset) {
            if path.is_symlink() {
                return Err(Error::Link { path }.into());
            }
            refuse_irregular(&path)?;
        }
        Ok(Some(dataset))
    }

    /// Returns the files of a committed dataset, in order.
    pub fn dataset_files(&self, dataset: &Dataset) -> Vec<PathBuf> {
        let folder = self.dataset_folder(&dataset.table);
        dataset.files.iter().map(|file| folder.join(&file.name)).collect()
    }

    /// Whether the run is sealed.
    ///
    /// # Errors
    /// Returns an error if the file system cannot tell.
    pub fn is_sealed(&self) -> anyhow::Result<bool> {
        let manifest = self.manifest_file();
        match fs::symlink_metadata(&manifest) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", manifest.display())),
        }
    }

    pub(super) fn manifest_file(&self) -> PathBuf {
        self.folder.join(Manifest::FILE_NAME)
    }

    pub(super) fn staging_folder(&self) -> PathBuf {
        self.folder.join("_staging")
    }

    pub(super) fn run_lock(&self) -> anyhow::Result<PathBuf> {
        self.lake.lock_file(self.id.as_str())
    }

    pub(super) fn producer_lock(&self, task: &str) -> anyhow::Result<PathBuf> {
        self.lake.lock_file(&format!("{}.{task}", self.id))
    }

    /// Fails if the run is gone: a prune may have removed it between the lookup and the lock.
    pub(super) fn look_up_again(&self) -> anyhow::Result<()> {
        self.lake.run(&self.id).map(|_| ())
    }

    /// Locks the run for this process alone.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while a task writes to the run, with that task as the holder.
    pub(super) fn lock_alone(&self, task: &str) -> anyhow::Result<Lock> {
        let what = format!("run {}", self.id);
        lock::exclusive(&self.run_lock()?, task, &what).map_err(|error| match self.holder() {
            Some(holder) => super::disk::Error::Locked { what, holder }.into(),
            None => error,
        })
    }

    /// Returns the task that writes to the run or seals it. Takes no lock itself.
    pub fn holder(&self) -> Option<Holder> {
        lock::first_holder(self.lock_files())
    }

    /// Returns the lock files of the run, its own last: writers share that one, so it does not name them.
    fn lock_files(&self) -> Vec<PathBuf> {
        let (prefix, own) = (format!("{}.", self.id), format!("{}.lock", self.id));
        let entries = fs::read_dir(self.lake.locks_folder()).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .map(|entry| entry.path())
            .collect();
        files.sort_by_key(|path| path.file_name().is_some_and(|name| name == own.as_str()));
        files
    }

    /// Creates a folder in the run. A run that was pruned meanwhile is not created again.
    pub(super) fn make_folder(&self, path: &Path) -> anyhow::Result<()> {
        self.look_up_again()?;
        self.lake.make_folder_below(&self.folder, path)
    }

    /// Measures the disk usage of the run, its reports and unfinished work included.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be listed.
    pub fn disk_usage(&self) -> anyhow::Result<DiskUsage> {
        DiskUsage::of(&self.folder)
    }

    /// Writes a report under `_reports/`, to which reports may be added after the seal; returns its path.
    ///
    /// # Errors
    /// Returns an error if the name is a path, or the report cannot be written.
    pub fn write_report(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let path = self.folder.join("_reports").join(name);
        self.make_folder(&self.folder.join("_reports"))?;
        self.lake.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }

    /// Returns the newest report of checks in JSON, by the time in it. A file that is no report is skipped.
    ///
    /// # Errors
    /// Returns an error if the folder of reports cannot be listed.
    pub fn newest_report(&self) -> anyhow::Result<Option<serde_json::Value>> {
        let mut reports = Vec::new();
        for path in json_files(&self.folder.join("_reports"))? {
            let report = fs::read(path).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
            let written = report.as_ref().and_then(|report| report["written"].as_str()).map(str::to_owned);
            reports.extend(written.zip(report));
        }
        reports.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(reports.pop().map(|(_, report)| report))
    }

    /// Returns the outcomes of the tasks that worked on the run, by name. A file that is no outcome is skipped.
    ///
    /// # Errors
    /// Returns an error if the folder of outcomes cannot be listed.
    pub fn outcomes(&self) -> anyhow::Result<Vec<Outcome>> {
        let files = json_files(&self.folder.join("_tasks"))?.into_iter();
        Ok(files.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect())
    }

    /// Writes the outcome of a task under `_tasks/`.
    pub(super) fn write_task_record(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let folder = self.folder.join("_tasks");
        self.make_folder(&folder)?;
        self.lake.write_json(&folder.join(format!("{}.json", outcome.task)), outcome)
    }
}

/// Returns the JSON files of a folder, by name; none if the folder is missing.
fn json_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = entries(folder)?;
    files.retain(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "json"));
    Ok(files)
}

/// Returns the error for a run that differs from what was written or sealed.
pub(super) fn changed(run: &Run, difference: impl Into<String>) -> anyhow::Error {
    Error::Changed { run: run.id.clone(), difference: difference.into() }.into()
}
