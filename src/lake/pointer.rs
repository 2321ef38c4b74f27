//! `active`, a relative symbolic link, and `active__prev_*`, what it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::disk::durable::{remove_file_if_there, rename, sync_folder};
use super::disk::lock::{self, Lock};
use super::{Lake, RunId, SealedRun};
use digdag_task::Failure;

const PREVIOUS: &str = "active__prev_";

/// A link that keeps what `active` was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previous {
    /// `active__prev_<timestamp>`.
    pub name: String,
    pub run_id: RunId,
}

impl Lake {
    pub(super) fn pointer(&self) -> PathBuf {
        self.root().join("active")
    }

    /// The run that `active` points at. Anything else of that name is refused, with what to do.
    pub fn active(&self) -> anyhow::Result<Option<RunId>> {
        let path = self.pointer();
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            found => found.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if !found.file_type().is_symlink() {
            return Err(Failure::input(format!("{} is not a link but a file or folder", path.display()))
                .hint("move it away by hand: here active is a link to _runs/<run_id>, and nothing is moved for you")
                .into());
        }
        let id = run_in_link(&path)?.ok_or_else(|| {
            Failure::input(format!("{} does not point at a run of this lake", path.display()))
                .hint("remove the link by hand, then promote a sealed run")
        })?;
        self.refuse_links(&self.run_folder(&id))?;
        if !self.run_folder(&id).is_dir() {
            return Err(Failure::input(format!("{} points at run {id}, which is gone", path.display()))
                .hint("remove the link by hand, then promote a sealed run")
                .into());
        }
        Ok(Some(id))
    }

    /// The same for a task that needs one; `hint` says what to do where there is none.
    pub fn published(&self, hint: &str) -> anyhow::Result<RunId> {
        let nothing = || Failure::parameters(format!("nothing is published in {}", self.root().display())).hint(hint);
        Ok(self.active()?.ok_or_else(nothing)?)
    }

    /// What `active` was, newest first.
    pub fn previous(&self) -> anyhow::Result<Vec<Previous>> {
        let mut previous = Vec::new();
        for entry in fs::read_dir(self.root()).with_context(|| format!("cannot list {}", self.root().display()))? {
            let entry = entry.with_context(|| format!("cannot list {}", self.root().display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(PREVIOUS)
                && let Some(run_id) = run_in_link(&entry.path())?
            {
                previous.push(Previous { name, run_id });
            }
        }
        previous.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(previous)
    }

    /// Takes the lake for this process alone, to move `active`.
    pub fn lock(&self, task: &str) -> anyhow::Result<LockedLake> {
        let lock = lock::exclusive(&self.lock_file("lake")?, task, "the lake")?;
        Ok(LockedLake { lake: self.clone(), _lock: lock })
    }
}

/// The run a link names, if it is a link to `_runs/<run_id>`.
fn run_in_link(path: &Path) -> anyhow::Result<Option<RunId>> {
    let target = match fs::read_link(path) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => return Ok(None),
        target => target.with_context(|| format!("cannot read the link {}", path.display()))?,
    };
    let Some(name) = target.to_str().and_then(|target| target.strip_prefix("_runs/")) else { return Ok(None) };
    Ok(name.trim_end_matches('/').parse().ok())
}

/// The lake while nobody else moves `active`, seals or prunes.
#[derive(Debug)]
pub struct LockedLake {
    lake: Lake,
    _lock: Lock,
}

impl LockedLake {
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Points `active` at a sealed run, by one rename over the old link: at no instant is there none. What it was is
    /// kept under `active__prev_<now>` first, so that a rollback finds it whatever happens next.
    pub fn switch_to(&self, run: &SealedRun) -> anyhow::Result<()> {
        if let Some(before) = self.lake.active()? {
            self.keep_previous(&before)?;
        }
        self.link(run.run().id())
    }

    /// Makes a previous link `active` again, by one rename: the pointer moves and the link is used up in the same step,
    /// so that the next rollback goes further back.
    pub fn switch_back_to(&self, run: &SealedRun, previous: &Previous) -> anyhow::Result<()> {
        anyhow::ensure!(previous.run_id == *run.run().id(), "{} names another run", previous.name);
        rename(&self.lake.root().join(&previous.name), &self.lake.pointer())
    }

    /// Removes a previous link. A rollback no longer goes there, and the run is kept for it no longer.
    pub fn forget(&self, previous: &Previous) -> anyhow::Result<()> {
        remove_file_if_there(&self.lake.root().join(&previous.name))?;
        sync_folder(self.lake.root())
    }

    /// Flushes the pointer to the disk: a promotion that was killed may have moved it and come no further.
    pub fn flush(&self) -> anyhow::Result<()> {
        sync_folder(self.lake.root())
    }

    fn link(&self, to: &RunId) -> anyhow::Result<()> {
        let staging = self.lake.staging_folder();
        self.lake.make_folder(&staging)?;
        let unfinished = staging.join(format!("active.{}", std::process::id()));
        remove_file_if_there(&unfinished)?;
        symlink(link_target(to), &unfinished)
            .with_context(|| format!("cannot make the link {}", unfinished.display()))?;
        rename(&unfinished, &self.lake.pointer())
    }

    fn keep_previous(&self, run_id: &RunId) -> anyhow::Result<()> {
        let newest = self.lake.previous()?.into_iter().next();
        if newest.as_ref().is_some_and(|newest| newest.run_id == *run_id) {
            return Ok(());
        }
        let now = Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y%m%d_%H%M%S_%6f").to_string();
        let mut name = format!("{PREVIOUS}{now}");
        if let Some(newest) = newest.filter(|newest| newest.name >= name) {
            // The clock went back. The order of the names is the order of the promotions, so go on from the newest.
            name = format!("{}_", newest.name);
        }
        let path = self.lake.root().join(&name);
        symlink(link_target(run_id), &path).with_context(|| format!("cannot make the link {}", path.display()))?;
        sync_folder(self.lake.root())
    }
}

fn link_target(run_id: &RunId) -> PathBuf {
    Path::new("_runs").join(run_id.as_str())
}
