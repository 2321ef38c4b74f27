//! `<lake>/_meta/discogs_history`: tables, reports and differences about the runs. They outlive the runs.
//!
//! ```text
//! registry/run_registry_events/events-*.parquet   appended, never changed
//! kpi/kpi_snapshot_events/events-*.parquet        appended, never changed
//! reports/history_kpis_*.csv, history_kpis.html   replaced in one step
//! diffs/<from>..<to>/                             complete, or missing
//! ```

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::dataset::is_plain_name;
use super::disk::digest::sha256_of_bytes;
use super::disk::durable::{WRITABLE, rename, sync_file};
use super::disk::lock::{self, Lock};
use super::disk::read::{entries, read_regular};
use super::{Lake, RunId};
use digdag_task::{Observer, Scratch};

/// The folder of the history.
#[derive(Clone, Debug)]
pub struct HistoryFolder {
    lake: Lake,
    folder: PathBuf,
}

/// A lock on a part of the history, released when it is dropped.
#[derive(Debug)]
pub struct HistoryLock {
    _lock: Lock,
}

impl Lake {
    /// Returns the folder of the history, which may be missing.
    pub fn history(&self) -> HistoryFolder {
        HistoryFolder { lake: self.clone(), folder: self.root().join(HistoryFolder::PATH) }
    }
}

impl HistoryFolder {
    /// From the lake's root.
    pub const PATH: &str = "_meta/discogs_history";

    /// Whether the folder exists.
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    /// Creates the folder of a table of events.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn make_event_folder(&self, table: &str) -> anyhow::Result<()> {
        self.lake.make_folder(&self.folder.join(table))
    }

    /// Locks the registry for this process alone. Blocks until it is free, because it is held for moments only.
    ///
    /// # Errors
    /// Returns an error if the lock file cannot be opened.
    pub fn lock_registry(&self, task: &str, observer: &dyn Observer) -> anyhow::Result<HistoryLock> {
        let path = self.lake.lock_file("history.registry")?;
        Ok(HistoryLock {
            _lock: lock::waiting(&path, task, "the registry of runs", &|locked| {
                observer.note(format_args!("waits: {locked}"));
            })?,
        })
    }

    /// Locks the KPIs of a run for this process alone.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while another process computes them.
    pub fn lock_kpis(&self, run_id: &RunId, task: &str) -> anyhow::Result<HistoryLock> {
        let path = self.lake.lock_file(&format!("history.kpis.{run_id}"))?;
        Ok(HistoryLock { _lock: lock::exclusive(&path, task, &format!("the KPIs of run {run_id}"))? })
    }

    /// Locks the difference of two runs for this process alone, in the history or in the folder `elsewhere`.
    ///
    /// # Errors
    /// Returns [`super::disk::Error::Locked`] while another process writes it there.
    pub fn lock_diff(
        &self,
        from: &RunId,
        to: &RunId,
        elsewhere: Option<&Path>,
        task: &str,
    ) -> anyhow::Result<HistoryLock> {
        let place = elsewhere.map(|path| sha256_of_bytes(path.as_os_str().as_bytes())[..16].to_owned());
        let place = place.map(|digest| format!(".{digest}")).unwrap_or_default();
        let path = self.lake.lock_file(&format!("history.diff.{from}..{to}{place}"))?;
        let what = format!("the difference of runs {from} and {to}");
        Ok(HistoryLock { _lock: lock::exclusive(&path, task, &what)? })
    }

    /// Returns the committed event files of a table in the order of their times. `table` is its folder in the contract.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be listed.
    pub fn event_files(&self, table: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = entries(&self.folder.join(table))?;
        files.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
        Ok(files)
    }

    /// Commits a finished file of `scratch` as events of a table by one rename; returns its path. The name holds the time
    /// and the name of the scratch folder, which belongs to this process alone, so no two writers choose the same name.
    ///
    /// # Errors
    /// Returns an error if the file cannot be flushed or renamed.
    pub fn append_events(&self, table: &str, scratch: &Scratch, staged: &Path) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(table);
        self.lake.make_folder(&folder)?;
        fs::set_permissions(staged, fs::Permissions::from_mode(0o444))
            .with_context(|| format!("cannot make {} read-only", staged.display()))?;
        sync_file(staged)?;
        let writer = scratch.path().file_name().unwrap_or_default().to_string_lossy();
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S_%6f");
        let target = folder.join(format!("events-{time}-{writer}.parquet"));
        anyhow::ensure!(!target.exists(), "{} is there already", target.display());
        rename(staged, &target)?;
        Ok(target)
    }

    /// Creates or replaces a report in one step; returns its path.
    ///
    /// # Errors
    /// Returns an error if the name is a path, or the report cannot be written.
    pub fn write_report(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let folder = self.folder.join("reports");
        self.lake.make_folder(&folder)?;
        let path = folder.join(name);
        self.lake.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }

    /// Returns the bytes of a report, or `None` if it is missing or cannot be read.
    pub fn report(&self, name: &str) -> Option<Vec<u8>> {
        read_regular(&self.folder.join("reports").join(name)).ok()
    }

    /// Returns the place of the difference of two runs.
    ///
    /// # Errors
    /// Returns an error if the folder above it cannot be created.
    pub fn diff_folder(&self, from: &RunId, to: &RunId) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("diffs");
        self.lake.make_folder(&folder)?;
        Ok(folder.join(format!("{from}..{to}")))
    }
}
