//! `_dataset.json`: what a committed dataset holds and where it came from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk::digest::sha256_of_bytes;
use super::disk::read::read_if_exists;
use super::format::refuse_newer;
use super::{Error, Producer, RunId};
use digdag_task::TableCount;

/// A committed dataset: its rows, files, columns, inputs and producer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// The format of this file, [`Dataset::FORMAT`].
    pub format: u32,
    /// The table as the contract names it: `artists_v1_typed`, `warehouse_discogs/artist_name_map_v1`.
    pub table: String,
    /// The run that holds it.
    pub run_id: RunId,
    /// The rows of all files.
    pub rows: u64,
    /// Its files, in the order of their names.
    pub files: Vec<DataFile>,
    /// Its columns, in the order of the files.
    pub columns: Vec<ColumnDescription>,
    /// The files or datasets it was made from.
    pub inputs: Vec<InputIdentity>,
    /// The task that wrote it, with its revision.
    pub producer: Producer,
    /// The anomalies and unknown paths of the input.
    pub counted: Counted,
    /// File → the older sealed run that held the same bytes when this was committed: one file on the disk under two
    /// names, as long as both runs are there (`sharing.rs`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, RunId>,
}

/// A Parquet file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// The name in the dataset's folder.
    pub name: String,
    /// The number of rows.
    pub rows: u64,
    /// The length.
    pub bytes: u64,
    /// The SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDescription {
    /// The name.
    pub name: String,
    /// The SQL type.
    #[serde(rename = "type")]
    pub data_type: String,
}

/// What a dataset was made from: a dump file, or another dataset of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputIdentity {
    /// A file name, or the name of a table.
    pub name: String,
    /// The length of the file, or of all files of the dataset.
    pub bytes: u64,
    /// The SHA-256 of the file, or of the hashes of the dataset's files.
    pub sha256: String,
    /// Nanoseconds since 1970. If name, size and time are equal, 10 GB need not be hashed again; another time alone does
    /// not make another input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
}

impl InputIdentity {
    /// Returns the identity of a text of this software that decides what is written, such as a query.
    pub fn of_text(name: &str, text: &str) -> Self {
        InputIdentity {
            name: name.to_owned(),
            bytes: text.len() as u64,
            sha256: sha256_of_bytes(text.as_bytes()),
            modified: None,
        }
    }

    /// Whether two inputs have the same bytes; their names may differ.
    pub fn same_content(&self, other: &InputIdentity) -> bool {
        self.bytes == other.bytes && self.sha256 == other.sha256
    }
}

/// What the pass that wrote a dataset counted; the checks compare the data with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Records of the dump that were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Anomalies of the data by their names in the contract.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub anomalies: BTreeMap<String, u64>,
    /// Paths in the dump that no table takes and no rule ignores.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_paths: BTreeMap<String, u64>,
}

impl Dataset {
    pub(super) const FILE_NAME: &str = "_dataset.json";

    /// The newest format of this file that this version reads, and the one that it writes.
    pub const FORMAT: u32 = 1;

    /// Reads the dataset in a folder; returns `None` if there is none.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(Self::FILE_NAME);
        let Some(text) = read_if_exists(&path)? else { return Ok(None) };
        refuse_newer(&path, &text, Self::FORMAT)?;
        let dataset: Dataset = serde_json::from_slice(&text)
            .map_err(|source| Error::NoDatasetDescription { path: path.clone(), source })?;
        if let Some(file) = dataset.files.iter().find(|file| !is_plain_name(&file.name)) {
            return Err(Error::FileOutside { path, file: file.name.clone() }.into());
        }
        Ok(Some(dataset))
    }

    /// Returns the bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Returns the dataset as an input of another one: the hash of its files' hashes.
    pub fn identity(&self) -> InputIdentity {
        let hashes: Vec<&str> = self.files.iter().map(|file| file.sha256.as_str()).collect();
        InputIdentity {
            name: self.table.clone(),
            bytes: self.bytes(),
            sha256: sha256_of_bytes(hashes.join("\n").as_bytes()),
            modified: None,
        }
    }

    /// Returns its counts for a task's result.
    pub fn count(&self) -> TableCount {
        TableCount { name: self.table.clone(), rows: self.rows, files: self.files.len() as u64, bytes: self.bytes() }
    }

    /// Returns whether the same revision of the same task made this from the same inputs.
    pub fn made_from(&self, producer: &Producer, inputs: &[InputIdentity]) -> bool {
        self.producer.writes_like(producer)
            && self.inputs.len() == inputs.len()
            && self.inputs.iter().zip(inputs).all(|(a, b)| a.same_content(b))
    }
}

/// Whether a name is one path component, neither `.` nor `..`.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(std::path::Component::Normal(_)), None))
}
