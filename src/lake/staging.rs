//! Unfinished work of a task: staged datasets on their way into the run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::durable::{remove_folder_if_there, sync_folder, write_json};
use super::{DataFile, Dataset, Run};
use digdag_task::stop::Unfinished;

/// The folder of one task's unfinished work in a run, `_staging/<task>`; removed when it is dropped.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    _unfinished: Unfinished,
}

impl Staging {
    /// Creates the folder, or empties it.
    pub(super) fn take(run: &Run, task: &str) -> anyhow::Result<Self> {
        run.make_folder(&run.staging_folder())?;
        let folder = run.staging_folder().join(task);
        remove_folder_if_there(&folder)?;
        run.make_folder(&folder)?;
        Ok(Staging { _unfinished: Unfinished::new(&folder), folder })
    }

    /// Returns the path of the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates an empty folder for a dataset of the table.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn dataset(&self, run: &Run, table: &str) -> anyhow::Result<StagedDataset> {
        let folder = self.folder.join(table.replace('/', "__"));
        run.make_folder(&folder)?;
        Ok(StagedDataset { folder, table: table.to_owned(), run_id: run.id().to_string() })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // A failed task leaves nothing behind; what cannot be removed now is removed when the task is run again.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A dataset that is being written; [`super::WritableRun::commit`] moves its folder into the run.
#[derive(Debug)]
pub struct StagedDataset {
    pub(super) folder: PathBuf,
    pub(super) table: String,
    run_id: String,
}

impl StagedDataset {
    /// Returns the name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Returns the name of a part. It holds the run id, so a reader that spans a promotion misses a file and fails; equal
    /// names would silently give it a mixture of both runs.
    pub fn part_name(&self, part: usize) -> String {
        format!("part-{}-{part:05}.parquet", self.run_id)
    }

    /// Returns the path of a part.
    pub fn part_path(&self, part: usize) -> PathBuf {
        self.folder.join(self.part_name(part))
    }

    /// Compares the sizes of the parts, which their writer has flushed, with the dataset; writes `_dataset.json`, and
    /// flushes it and the folder.
    pub(super) fn seal(&self, dataset: &Dataset) -> anyhow::Result<()> {
        for DataFile { name, bytes, .. } in &dataset.files {
            let path = self.folder.join(name);
            let found = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len();
            anyhow::ensure!(found == *bytes, "{} has {found} bytes, expected {bytes}", path.display());
        }
        write_json(&self.folder.join(Dataset::FILE_NAME), dataset)?;
        sync_folder(&self.folder)
    }
}
