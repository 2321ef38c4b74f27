use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::durable::{WRITABLE, remove_folder_if_there, sync_folder, write_new_file};
use super::{DataFile, Dataset, Run};
use digdag_task::stop::Unfinished;

/// The folder of one task's unfinished work in a run, `_staging/<task>`. Emptied when it is taken, removed when dropped.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    _unfinished: Unfinished,
}

impl Staging {
    pub(super) fn take(run: &Run, task: &str) -> anyhow::Result<Self> {
        run.make_folder(&run.staging_folder())?;
        let folder = run.staging_folder().join(task);
        remove_folder_if_there(&folder)?;
        run.make_folder(&folder)?;
        Ok(Staging { _unfinished: Unfinished::new(&folder), folder })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder for a dataset of the table.
    pub fn dataset(&self, run: &Run, table: &str) -> anyhow::Result<StagedDataset> {
        let folder = self.folder.join(table.replace('/', "__"));
        run.make_folder(&folder)?;
        Ok(StagedDataset { folder, table: table.to_owned(), run_id: run.id().to_string() })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // A task that failed leaves nothing; what cannot be removed now is removed when the task is run again.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A dataset on its way: its files are written here, then [`super::WritableRun::commit`] moves the folder.
#[derive(Debug)]
pub struct StagedDataset {
    pub(super) folder: PathBuf,
    pub(super) table: String,
    run_id: String,
}

impl StagedDataset {
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The name of a part. It holds the run id: a reader that spans a promotion misses a file and says so, where equal
    /// names would silently give it a mixture of both runs.
    pub fn part_name(&self, part: usize) -> String {
        format!("part-{}-{part:05}.parquet", self.run_id)
    }

    pub fn part_path(&self, part: usize) -> PathBuf {
        self.folder.join(self.part_name(part))
    }

    /// Holds the parts, which their writer has flushed, to their sizes; writes `_dataset.json`, flushes that and the folder.
    pub(super) fn seal(&self, dataset: &Dataset) -> anyhow::Result<()> {
        for DataFile { name, bytes, .. } in &dataset.files {
            let path = self.folder.join(name);
            let found = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len();
            anyhow::ensure!(found == *bytes, "{} has {found} bytes where {bytes} were written", path.display());
        }
        let mut text = serde_json::to_vec_pretty(dataset)?;
        text.push(b'\n');
        write_new_file(&self.folder.join(Dataset::FILE_NAME), &text, WRITABLE)?;
        sync_folder(&self.folder)
    }
}
