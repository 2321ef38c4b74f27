//! The lake's folder and the paths in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::disk::durable::{make_folder, remove_folder_if_there};
use super::disk::lock::is_held;
use super::disk::read::entries;
use super::{Error, RunId};
use digdag_task::Scratch;

/// The age at which an unlocked scratch folder is one of a killed call.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The folder that holds everything, `DISCOGS_DATA_LAKE`. Every path within it is computed here or in [`super::Run`].
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

impl Lake {
    /// Opens a lake.
    ///
    /// # Errors
    /// Returns an error if the path is empty, `/`, missing, no folder, or lies inside a run: a user who gives `active` as
    /// the lake would change a published run.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        refuse_empty(root)?;
        let given = root;
        let root = fs::canonicalize(root).map_err(|source| Error::CannotOpen { root: given.to_owned(), source })?;
        if root.parent().is_none() {
            return Err(Error::NoLake { root: given.to_owned() }.into());
        }
        if !root.is_dir() {
            return Err(Error::LakeNotAFolder { root }.into());
        }
        if let Some(run) = run_around(&root).map(Path::to_owned) {
            let lake = run.parent().and_then(Path::parent).unwrap_or(&run).to_owned();
            return Err(Error::LakeInsideRun { root, run, lake }.into());
        }
        Ok(Lake { root })
    }

    /// Opens a lake; creates it if it is missing.
    ///
    /// # Errors
    /// Like [`Lake::open`], or if the folder cannot be created.
    pub fn create(root: &Path) -> anyhow::Result<Self> {
        refuse_empty(root)?;
        let absolute = std::path::absolute(root).with_context(|| format!("cannot find {}", root.display()))?;
        if let Some(existing) = absolute.ancestors().find(|folder| folder.exists())
            && let Some(run) = run_around(&fs::canonicalize(existing)?)
        {
            let lake = run.parent().and_then(Path::parent).unwrap_or(run).to_owned();
            return Err(Error::LakeInsideRun { root: absolute, run: run.to_owned(), lake }.into());
        }
        make_folder(&absolute)?;
        Lake::open(&absolute)
    }

    /// Returns the lake's folder, absolute and without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the ids of all runs, oldest first.
    ///
    /// # Errors
    /// Returns an error if `_runs` is a link or cannot be listed.
    pub fn run_ids(&self) -> anyhow::Result<Vec<RunId>> {
        let folder = self.runs_folder();
        self.refuse_links(&folder)?;
        let entries = entries(&folder)?;
        let id = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
        let mut ids: Vec<RunId> = entries.iter().filter_map(id).collect();
        ids.sort_by(RunId::by_age);
        Ok(ids)
    }

    /// Creates an empty folder of this process, removed when it is dropped.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn scratch(&self, task: &str) -> anyhow::Result<Scratch> {
        let folder = self.staging_folder();
        self.make_folder(&folder)?;
        Scratch::in_folder(&folder, &format!("{task}."))
    }

    /// Removes the scratch folders of calls of a task that were killed.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be removed.
    pub fn remove_dead_scratch(&self, task: &str) -> anyhow::Result<()> {
        for path in entries(&self.staging_folder())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_of_task = name.strip_prefix(task).is_some_and(|rest| rest.starts_with('.'));
            let age = fs::metadata(&path).and_then(|found| found.modified()).ok().and_then(|time| time.elapsed().ok());
            // A call holds its folder's lock, but not in the moment in which it creates the folder.
            if is_of_task && age.is_some_and(|age| age > MIN_AGE) && !is_held(&path) {
                remove_folder_if_there(&path)?;
            }
        }
        Ok(())
    }

    /// Returns the folder of the runs.
    pub fn runs_folder(&self) -> PathBuf {
        self.root.join("_runs")
    }

    pub(super) fn run_folder(&self, id: &RunId) -> PathBuf {
        self.runs_folder().join(id.as_str())
    }

    pub(super) fn locks_folder(&self) -> PathBuf {
        self.root.join("_meta/locks")
    }

    /// Returns the path of a lock file, in a folder that exists.
    pub(super) fn lock_file(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.locks_folder();
        self.make_folder(&folder)?;
        Ok(folder.join(format!("{name}.lock")))
    }

    pub(super) fn seals_folder(&self) -> PathBuf {
        self.root.join("_meta/seals")
    }

    pub(super) fn staging_folder(&self) -> PathBuf {
        self.root.join("_meta/_staging")
    }
}

fn refuse_empty(root: &Path) -> Result<(), Error> {
    match root.as_os_str().is_empty() {
        true => Err(Error::NoLake { root: root.to_owned() }),
        false => Ok(()),
    }
}

/// Returns the run that a folder is or lies in. `folder` holds no links.
fn run_around(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| is_run_folder(folder))
}

fn is_run_folder(folder: &Path) -> bool {
    let named_as_run =
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<RunId>().is_ok());
    let among_runs = folder.parent().and_then(Path::file_name).is_some_and(|name| name == "_runs");
    (named_as_run && among_runs) || folder.join("_run.json").exists() || folder.join("_manifest.json").exists()
}
