//! What is of no use to anybody any more and lies outside of the runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::disk::durable::{remove_file_if_there, remove_folder_if_there};
use super::disk::lock;
use super::retention::PRUNED;
use super::{Extent, Lake, RunId};

/// What is on its way to its place is there sooner, however soon a run may go.
const A_MOMENT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default, Serialize)]
pub struct Leftovers {
    /// Runs of a prune that was killed, what lay in `_meta/_staging` for longer than a run may be open, and trials of
    /// runs that are sealed or gone.
    pub paths: Vec<Leftover>,
    /// Lock files of runs that are gone.
    pub locks: Vec<PathBuf>,
    /// Digests of manifests whose runs are gone.
    pub seals: Vec<RunId>,
}

/// A folder or a file that an earlier task left.
#[derive(Clone, Debug, Serialize)]
pub struct Leftover {
    pub path: PathBuf,
    pub bytes: u64,
    /// The run whose dumps were tried there.
    #[serde(skip)]
    pub(super) trial_of: Option<RunId>,
}

impl Leftovers {
    pub fn count(&self) -> usize {
        self.paths.len() + self.locks.len() + self.seals.len()
    }

    pub fn bytes(&self) -> u64 {
        self.paths.iter().map(|leftover| leftover.bytes).sum()
    }

    /// Removes what is in `_meta/_staging`.
    pub(super) fn remove_staged(&self) -> anyhow::Result<()> {
        self.paths.iter().filter(|leftover| leftover.trial_of.is_none()).try_for_each(|leftover| remove(&leftover.path))
    }

    /// Removes the rest, once the runs are gone that go: all that nobody needs now. What somebody has taken since is kept,
    /// and is no leftover afterwards.
    pub(super) fn remove_rest(&mut self, lake: &Lake, task: &str) -> anyhow::Result<()> {
        let mut kept = Vec::new();
        for leftover in &self.paths {
            let Some(id) = &leftover.trial_of else { continue };
            if lake.needs_trial(id)? || !lake.remove_trial(id, task)? {
                kept.push(leftover.path.clone());
            }
        }
        self.paths.retain(|leftover| !kept.contains(&leftover.path));
        self.locks.clear();
        for path in lake.locks_of_none(&lake.run_ids()?)? {
            if lock::remove(&path)? {
                self.locks.push(path);
            }
        }
        self.seals.iter().try_for_each(|id| lake.remove_anchor(id))
    }
}

impl Lake {
    /// What lies about now, and what will when the runs in `going` are gone. Needs no lock and changes nothing.
    pub fn leftovers(&self, open_for: Duration, going: &[RunId]) -> anyhow::Result<Leftovers> {
        let ids = self.run_ids()?;
        let mut paths = self.left_in_staging(open_for)?;
        for (id, path) in self.trials()? {
            if (going.contains(&id) || !self.needs_trial(&id)?) && !self.is_trial_at_work(&id) {
                let bytes = Extent::of(&path)?.own_bytes();
                paths.push(Leftover { path, bytes, trial_of: Some(id) });
            }
        }
        let staying: Vec<RunId> = ids.iter().filter(|id| !going.contains(id)).cloned().collect();
        let seals = self.anchored_ids()?.into_iter().filter(|id| !ids.contains(id)).collect();
        Ok(Leftovers { paths, locks: self.locks_of_none(&staying)?, seals })
    }

    fn left_in_staging(&self, open_for: Duration) -> anyhow::Result<Vec<Leftover>> {
        let folder = self.staging_folder();
        self.refuse_links(&folder)?;
        let mut leftovers = Vec::new();
        for path in entries(&folder)? {
            let extent = Extent::of(&path)?;
            let pruned = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PRUNED));
            let at_work = extent.changed_within(open_for.max(A_MOMENT)) || lock::is_held(&path);
            if pruned || !at_work {
                leftovers.push(Leftover { path, bytes: extent.own_bytes(), trial_of: None });
            }
        }
        Ok(leftovers)
    }

    /// Whether what a trial of the run gave may be looked at still: the run is there, and not sealed.
    fn needs_trial(&self, id: &RunId) -> anyhow::Result<bool> {
        Ok(self.run_ids()?.contains(id) && !self.run(id)?.is_sealed()?)
    }

    /// The lock files that name a run, nobody holds, and name one that is not among these.
    fn locks_of_none(&self, runs: &[RunId]) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.locks_folder();
        self.refuse_links(&folder)?;
        let of_gone = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // `<run>.lock`, `<run>.<task>.lock`, `history.kpis.<run>.lock`, `history.diff.<run>..<run>.lock`.
            let mut named = name.split('.').filter_map(|part| part.parse::<RunId>().ok());
            name.ends_with(".lock") && named.any(|id| !runs.contains(&id)) && !lock::is_held(path)
        };
        Ok(entries(&folder)?.into_iter().filter(of_gone).collect())
    }
}

/// What is in a folder, by name; nothing where there is none.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(cannot)?,
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().with_context(cannot)?;
    paths.sort();
    Ok(paths)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => remove_folder_if_there(path),
        Ok(_) => remove_file_if_there(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
