//! The pointer `active`, a relative symbolic link to the published run, and `active__prev_*`, its earlier targets.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::disk::durable::{remove_file_if_there, rename, sync_folder};
use super::disk::read::entries;
use super::{Error, Lake, LockedLake, RunId, SealedRun};

/// The beginning of the names of the links to earlier targets.
const PREVIOUS: &str = "active__prev_";

/// A link to a run that was active before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previous {
    /// `active__prev_<timestamp>`.
    pub name: String,
    /// The run it points at.
    pub run_id: RunId,
}

impl Lake {
    pub(super) fn pointer(&self) -> PathBuf {
        self.root().join("active")
    }

    /// Returns the run that `active` points at, or `None` if there is no `active`.
    ///
    /// # Errors
    /// Returns an error if `active` is not a link to a run of this lake, or the run is missing.
    pub fn active(&self) -> anyhow::Result<Option<RunId>> {
        let path = self.pointer();
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            found => found.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if !found.file_type().is_symlink() {
            return Err(Error::ActiveNotALink { path }.into());
        }
        let Some(run) = run_in_link(&path)? else { return Err(Error::ActiveElsewhere { path }.into()) };
        self.refuse_links(&self.run_folder(&run))?;
        if !self.run_folder(&run).is_dir() {
            return Err(Error::ActiveDangling { path, run }.into());
        }
        Ok(Some(run))
    }

    /// Like [`Lake::active`], but for a caller that needs a published run.
    ///
    /// # Errors
    /// Returns [`Error::NothingPublished`] if there is no `active`.
    pub fn published(&self) -> anyhow::Result<RunId> {
        Ok(self.active()?.ok_or_else(|| Error::NothingPublished { lake: self.root().to_owned() })?)
    }

    /// Returns the links to earlier targets of `active`, newest first.
    ///
    /// # Errors
    /// Returns an error if the lake cannot be listed or a link cannot be read.
    pub fn previous(&self) -> anyhow::Result<Vec<Previous>> {
        let mut previous = Vec::new();
        for path in entries(self.root())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(PREVIOUS)
                && let Some(run_id) = run_in_link(&path)?
            {
                previous.push(Previous { name, run_id });
            }
        }
        previous.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(previous)
    }
}

/// Returns the run that a link names, or `None` if it is not a link to `_runs/<run_id>`.
fn run_in_link(path: &Path) -> anyhow::Result<Option<RunId>> {
    let target = match fs::read_link(path) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => return Ok(None),
        target => target.with_context(|| format!("cannot read the link {}", path.display()))?,
    };
    let Some(name) = target.to_str().and_then(|target| target.strip_prefix("_runs/")) else { return Ok(None) };
    Ok(name.trim_end_matches('/').parse().ok())
}

impl LockedLake {
    /// Points `active` at a sealed run by one rename over the old link, so there is no instant without `active`. A link to
    /// the old target is created first, as `active__prev_<now>`, so that a rollback finds it even after a kill.
    ///
    /// # Errors
    /// Returns an error if a link cannot be created, renamed or flushed.
    pub fn switch_to(&self, run: &SealedRun) -> anyhow::Result<()> {
        if let Some(before) = self.lake().active()? {
            self.keep_previous(&before)?;
        }
        self.link(run.run().id())
    }

    /// Renames a link to an earlier target to `active`: the pointer moves and the link is used up in the same step, so the
    /// next rollback goes further back.
    ///
    /// # Errors
    /// Returns an error if the link names another run, or cannot be renamed or flushed.
    pub fn switch_back_to(&self, run: &SealedRun, previous: &Previous) -> anyhow::Result<()> {
        anyhow::ensure!(previous.run_id == *run.run().id(), "{} names another run", previous.name);
        rename(&self.lake().root().join(&previous.name), &self.lake().pointer())
    }

    /// Removes a link to an earlier target. A rollback no longer returns there, and the link no longer protects its run.
    ///
    /// # Errors
    /// Returns an error if the link cannot be removed.
    pub fn forget(&self, previous: &Previous) -> anyhow::Result<()> {
        remove_file_if_there(&self.lake().root().join(&previous.name))?;
        sync_folder(self.lake().root())
    }

    /// Flushes the pointer to the disk: a promotion that was killed may have moved it without flushing it.
    ///
    /// # Errors
    /// Returns an error if the flush fails.
    pub fn flush(&self) -> anyhow::Result<()> {
        sync_folder(self.lake().root())
    }

    fn link(&self, to: &RunId) -> anyhow::Result<()> {
        let staging = self.lake().staging_folder();
        self.lake().make_folder(&staging)?;
        let unfinished = staging.join(format!("active.{}", std::process::id()));
        remove_file_if_there(&unfinished)?;
        symlink(link_target(to), &unfinished)
            .with_context(|| format!("cannot make the link {}", unfinished.display()))?;
        rename(&unfinished, &self.lake().pointer())
    }

    fn keep_previous(&self, run_id: &RunId) -> anyhow::Result<()> {
        let newest = self.lake().previous()?.into_iter().next();
        if newest.as_ref().is_some_and(|newest| newest.run_id == *run_id) {
            return Ok(());
        }
        let now = Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y%m%d_%H%M%S_%6f").to_string();
        let mut name = format!("{PREVIOUS}{now}");
        if let Some(newest) = newest.filter(|newest| newest.name >= name) {
            // The clock was set back. The names must sort in the order of the promotions, so the new one extends the newest.
            name = format!("{}_", newest.name);
        }
        let path = self.lake().root().join(&name);
        symlink(link_target(run_id), &path).with_context(|| format!("cannot make the link {}", path.display()))?;
        sync_folder(self.lake().root())
    }
}

fn link_target(run_id: &RunId) -> PathBuf {
    Path::new("_runs").join(run_id.as_str())
}
