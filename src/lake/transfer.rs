//! Runs that leave this lake for object storage and come back: the locks of a transfer, and where its state is kept.
//!
//! ```text
//! <lake>/_meta/uploads/<run_id>.jsonl      the uploads by parts that a task began and did not complete
//! <lake>/_meta/_staging/received.<run_id>  the files of a run that a task is bringing back
//! ```

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::dataset::is_plain_name;
use super::disk::durable::{commit_folder, remove_file_if_there, remove_folder_if_there, sync_folder, write_new_file};
use super::disk::lock::{self, Lock};
use super::manifest::READ_ONLY;
use super::{Lake, Manifest, Run, RunId, SealedRun};
use digdag_task::stop;

/// The beginning of the name of a folder of received files; the run id follows.
const RECEIVED: &str = "received.";

/// A sealed run that one task sends, and that no prune removes meanwhile.
#[derive(Debug)]
pub struct SendableRun {
    sealed: SealedRun,
    _locks: [Lock; 2],
}

impl Run {
    /// Locks a sealed run for a task that sends its files.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while the same task is at work in the run, [`super::Error::NotSealed`] if the
    /// run is not sealed, and [`super::Error::NoRun`] if it was pruned.
    pub fn sendable(&self, task: &str) -> anyhow::Result<SendableRun> {
        let run_lock = lock::shared(&self.run_lock()?, &format!("run {}", self.id()))?;
        let task_lock = lock::exclusive(&self.producer_lock(task)?, task, &format!("{task} of run {}", self.id()))?;
        self.look_up_again()?;
        Ok(SendableRun { sealed: SealedRun::open(self)?, _locks: [run_lock, task_lock] })
    }
}

impl SendableRun {
    /// Returns the run.
    pub fn sealed(&self) -> &SealedRun {
        &self.sealed
    }

    /// Returns the file in which the task keeps which uploads it began, in a folder that exists.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn journal(&self) -> anyhow::Result<PathBuf> {
        let lake = self.sealed.run().lake();
        lake.make_folder(&lake.uploads_folder())?;
        let path = lake.journal_file(self.sealed.run().id());
        lake.refuse_links(&path)?;
        Ok(path)
    }
}

impl Lake {
    fn uploads_folder(&self) -> PathBuf {
        self.meta_file("uploads")
    }

    fn journal_file(&self, id: &RunId) -> PathBuf {
        self.uploads_folder().join(format!("{id}.jsonl"))
    }

    /// Removes the record of the uploads of a run; a missing one is no error.
    ///
    /// # Errors
    /// Returns an error if the file cannot be removed.
    pub fn remove_journal(&self, id: &RunId) -> anyhow::Result<()> {
        let path = self.journal_file(id);
        self.refuse_links(&path)?;
        remove_file_if_there(&path)
    }

    /// Locks a run that this lake lacks, for a task that brings its files back.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while another task is at work in the run.
    pub fn receive(&self, id: &RunId, task: &str) -> anyhow::Result<ReceivedRun> {
        let lock = lock::exclusive(&self.lock_file(id.as_str())?, task, &format!("run {id}"))?;
        let folder = self.staging_folder().join(format!("{RECEIVED}{id}"));
        self.make_folder(&folder)?;
        Ok(ReceivedRun { lake: self.clone(), id: id.clone(), folder, _resumable: stop::Resumable::new(), _lock: lock })
    }
}

/// A run whose files arrive in `_meta/_staging` and are moved to `_runs` by one rename. A task that is stopped leaves them
/// for the next one.
#[derive(Debug)]
pub struct ReceivedRun {
    lake: Lake,
    id: RunId,
    folder: PathBuf,
    _resumable: stop::Resumable,
    _lock: Lock,
}

impl ReceivedRun {
    /// Whether the lake has the run already.
    pub fn is_there(&self) -> bool {
        self.lake.run_folder(&self.id).exists()
    }

    /// Returns the path of a whole file of the run, in a folder that exists.
    ///
    /// # Errors
    /// Returns an error if the path leads out of the run, or the folder cannot be created.
    pub fn file(&self, path: &str) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(path.split('/').all(is_plain_name), "{path:?} leads out of the run");
        let file = self.folder.join(path);
        self.lake.make_folder(file.parent().unwrap_or(&self.folder))?;
        self.lake.refuse_links(&file)?;
        Ok(file)
    }

    /// Begins a file: it has its length, and gets its name when it is finished.
    ///
    /// # Errors
    /// Returns an error if the file cannot be created.
    pub fn begin(&self, path: &str, bytes: u64) -> anyhow::Result<ReceivedFile> {
        let target = self.file(path)?;
        let unfinished = unfinished(&target);
        remove_file_if_there(&unfinished)?;
        let create = || -> std::io::Result<File> {
            let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&unfinished)?;
            file.set_len(bytes)?;
            Ok(file)
        };
        let file = create().with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(ReceivedFile { file, unfinished, target })
    }

    /// Writes the manifest and moves the run to its place.
    ///
    /// # Errors
    /// Returns an error if a flush or the rename fails.
    pub fn commit(self, manifest: &[u8]) -> anyhow::Result<Run> {
        let path = self.folder.join(Manifest::FILE_NAME);
        remove_file_if_there(&path)?;
        write_new_file(&path, manifest, READ_ONLY)?;
        let target = self.lake.run_folder(&self.id);
        self.lake.make_folder(&self.lake.runs_folder())?;
        let _whole = stop::hold();
        commit_folder(&self.folder, &target)?;
        self.lake.run(&self.id)
    }

    /// Removes what arrived, if the lake has the run already.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be removed.
    pub fn discard(self) -> anyhow::Result<()> {
        remove_folder_if_there(&self.folder)?;
        sync_folder(&self.lake.staging_folder())
    }
}

/// A file that is arriving. Ranges may be written from several threads.
#[derive(Debug)]
pub struct ReceivedFile {
    file: File,
    unfinished: PathBuf,
    target: PathBuf,
}

impl ReceivedFile {
    /// Writes a range.
    ///
    /// # Errors
    /// Returns an error if the disk is full, or the write fails.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> anyhow::Result<()> {
        self.file.write_all_at(bytes, offset).with_context(|| format!("cannot write {}", self.unfinished.display()))
    }

    /// Returns the path of the file while it is unfinished.
    pub fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Makes the file read-only and gives it its name, after its bytes were verified.
    ///
    /// # Errors
    /// Returns an error if the rename fails.
    pub fn finish(self) -> anyhow::Result<()> {
        let cannot = || format!("cannot finish {}", self.unfinished.display());
        fs::set_permissions(&self.unfinished, fs::Permissions::from_mode(READ_ONLY)).with_context(cannot)?;
        fs::rename(&self.unfinished, &self.target).with_context(cannot)
    }
}

fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    target.with_file_name(name)
}
