use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::durable::make_folder;
use super::{Run, RunId};
use digdag_task::{Failure, Scratch};

/// The folder that holds everything, `DISCOGS_DATA_LAKE`. All paths within it are made here or in [`Run`].
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

impl Lake {
    /// A lake that is there. It is refused when it lies inside a run: that is `active` or a run's folder, given as
    /// the lake by mistake, and what was written there would change a published run.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        let missing = |error: std::io::Error| {
            Failure::parameters(format!("the lake {} cannot be opened: {error}", root.display()))
                .hint("set DISCOGS_DATA_LAKE to the folder of the lake; preflight makes it")
        };
        let root = fs::canonicalize(root).map_err(missing)?;
        if !root.is_dir() {
            return Err(Failure::parameters(format!("the lake {} is not a folder", root.display())).into());
        }
        if let Some(run) = run_around(&root) {
            let lake = run.parent().and_then(Path::parent).unwrap_or(run);
            return Err(Failure::parameters(format!(
                "the lake {} lies inside the run {}",
                root.display(),
                run.display()
            ))
            .hint(format!("DISCOGS_DATA_LAKE is the folder above _runs and active, here {}", lake.display()))
            .into());
        }
        Ok(Lake { root })
    }

    /// The same, made if it is not there.
    pub fn create(root: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(root).with_context(|| format!("cannot find {}", root.display()))?;
        if let Some(existing) = absolute.ancestors().find(|folder| folder.exists()) {
            Lake::open(existing)?;
        }
        make_folder(&absolute)?;
        Lake::open(&absolute)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A run that is there.
    pub fn run(&self, id: &RunId) -> anyhow::Result<Run> {
        Run::open(self, id)
    }

    /// The ids of all runs, oldest first.
    pub fn run_ids(&self) -> anyhow::Result<Vec<RunId>> {
        let folder = self.runs_folder();
        self.refuse_links(&folder)?;
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                ids.push(id);
            }
        }
        ids.sort_by(RunId::by_age);
        Ok(ids)
    }

    /// An empty folder of this process for what is thrown away at its end.
    pub fn scratch(&self, task: &str) -> anyhow::Result<Scratch> {
        let folder = self.staging_folder();
        self.make_folder(&folder)?;
        Scratch::in_folder(&folder, &format!("{task}."))
    }

    pub(super) fn runs_folder(&self) -> PathBuf {
        self.root.join("_runs")
    }

    pub(super) fn run_folder(&self, id: &RunId) -> PathBuf {
        self.runs_folder().join(id.as_str())
    }

    pub(super) fn locks_folder(&self) -> PathBuf {
        self.root.join("_meta/locks")
    }

    /// The file of a lock, in a folder that is there when this returns.
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

/// The run that a folder is, or lies in. `folder` is resolved: no links.
pub(super) fn run_around(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| is_run_folder(folder))
}

fn is_run_folder(folder: &Path) -> bool {
    let named_as_run =
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<RunId>().is_ok());
    let among_runs = folder.parent().and_then(Path::file_name).is_some_and(|name| name == "_runs");
    (named_as_run && among_runs) || folder.join("_run.json").exists() || folder.join("_manifest.json").exists()
}
