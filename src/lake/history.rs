//! `<lake>/_meta/discogs_history`: what is kept about the runs, beside them. It outlives them.
//!
//! ```text
//! registry/run_registry_events/events-*.parquet   appended, never changed
//! kpi/kpi_snapshot_events/events-*.parquet        appended, never changed
//! reports/history_kpis_*.csv, history_kpis.html   replaced whole
//! diffs/<from>..<to>/                             there whole, or not there
//! ```

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use walkdir::WalkDir;

use super::dataset::is_plain_name;
use super::disk::digest::sha256_of_bytes;
use super::disk::durable::{WRITABLE, rename, sync_file, sync_folder};
use super::disk::lock::{self, Lock};
use super::root::run_around;
use super::{Lake, RunId};
use digdag_task::{Failure, Observer, Scratch};

/// The folder of the history.
#[derive(Clone, Debug)]
pub struct HistoryFolder {
    lake: Lake,
    folder: PathBuf,
}

/// A lock on a part of the history, held as long as this lives.
#[derive(Debug)]
pub struct HistoryLock {
    _lock: Lock,
}

impl Lake {
    pub fn history(&self) -> HistoryFolder {
        HistoryFolder { lake: self.clone(), folder: self.root().join(HistoryFolder::PATH) }
    }
}

impl HistoryFolder {
    /// From the lake's root.
    pub const PATH: &str = "_meta/discogs_history";

    /// Whether anything was kept yet.
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    /// Makes the folder of a table, for events to come.
    pub fn make_event_folder(&self, table: &str) -> anyhow::Result<()> {
        self.lake.make_folder(&self.folder.join(table))
    }

    /// The registry for this process alone. Waits for others: what they do takes moments.
    pub fn lock_registry(&self, task: &str, observer: &dyn Observer) -> anyhow::Result<HistoryLock> {
        let path = self.lake.lock_file("history.registry")?;
        Ok(HistoryLock { _lock: lock::waiting(&path, task, "the registry of runs", observer)? })
    }

    /// The KPIs of a run for this process alone. Fails while somebody else computes them.
    pub fn lock_kpis(&self, run_id: &RunId, task: &str) -> anyhow::Result<HistoryLock> {
        let path = self.lake.lock_file(&format!("history.kpis.{run_id}"))?;
        Ok(HistoryLock { _lock: lock::exclusive(&path, task, &format!("the KPIs of run {run_id}"))? })
    }

    /// The difference of two runs for this process alone, in its place in the history or in another one. Fails while
    /// somebody else makes it there.
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

    /// The committed event files of a table, in the order of their times. `table` is its folder, from the contract.
    pub fn event_files(&self, table: &str) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.folder.join(table);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
            if path.extension().is_some_and(|ending| ending == "parquet") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Commits a finished file of `scratch` as events of a table, by one rename. The name holds the time and the name
    /// of the scratch folder, which was made for this process alone: no two writers ever have the same.
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

    /// Puts a report in place, whole. Gives its path.
    pub fn write_report(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_plain_name(name), "a report's name is a plain file name");
        let folder = self.folder.join("reports");
        self.lake.make_folder(&folder)?;
        let path = folder.join(name);
        self.lake.replace_file(&path, bytes, WRITABLE)?;
        Ok(path)
    }

    /// The bytes of a report, where there is one.
    pub fn report(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join("reports").join(name)).ok()
    }

    /// Where the difference of two runs belongs.
    pub fn diff_folder(&self, from: &RunId, to: &RunId) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("diffs");
        self.lake.make_folder(&folder)?;
        Ok(folder.join(format!("{from}..{to}")))
    }
}

/// A place outside of all runs for a folder or file that is not there or is to be looked at, with its parent resolved.
///
/// # Errors
/// The parent is missing, or the place lies in a run or among the runs, which never change, or is `active` or a link that
/// leads nowhere.
pub fn place_outside_runs(lake: &Lake, path: &Path) -> anyhow::Result<PathBuf> {
    let absolute = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(Failure::parameters(format!("{} is no place of its own", path.display())).into());
    };
    let parent = fs::canonicalize(parent)
        .map_err(|error| Failure::parameters(format!("cannot write to {}: {error}", parent.display())))?;
    let place = parent.join(name);
    let resolved = fs::canonicalize(&place).unwrap_or_else(|_| place.clone());
    let inside = |path: &Path| run_around(path).is_some() || path.starts_with(lake.runs_folder());
    if inside(&place) || inside(&resolved) || place == lake.pointer() {
        return Err(Failure::parameters(format!("{} lies among the runs, which never change", path.display()))
            .hint("name a place outside of _runs and active")
            .into());
    }
    if place.is_symlink() && fs::metadata(&place).is_err() {
        return Err(Failure::parameters(format!("{} is a link that leads nowhere", path.display())).into());
    }
    Ok(place)
}

/// A place for a file that people want, links followed: outside of all runs, and none of what the lake keeps for itself.
pub fn place_for_file(lake: &Lake, path: &Path) -> anyhow::Result<PathBuf> {
    let place = place_outside_runs(lake, path)?;
    let place = fs::canonicalize(&place).unwrap_or(place);
    if place.starts_with(lake.root().join("_meta")) {
        let message = format!("{} lies in _meta, which is the lake's own", path.display());
        return Err(Failure::parameters(message).hint("name a file outside of the lake").into());
    }
    Ok(place)
}

/// Commits a finished folder by one rename: every file and folder in it is on the disk before its name is.
pub fn commit_folder(staged: &Path, target: &Path) -> anyhow::Result<()> {
    for entry in WalkDir::new(staged).contents_first(true) {
        let entry = entry.with_context(|| format!("cannot list {}", staged.display()))?;
        if entry.file_type().is_dir() {
            sync_folder(entry.path())?;
        } else {
            sync_file(entry.path())?;
        }
    }
    rename(staged, target)
}
