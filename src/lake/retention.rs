//! Which runs are kept, as a plan that can be shown before it is carried out.
//!
//! A run is removed by one rename into `_meta/_staging`, and deleted there: a prune that is killed leaves no half run where
//! runs are. What it left is in the next plan as a leftover.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use serde::Serialize;
use walkdir::WalkDir;

use super::durable::{remove_file_if_there, remove_folder_if_there, rename};
use super::{Holder, Lake, LockedLake, Run, RunId, lock};
use crate::task::Failure;

/// In front of the run id in `_meta/_staging`.
const PRUNED: &str = "pruned.";

/// What is on its way to its place is there sooner, however soon a run may go.
const A_MOMENT: Duration = Duration::from_secs(60);

/// What is asked to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// This many of the newest sealed runs, and as many of the newest that are not sealed.
    pub keep: usize,
    /// A run that is not sealed and changed within this time may be between two tasks of its workflow.
    pub open_for: Duration,
}

/// Why a run stays.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// `active` points at it.
    Active,
    /// The link of this name points at it: a rollback goes there.
    Previous(String),
    /// A task holds it.
    Locked(Holder),
    /// It is among the newest.
    Newest,
    /// It is not sealed, and changed not long ago.
    Open,
}

/// A run and what becomes of it.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedRun {
    pub run_id: RunId,
    pub sealed: bool,
    pub files: u64,
    pub bytes: u64,
    /// Nothing: it goes.
    pub kept: Option<Kept>,
}

/// Something of no use that an earlier task left in `_meta`.
#[derive(Clone, Debug, Serialize)]
pub struct Leftover {
    pub path: PathBuf,
    pub bytes: u64,
}

/// What a prune would do, newest run first.
#[derive(Clone, Debug, Serialize)]
pub struct PrunePlan {
    pub runs: Vec<PlannedRun>,
    /// Runs of a prune that was killed, and what lay in `_meta/_staging` for longer than a run may be open.
    pub leftovers: Vec<Leftover>,
    /// Digests of manifests whose runs are gone.
    pub seals: Vec<RunId>,
}

impl PrunePlan {
    /// The runs that go.
    pub fn removed(&self) -> impl Iterator<Item = &PlannedRun> {
        self.runs.iter().filter(|run| run.kept.is_none())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.removed().next().is_none() && self.leftovers.is_empty() && self.seals.is_empty()
    }

    /// Bytes of what goes.
    pub fn bytes(&self) -> u64 {
        let runs: u64 = self.removed().map(|run| run.bytes).sum();
        runs + self.leftovers.iter().map(|leftover| leftover.bytes).sum::<u64>()
    }

    /// Removes what the plan says, run by run. A run that a task has taken since the plan was made is kept; the plan says
    /// so afterwards.
    pub fn carry_out(&mut self, locked: &LockedLake, task: &str) -> anyhow::Result<()> {
        let lake = locked.lake();
        // The lake's lock keeps the pointers where they are; the plan may be older than the lock.
        let pointed_at = pointers(lake)?;
        lake.make_folder(&lake.staging_folder())?;
        for leftover in &self.leftovers {
            remove(&leftover.path)?;
        }
        for planned in self.runs.iter_mut().filter(|run| run.kept.is_none()) {
            planned.kept = pointed_at.get(&planned.run_id).cloned();
            if planned.kept.is_some() {
                continue;
            }
            let run = lake.run(&planned.run_id)?;
            let lock = match run.lock_alone(task) {
                Ok(lock) => lock,
                Err(error) => match run.holder() {
                    Some(holder) => {
                        planned.kept = Some(Kept::Locked(holder));
                        continue;
                    }
                    None => return Err(error),
                },
            };
            let going = lake.staging_folder().join(format!("{PRUNED}{}", planned.run_id));
            remove_folder_if_there(&going)?;
            rename(run.folder(), &going)?;
            if run.anchor()?.is_some() {
                lake.remove_anchor(&planned.run_id)?;
            }
            remove_folder_if_there(&going)?;
            drop(lock);
        }
        for id in &self.seals {
            lake.remove_anchor(id)?;
        }
        Ok(())
    }
}

impl Lake {
    /// What a prune would do now. Needs no lock and changes nothing. A lake whose `active` is no pointer of ours is
    /// refused: who knows what its readers need.
    pub fn plan_prune(&self, retention: Retention) -> anyhow::Result<PrunePlan> {
        let pointed_at = pointers(self)?;
        let mut ids = self.run_ids()?;
        ids.sort_by(|a, b| b.session().cmp(a.session()).then_with(|| b.cmp(a)));
        let mut newest = [0, 0];
        let mut runs = Vec::new();
        for id in &ids {
            let run = self.run(id)?;
            let sealed = run.is_sealed()?;
            let extent = Extent::of(run.folder())?;
            newest[usize::from(sealed)] += 1;
            let kept = match pointed_at.get(id).cloned() {
                Some(kept) => Some(kept),
                None => match run.holder() {
                    Some(holder) => Some(Kept::Locked(holder)),
                    None if newest[usize::from(sealed)] <= retention.keep => Some(Kept::Newest),
                    None if !sealed && extent.changed_within(retention.open_for) => Some(Kept::Open),
                    None => None,
                },
            };
            runs.push(PlannedRun { run_id: id.clone(), sealed, files: extent.files, bytes: extent.bytes, kept });
        }
        let seals = self.anchored_ids()?.into_iter().filter(|id| !ids.contains(id)).collect();
        Ok(PrunePlan { runs, leftovers: self.leftovers(retention.open_for)?, seals })
    }

    fn leftovers(&self, open_for: Duration) -> anyhow::Result<Vec<Leftover>> {
        let folder = self.staging_folder();
        self.refuse_links(&folder)?;
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        let mut leftovers = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let extent = Extent::of(&entry.path())?;
            let pruned = entry.file_name().to_string_lossy().starts_with(PRUNED);
            let at_work = extent.changed_within(open_for.max(A_MOMENT)) || lock::is_held(&entry.path());
            if pruned || !at_work {
                leftovers.push(Leftover { path: entry.path(), bytes: extent.bytes });
            }
        }
        leftovers.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(leftovers)
    }
}

/// The runs that `active` and its predecessors point at.
fn pointers(lake: &Lake) -> anyhow::Result<BTreeMap<RunId, Kept>> {
    let mut pointers = BTreeMap::new();
    for previous in lake.previous()?.into_iter().rev() {
        pointers.insert(previous.run_id, Kept::Previous(previous.name));
    }
    if let Some(active) = lake.active()? {
        pointers.insert(active, Kept::Active);
    }
    Ok(pointers)
}

/// How much a folder or a file holds and when it changed.
pub(super) struct Extent {
    pub files: u64,
    pub bytes: u64,
    changed: SystemTime,
}

impl Extent {
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let mut extent = Extent { files: 0, bytes: 0, changed: SystemTime::UNIX_EPOCH };
        for entry in WalkDir::new(path).follow_links(false) {
            let metadata = match entry.and_then(|entry| entry.metadata()) {
                Ok(metadata) => metadata,
                // Others are at work in an open run; what they have just removed is no part of it.
                Err(error) if error.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => continue,
                Err(error) => return Err(error).with_context(|| format!("cannot list {}", path.display())),
            };
            if !metadata.is_dir() {
                extent.files += 1;
                extent.bytes += metadata.len();
            }
            if let Ok(modified) = metadata.modified() {
                extent.changed = extent.changed.max(modified);
            }
        }
        Ok(extent)
    }

    /// A time in the future counts: the clock was set back, and caution is what this is about.
    fn changed_within(&self, time: Duration) -> bool {
        self.changed.elapsed().map_or(true, |elapsed| elapsed < time)
    }
}

impl Run {
    /// The number of its files and their bytes, those of reports and of unfinished work with them.
    pub fn extent(&self) -> anyhow::Result<(u64, u64)> {
        Extent::of(self.folder()).map(|extent| (extent.files, extent.bytes))
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

impl Retention {
    /// # Errors
    /// Keeping nothing is no retention.
    pub fn new(keep: usize, open_for: Duration) -> Result<Self, Failure> {
        if keep == 0 {
            return Err(Failure::parameters("parameter keep: at least 1 run is kept"));
        }
        Ok(Retention { keep, open_for })
    }
}
