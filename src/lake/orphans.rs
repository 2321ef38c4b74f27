//! Orphans: files and folders outside of the runs that no task needs any more. prune-runs removes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::disk::durable::{remove_file_if_there, remove_folder_if_there};
use super::disk::lock;
use super::disk::read::entries;
use super::disk::usage::DiskUsage;
use super::{Lake, RunId};

/// Unfinished work that changed within this time is kept, however short the retention is.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The beginning of the names of pruned runs in `_meta/_staging`; the run id follows.
pub(super) const PRUNED: &str = "pruned.";

/// The orphans of a lake.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Orphans {
    /// Runs of a prune that was killed, entries of `_meta/_staging` older than an open run may be, and trials of runs that
    /// are sealed or gone.
    pub paths: Vec<Orphan>,
    /// Lock files of runs that are gone.
    pub locks: Vec<PathBuf>,
    /// Digests of manifests whose runs are gone.
    pub seals: Vec<RunId>,
}

/// A folder or a file that an earlier task left behind.
#[derive(Clone, Debug, Serialize)]
pub struct Orphan {
    /// The file or folder.
    pub path: PathBuf,
    /// The bytes that its removal frees.
    pub bytes: u64,
    /// The run, if this is its trial.
    #[serde(skip)]
    pub(super) trial_of: Option<RunId>,
}

impl Orphans {
    /// Returns their number.
    pub fn count(&self) -> usize {
        self.paths.len() + self.locks.len() + self.seals.len()
    }

    /// Returns the bytes that their removal frees.
    pub fn bytes(&self) -> u64 {
        self.paths.iter().map(|orphan| orphan.bytes).sum()
    }

    /// Removes the orphans in `_meta/_staging`.
    pub(super) fn remove_staged(&self) -> anyhow::Result<()> {
        self.paths.iter().filter(|orphan| orphan.trial_of.is_none()).try_for_each(|orphan| remove(&orphan.path))
    }

    /// Removes all other orphans, after the runs of the plan were removed. An orphan that a task has taken since is kept and
    /// dropped from the list.
    pub(super) fn remove_rest(&mut self, lake: &Lake, task: &str) -> anyhow::Result<()> {
        let mut kept = Vec::new();
        for orphan in &self.paths {
            let Some(id) = &orphan.trial_of else { continue };
            if lake.needs_trial(id)? || !lake.remove_trial(id, task)? {
                kept.push(orphan.path.clone());
            }
        }
        self.paths.retain(|orphan| !kept.contains(&orphan.path));
        self.locks.clear();
        for path in lake.locks_of_other_runs(&lake.run_ids()?)? {
            if lock::remove(&path)? {
                self.locks.push(path);
            }
        }
        self.seals.iter().try_for_each(|id| lake.remove_anchor(id))
    }
}

impl Lake {
    /// Returns the orphans of the lake as they will be once the runs in `going` are removed. Takes no lock, changes nothing.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be listed.
    pub fn orphans(&self, open_for: Duration, going: &[RunId]) -> anyhow::Result<Orphans> {
        let ids = self.run_ids()?;
        let mut paths = self.left_in_staging(open_for)?;
        for (id, path) in self.trials()? {
            if (going.contains(&id) || !self.needs_trial(&id)?) && !self.is_trial_in_use(&id)? {
                let bytes = DiskUsage::of(&path)?.own_bytes();
                paths.push(Orphan { path, bytes, trial_of: Some(id) });
            }
        }
        let staying: Vec<RunId> = ids.iter().filter(|id| !going.contains(id)).cloned().collect();
        let seals = self.anchored_ids()?.into_iter().filter(|id| !ids.contains(id)).collect();
        Ok(Orphans { paths, locks: self.locks_of_other_runs(&staying)?, seals })
    }

    fn left_in_staging(&self, open_for: Duration) -> anyhow::Result<Vec<Orphan>> {
        let folder = self.staging_folder();
        self.refuse_links(&folder)?;
        let mut orphans = Vec::new();
        for path in entries(&folder)? {
            let usage = DiskUsage::of(&path)?;
            let pruned = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PRUNED));
            let at_work = usage.changed_within(open_for.max(MIN_AGE)) || lock::is_held(&path);
            if pruned || !at_work {
                orphans.push(Orphan { path, bytes: usage.own_bytes(), trial_of: None });
            }
        }
        Ok(orphans)
    }

    /// Whether the trial of the run may still be needed: the run exists and is not sealed.
    fn needs_trial(&self, id: &RunId) -> anyhow::Result<bool> {
        Ok(self.run_ids()?.contains(id) && !self.run(id)?.is_sealed()?)
    }

    /// Returns the lock files that name a run other than these and that no process holds.
    fn locks_of_other_runs(&self, runs: &[RunId]) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.locks_folder();
        self.refuse_links(&folder)?;
        let of_other_run = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // `<run>.lock`, `<run>.<task>.lock`, `history.kpis.<run>.lock`, `history.diff.<run>..<run>.lock`.
            let mut named = name.split('.').filter_map(|part| part.parse::<RunId>().ok());
            name.ends_with(".lock") && named.any(|id| !runs.contains(&id)) && !lock::is_held(path)
        };
        Ok(entries(&folder)?.into_iter().filter(of_other_run).collect())
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => remove_folder_if_there(path),
        Ok(_) => remove_file_if_there(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
