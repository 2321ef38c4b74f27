//! `_manifest.json`, the seal of a run: every file with its size and sha256, and a digest of the manifest itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dataset::is_plain_name;
use super::disk::digest::sha256_of_bytes;
use super::format::refuse_newer;
use super::{Producer, RunId};
use digdag_task::TableCount;

/// The permissions of what is sealed.
pub(super) const READ_ONLY: u32 = 0o444;

/// The manifest of a sealed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of this file, [`Manifest::FORMAT`].
    pub format: u32,
    /// The run.
    pub run_id: RunId,
    /// When the run was sealed.
    pub sealed: jiff::Timestamp,
    /// The task that sealed the run.
    pub producer: Producer,
    /// The datasets, sorted by table.
    pub datasets: Vec<ManifestDataset>,
    /// A summary of the checks that the run passed.
    pub checks: Value,
    /// Sorted by path.
    pub files: Vec<ManifestFile>,
    /// The sha256 of this manifest with this field empty.
    pub manifest_sha256: String,
}

/// A dataset of a sealed run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestDataset {
    /// The table as the contract names it.
    pub table: String,
    /// The number of rows.
    pub rows: u64,
    /// The number of files.
    pub files: u64,
    /// The bytes of all files.
    pub bytes: u64,
    /// File → the older run with which it was one file on the disk when the dataset was committed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, RunId>,
}

/// A file of a sealed run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative to the run's folder, with `/`.
    pub path: String,
    /// The length.
    pub bytes: u64,
    /// The SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The name of the file in its run.
    pub const FILE_NAME: &str = "_manifest.json";

    /// The newest format of this file that this version reads, and the one that it writes.
    pub const FORMAT: u32 = 1;

    /// Parses the manifest of a run, and checks that it agrees with its own digest and names files of the run only.
    ///
    /// # Errors
    /// Returns what is wrong, in words that follow the name of the run.
    pub fn parse(text: &[u8], id: &RunId) -> Result<Self, String> {
        refuse_newer(Path::new(Manifest::FILE_NAME), text, Manifest::FORMAT).map_err(|error| error.to_string())?;
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| format!("{} is not a manifest: {error}", Manifest::FILE_NAME))?;
        if manifest.run_id != *id {
            return Err(format!("its manifest is that of run {}", manifest.run_id));
        }
        if manifest.digest().map_err(|error| error.to_string())? != manifest.manifest_sha256 {
            return Err("its manifest was edited".to_owned());
        }
        match manifest.files.iter().find(|file| !file.path.split('/').all(is_plain_name)) {
            Some(file) => Err(format!("its manifest names {:?}, which is outside of it", file.path)),
            None => Ok(manifest),
        }
    }

    /// Returns the Parquet files of a table's folder, such as `releases_v6`, in order.
    pub fn files_of(&self, folder: &str) -> impl Iterator<Item = &ManifestFile> {
        let is_in = move |file: &&ManifestFile| {
            file.path.rsplit_once('/').is_some_and(|(parent, name)| parent == folder && name.ends_with(".parquet"))
        };
        self.files.iter().filter(is_in)
    }

    /// Returns the value that `manifest_sha256` must have.
    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let unsigned = Manifest { manifest_sha256: String::new(), ..self.clone() };
        Ok(sha256_of_bytes(&serde_json::to_vec(&unsigned)?))
    }
}

impl ManifestDataset {
    /// Returns its counts for a task's result.
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
