use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::disk::digest::sha256_of_bytes;
use super::disk::durable::{remove_folder_if_there, sync_all};
use super::disk::lock;
use super::listing::Listing;
use super::run::SealableRun;
use super::{Dataset, Producer, Run, RunId, SealedRun};
use digdag_task::{Failure, Observer, TableCount};

/// Read by all, written by nobody.
pub(super) const READ_ONLY: u32 = 0o444;

/// `_manifest.json`, the seal of a run: every file with its size and sha256, and a digest of the manifest itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of this file, 1.
    pub format: u32,
    pub run_id: RunId,
    /// UTC.
    pub sealed: jiff::Timestamp,
    pub producer: Producer,
    pub datasets: Vec<ManifestDataset>,
    /// What the checks said that let the run be sealed.
    pub checks: Value,
    /// Sorted by path.
    pub files: Vec<ManifestFile>,
    /// sha256 of this manifest with this field empty.
    pub manifest_sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestDataset {
    pub table: String,
    pub rows: u64,
    pub files: u64,
    pub bytes: u64,
    /// File → the older run with which it was one file on the disk when the dataset was committed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, RunId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative to the run's folder, with `/`.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    pub(super) const FILE_NAME: &str = "_manifest.json";

    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let unsigned = Manifest { manifest_sha256: String::new(), ..self.clone() };
        Ok(sha256_of_bytes(&serde_json::to_vec(&unsigned)?))
    }
}

impl ManifestDataset {
    pub fn count(&self) -> TableCount {
        TableCount { name: self.table.clone(), rows: self.rows, files: self.files, bytes: self.bytes }
    }
}

impl From<TableCount> for ManifestDataset {
    fn from(count: TableCount) -> Self {
        ManifestDataset {
            table: count.name,
            rows: count.rows,
            files: count.files,
            bytes: count.bytes,
            shared: BTreeMap::new(),
        }
    }
}

impl SealableRun {
    /// Seals the run: verifies every file of every dataset against what was written, makes the files read-only, flushes
    /// them and their folders, writes the manifest's digest outside of the run, and the manifest last. `checks` is kept
    /// in it. Waits for whoever moves `active`, prunes or seals another run: hours of checks are not thrown away for it.
    pub fn seal(&self, checks: Value, observer: &dyn Observer) -> anyhow::Result<SealedRun> {
        let run = self.run().clone();
        let _lake = lock::waiting(&run.lake().lock_file("lake")?, self.task(), "the lake", observer)?;
        remove_folder_if_there(&run.staging_folder())?;
        let listing = Listing::read(&run, &[])?;
        let files = listing.hashed(&run, observer)?;
        let datasets = verify_datasets(&run, &files)?;

        for path in listing.absolute(&run) {
            fs::set_permissions(&path, fs::Permissions::from_mode(READ_ONLY))
                .with_context(|| format!("cannot make {} read-only", path.display()))?;
        }
        sync_all(run.folder(), &listing.folders)?;
        let mut manifest = Manifest {
            format: 1,
            run_id: run.id().clone(),
            sealed: jiff::Timestamp::now(),
            producer: Producer::this_version(self.task()),
            datasets,
            checks,
            files,
            manifest_sha256: String::new(),
        };
        manifest.manifest_sha256 = manifest.digest()?;
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        run.write_anchor(&text)?;
        run.lake().replace_file(&run.manifest_file(), &text, READ_ONLY)?;
        Ok(SealedRun { run, manifest, text, anchored: true })
    }
}

impl Run {
    /// Reads every file of a run that is not sealed and holds it to what its datasets say was written.
    pub fn verify_datasets(&self, observer: &dyn Observer) -> anyhow::Result<Vec<ManifestDataset>> {
        let listing = Listing::read(self, &["_staging"])?;
        verify_datasets(self, &listing.hashed(self, observer)?)
    }
}

/// Holds the files found to what the datasets say was written.
fn verify_datasets(run: &Run, files: &[ManifestFile]) -> anyhow::Result<Vec<ManifestDataset>> {
    let found: BTreeMap<&str, &ManifestFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    let mut datasets = Vec::new();
    let suffix = format!("/{}", Dataset::FILE_NAME);
    for table in files.iter().filter_map(|file| file.path.strip_suffix(&suffix)) {
        let dataset = Dataset::read(&run.folder().join(table))?.with_context(|| format!("{table} has gone"))?;
        if dataset.table != table || dataset.run_id != *run.id() {
            return Err(changed(run, &format!("{table} holds {} of run {}", dataset.table, dataset.run_id)));
        }
        expected.insert(format!("{table}{suffix}"), String::new());
        for file in &dataset.files {
            let path = format!("{table}/{}", file.name);
            match found.get(path.as_str()) {
                None => return Err(changed(run, &format!("{path} is missing"))),
                Some(there) if there.sha256 != file.sha256 => {
                    return Err(changed(run, &format!("{path} is not what was written")));
                }
                Some(_) => {}
            }
            expected.insert(path, file.sha256.clone());
        }
        datasets.push(ManifestDataset { shared: dataset.shared.clone(), ..dataset.count().into() });
    }
    let stranger = files.iter().find(|file| {
        !expected.contains_key(&file.path) && file.path != "_run.json" && !file.path.starts_with("_tasks/")
    });
    match stranger {
        Some(file) => Err(changed(run, &format!("{} belongs to no dataset", file.path))),
        None => Ok(datasets),
    }
}

/// A run that is not what was written or sealed.
pub(super) fn changed(run: &Run, what: &str) -> anyhow::Error {
    Failure::input(format!("run {} is not what it was: {what}", run.id()))
        .hint("do not publish it; build the month again in a new run")
        .into()
}
