//! The files of a server in a lake: the records of its jobs, and the log of writes.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Lake;
use super::dataset::is_plain_name;
use super::disk::durable::remove_file_if_there;
use super::disk::lock::{self, Lock};
use super::disk::read::{entries, read_if_exists};

/// The folder of a lake's server, `_meta/server`. One server holds it at a time.
#[derive(Debug)]
pub struct ServerFolder {
    lake: Lake,
    _lock: Lock,
}

impl Lake {
    /// Locks the folder of the lake's server, and creates it if it is missing.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] if another server serves the lake, or an error if the folder cannot be made.
    pub fn lock_server(&self, task: &str) -> anyhow::Result<ServerFolder> {
        let lock = lock::exclusive(&self.lock_file("server")?, task, "the server of the lake")?;
        let folder = ServerFolder { lake: self.clone(), _lock: lock };
        self.make_folder(&folder.jobs())?;
        Ok(folder)
    }
}

impl ServerFolder {
    fn root(&self) -> PathBuf {
        self.lake.root().join("_meta/server")
    }

    fn jobs(&self) -> PathBuf {
        self.root().join("jobs")
    }

    fn job(&self, id: &str) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(id), "the id of a job is a plain file name");
        Ok(self.jobs().join(format!("{id}.json")))
    }

    /// Creates or replaces the record of a job in one step, and flushes it to the disk.
    ///
    /// # Errors
    /// Returns an error if the id is a path, or the record cannot be written.
    pub fn write_job(&self, id: &str, record: &impl Serialize) -> anyhow::Result<()> {
        self.lake.write_json(&self.job(id)?, record)
    }

    /// Reads the record of a job, or returns `None` if there is none of the id.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is no record.
    pub fn read_job<R: DeserializeOwned>(&self, id: &str) -> anyhow::Result<Option<R>> {
        let path = self.job(id)?;
        let Some(text) = read_if_exists(&path)? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is no record of a job", path.display()))
    }

    /// Returns the ids of all jobs.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be listed.
    pub fn job_ids(&self) -> anyhow::Result<Vec<String>> {
        let id = |path: PathBuf| path.file_name()?.to_str()?.strip_suffix(".json").map(str::to_owned);
        Ok(entries(&self.jobs())?.into_iter().filter_map(id).collect())
    }

    /// Removes the records of jobs that were written longer than `age` ago, except for those that `is_kept` names. Returns
    /// their number.
    ///
    /// # Errors
    /// Returns an error if a record cannot be removed.
    pub fn remove_old_jobs(&self, age: Duration, is_kept: impl Fn(&str) -> bool) -> anyhow::Result<usize> {
        let mut removed = 0;
        for id in self.job_ids()? {
            let path = self.job(&id)?;
            let written = fs::metadata(&path).and_then(|found| found.modified()).ok();
            if written.and_then(|time| time.elapsed().ok()).is_some_and(|since| since > age) && !is_kept(&id) {
                remove_file_if_there(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Opens the log of writes, `_meta/server/audit.ndjson`, to append to it.
    ///
    /// # Errors
    /// Returns an error if the file is a link or cannot be opened.
    pub fn open_audit_log(&self) -> anyhow::Result<File> {
        let path = self.root().join("audit.ndjson");
        self.lake.refuse_links(&path)?;
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        opened.with_context(|| format!("cannot open {}", path.display()))
    }
}
