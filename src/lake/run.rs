use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::dataset::is_plain_name;
use super::disk::durable::{WRITABLE, exchange, remove_file_if_there, remove_folder_if_there, rename, sync_file};
use super::disk::lock::{self, Holder, Lock};
use super::folder::is_a_link;
use super::manifest::Manifest;
use super::sharing;
use super::{Dataset, DumpMonth, InputIdentity, Lake, RunId, StagedDataset, Staging};
use digdag_task::{Failure, Outcome, stop};

/// `_run.json`: what was asked for when the run began. Written by preflight; only where the dumps are may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDescription {
    /// The format of this file, 1.
    pub format: u32,
    pub run_id: RunId,
    pub dump_month: DumpMonth,
    /// The date in the dump files' names, `YYYYMMDD`.
    pub dump_date: String,
    pub run_mode: String,
    pub created: jiff::Timestamp,
    /// Entity → the dump file found for it.
    pub dumps: BTreeMap<String, PathBuf>,
    /// Entity → name, size and, where a CHECKSUM file is there, sha256 of it.
    pub checksums: BTreeMap<String, InputIdentity>,
    pub version: String,
}

/// A run of the lake: a folder with datasets. Reading needs no lock: what is there is whole.
#[derive(Clone, Debug)]
pub struct Run {
    lake: Lake,
    id: RunId,
    folder: PathBuf,
}

impl Run {
    pub(super) fn open(lake: &Lake, id: &RunId) -> anyhow::Result<Self> {
        let folder = lake.run_folder(id);
        lake.refuse_links(&lake.runs_folder())?;
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => Ok(Run { lake: lake.clone(), id: id.clone(), folder }),
            Ok(_) => Err(Failure::input(format!("{} is not a folder", folder.display()))
                .hint("a run is a folder of its own; remove what is in its place")
                .into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let known = lake.run_ids()?;
                let newest = known.last().map(|id| format!("; the newest run is {id}")).unwrap_or_default();
                Err(Failure::parameters(format!("there is no run {id} in {}{newest}", lake.root().display()))
                    .hint("preflight makes a run from dump_month and session_time")
                    .into())
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
        }
    }

    /// Makes the run with its description. A run that is there with another description is left as it is and refused.
    /// Gives whether it was made now.
    pub fn create(lake: &Lake, description: &RunDescription) -> anyhow::Result<(Self, bool)> {
        let folder = lake.run_folder(&description.run_id);
        let lock_file = lake.lock_file(&format!("{}.preflight", description.run_id))?;
        let what = format!("run {}", description.run_id);
        // The run's own lock as well, shared: a run that is being made is not one to prune.
        let shared = lock::shared(&lake.lock_file(description.run_id.as_str())?, &what)?;
        let lock = lock::exclusive(&lock_file, "preflight", &what)?;
        lake.make_folder(&folder)?;
        let run = Run::open(lake, &description.run_id)?;
        let made = match run.description_if_there()? {
            Some(there) => {
                if let Some(difference) = there.difference(description) {
                    return Err(Failure::parameters(format!("run {} was begun for {difference}", run.id))
                        .hint("give another session_time or run_id; a run keeps to the dumps it was begun with")
                        .into());
                }
                if there.dumps != description.dumps && !run.is_sealed()? {
                    // They were moved, and tasks that are given none look for them where the run says.
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

    pub fn id(&self) -> &RunId {
        &self.id
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn description_if_there(&self) -> anyhow::Result<Option<RunDescription>> {
        let path = self.folder.join("_run.json");
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
                Failure::input(format!("{} is not a run description: {error}", path.display())).into()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn write_description(&self, description: &RunDescription) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(description)?;
        text.push(b'\n');
        self.lake.replace_file(&self.folder.join("_run.json"), &text, WRITABLE)
    }

    /// Where the dataset of a table is, or would be. `table` comes from the contract, never from input.
    pub fn dataset_folder(&self, table: &str) -> PathBuf {
        debug_assert!(table.split('/').all(is_plain_name));
        self.folder.join(table)
    }

    /// The committed dataset of a table.
    pub fn dataset(&self, table: &str) -> anyhow::Result<Option<Dataset>> {
        let folder = self.dataset_folder(table);
        self.lake.refuse_links(&folder.join(Dataset::FILE_NAME))?;
        let Some(dataset) = Dataset::read(&folder)? else { return Ok(None) };
        if dataset.table != table || dataset.run_id != self.id {
            return Err(Failure::input(format!(
                "{} holds {} of run {}",
                folder.display(),
                dataset.table,
                dataset.run_id
            ))
            .hint(format!("remove the folder {} and run the task that writes the table again", folder.display()))
            .into());
        }
        if let Some(link) = self.dataset_files(&dataset).into_iter().find(|path| path.is_symlink()) {
            return Err(is_a_link(&link).into());
        }
        Ok(Some(dataset))
    }

    /// The files of a committed dataset, in order.
    pub fn dataset_files(&self, dataset: &Dataset) -> Vec<PathBuf> {
        let folder = self.dataset_folder(&dataset.table);
        dataset.files.iter().map(|file| folder.join(&file.name)).collect()
    }

    /// Whether the manifest is there. That it cannot be seen is an error, not a no.
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

    fn producer_lock(&self, task: &str) -> anyhow::Result<PathBuf> {
        self.lake.lock_file(&format!("{}.{task}", self.id))
    }

    /// Takes the locks under which a task may commit datasets: the run's shared with other tasks, the task's own.
    pub fn writable(&self, task: &str) -> anyhow::Result<WritableRun> {
        let run_lock = lock::shared(&self.run_lock()?, &format!("run {}", self.id))?;
        let task_lock = lock::exclusive(&self.producer_lock(task)?, task, &format!("{task} of run {}", self.id))?;
        self.look_up_again()?;
        if self.is_sealed()? {
            return Err(Failure::parameters(format!("run {} is sealed; a sealed run is never changed", self.id))
                .hint("begin a new run: the same dumps with another session_time")
                .into());
        }
        Ok(WritableRun { run: self.clone(), task: task.to_owned(), _locks: [run_lock, task_lock] })
    }

    /// Takes the run for this process alone, to check and to seal it. Fails while any task writes to it.
    pub fn sealable(&self, task: &str) -> anyhow::Result<SealableRun> {
        let lock = self.lock_alone(task)?;
        self.look_up_again()?;
        Ok(SealableRun { run: self.clone(), task: task.to_owned(), _lock: lock })
    }

    /// Fails where the run is gone: between a look at it and a lock on it a prune may have taken it away.
    pub(super) fn look_up_again(&self) -> anyhow::Result<()> {
        Run::open(&self.lake, &self.id).map(|_| ())
    }

    /// Takes the run for this process alone. Fails while any task writes to it.
    pub(super) fn lock_alone(&self, task: &str) -> anyhow::Result<Lock> {
        lock::exclusive(&self.run_lock()?, task, &format!("run {}", self.id)).map_err(|error| {
            let holder = lock::first_holder(self.lock_files());
            holder.map_or(error, |holder| lock::held(&format!("run {}", self.id), Some(holder)).into())
        })
    }

    /// Who writes to the run, or seals it. Looks, and leaves no trace.
    pub fn holder(&self) -> Option<Holder> {
        lock::first_holder(self.lock_files())
    }

    /// The lock files of the run that are there, its own last: tasks that write share that one, and it does not name them.
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

    /// Keeps a report under `_reports/`, which grows after the seal too. Gives its path.
    pub fn write_report(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let path = self.folder.join("_reports").join(name);
        self.make_folder(&self.folder.join("_reports"))?;
        self.lake.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }

    fn write_task_record(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let folder = self.folder.join("_tasks");
        self.make_folder(&folder)?;
        let mut text = serde_json::to_vec_pretty(outcome)?;
        text.push(b'\n');
        self.lake.replace_file(&folder.join(format!("{}.json", outcome.task)), &text, WRITABLE)
    }
}

impl RunDescription {
    /// The dumps of the one and not of the other, in words; nothing where they are the same. When, by which version and
    /// for which mode does not matter to a rerun, nor where the dumps are if a CHECKSUM file says which they are.
    fn difference(&self, other: &RunDescription) -> Option<String> {
        if self.dump_month != other.dump_month {
            return Some(format!("the month {}, not for {}", self.dump_month, other.dump_month));
        }
        if self.dumps != other.dumps && self.dump_date != other.dump_date {
            return Some(format!("the dumps of {}, not those of {}", self.dump_date, other.dump_date));
        }
        self.dumps.iter().find_map(|(entity, path)| {
            let asked = other.dumps.get(entity)?;
            match (self.checksums.get(entity), other.checksums.get(entity)) {
                (Some(was), Some(is)) if was.name == is.name && was.same_content(is) => None,
                (Some(was), Some(is)) if path == asked => {
                    Some(format!("a {} whose sha256 is {}, not {}", path.display(), was.sha256, is.sha256))
                }
                _ if path == asked => None,
                _ => Some(format!("{}, not for {}", path.display(), asked.display())),
            }
        })
    }
}

/// A run in which this task may commit datasets.
#[derive(Debug)]
pub struct WritableRun {
    run: Run,
    task: String,
    _locks: [Lock; 2],
}

impl WritableRun {
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The task's staging folder, emptied: what an earlier try left is removed.
    pub fn staging(&self) -> anyhow::Result<Staging> {
        Staging::take(&self.run, &self.task)
    }

    /// Commits a dataset by one rename: afterwards it is there whole, before it was not there. One that is there
    /// already stays when it holds the same bytes; another is moved away only with `replace`. Files that an older sealed
    /// run holds with the same bytes are shared with it.
    pub fn commit(&self, staged: StagedDataset, dataset: &Dataset, replace: bool) -> anyhow::Result<()> {
        anyhow::ensure!(!self.run.is_sealed()?, "run {} was sealed under our lock", self.run.id);
        let dataset = &sharing::share(&self.run, &staged, dataset)?;
        staged.seal(dataset)?;
        let target = self.run.dataset_folder(&dataset.table);
        if let Some(parent) = target.parent() {
            self.run.make_folder(parent)?;
        }
        // A signal that comes now waits: what it removes from `_staging` must not be on its way out of there.
        let _whole = stop::hold();
        match self.run.dataset(&dataset.table)? {
            Some(there) if there.files == dataset.files && there.producer == dataset.producer && !replace => {
                remove_folder_if_there(&staged.folder)
            }
            Some(_) if !replace => Err(Failure::parameters(format!(
                "run {} holds {} already, made from other inputs or by another version",
                self.run.id, dataset.table
            ))
            .hint("pass --replace true to have it replaced, or begin a new run")
            .into()),
            Some(_) => {
                exchange(&staged.folder, &target, &staged.folder.with_extension("replaced"))?;
                remove_folder_if_there(&staged.folder)
            }
            None => rename(&staged.folder, &target),
        }
    }

    /// Moves a finished file of this task's staging folder to `_reports/`.
    pub fn keep_report(&self, staged: &Path, name: &str) -> anyhow::Result<()> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let folder = self.run.folder.join("_reports");
        self.run.make_folder(&folder)?;
        sync_file(staged)?;
        let _whole = stop::hold();
        rename(staged, &folder.join(name))
    }

    /// Removes a report of an earlier try, where there is one.
    pub fn remove_report(&self, name: &str) -> anyhow::Result<()> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let path = self.run.folder.join("_reports").join(name);
        self.run.lake.refuse_links(&path)?;
        remove_file_if_there(&path)
    }

    /// Keeps the outcome under `_tasks/`.
    pub fn record(&self, outcome: &Outcome) -> anyhow::Result<()> {
        self.run.write_task_record(outcome)
    }
}

/// A run that nobody else writes to.
#[derive(Debug)]
pub struct SealableRun {
    run: Run,
    task: String,
    _lock: Lock,
}

impl SealableRun {
    pub fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn task(&self) -> &str {
        &self.task
    }

    /// The task's staging folder, emptied.
    pub fn staging(&self) -> anyhow::Result<Staging> {
        Staging::take(&self.run, &self.task)
    }

    /// Keeps the outcome under `_tasks/`, which the seal covers: what is sealed has the one of before.
    pub fn record_unless_sealed(&self, outcome: &Outcome) -> anyhow::Result<()> {
        if self.run.is_sealed()? { Ok(()) } else { self.run.write_task_record(outcome) }
    }
}
