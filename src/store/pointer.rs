//! `active.json`: the published run, for readers without a catalog. It moves by compare-and-swap on its ETag.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lake_store::{Condition, Kind, Put};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::remote::{RemoteLake, kind};
use crate::lake::{Manifest, RunId};
use digdag_task::Failure;

const FILE_NAME: &str = "active.json";

/// The pointer to the published run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// The format of this file.
    pub format: u32,
    /// The published run.
    pub run_id: RunId,
    /// The `manifest_sha256` of its manifest.
    pub manifest_sha256: String,
    /// When the pointer moved.
    pub moved: Timestamp,
    /// The tables of the run.
    pub tables: Vec<ActiveTable>,
}

/// A table of the published run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveTable {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Its Parquet files, in order.
    pub files: Vec<ActiveFile>,
}

/// A Parquet file of the published run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveFile {
    /// Relative to the folder of `active.json`.
    pub path: String,
    /// The length.
    pub bytes: u64,
    /// The SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// The pointer as it was read.
#[derive(Clone, Debug)]
pub struct Pointer {
    active: Option<Active>,
    text: Vec<u8>,
    condition: Condition,
}

impl Active {
    /// The format that this version writes, and the newest that it reads.
    const FORMAT: u32 = 1;

    fn of(manifest: &Manifest) -> Self {
        let mut files: BTreeMap<&str, Vec<ActiveFile>> = BTreeMap::new();
        for file in manifest.files.iter().filter(|file| file.path.ends_with(".parquet")) {
            let Some((table, _)) = file.path.rsplit_once('/') else { continue };
            files.entry(table).or_default().push(ActiveFile {
                path: format!("_runs/{}/{}", manifest.run_id, file.path),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
            });
        }
        let table = |dataset: &crate::lake::ManifestDataset| ActiveTable {
            table: dataset.table.clone(),
            rows: dataset.rows,
            files: files.get(dataset.table.as_str()).cloned().unwrap_or_default(),
        };
        Active {
            format: Active::FORMAT,
            run_id: manifest.run_id.clone(),
            manifest_sha256: manifest.manifest_sha256.clone(),
            moved: Timestamp::now(),
            tables: manifest.datasets.iter().map(table).collect(),
        }
    }
}

impl RemoteLake {
    /// Reads the pointer, with what it takes to move it unless another task moves it first.
    ///
    /// # Errors
    /// Fails if it cannot be read or parsed, or if the server gives it no ETag.
    pub fn pointer(&self) -> anyhow::Result<Pointer> {
        let key = self.address().key(FILE_NAME);
        let Some((text, etag)) = self.document(&key)? else {
            return Ok(Pointer { active: None, text: Vec::new(), condition: Condition::Absent });
        };
        let place = self.place(&key);
        let invalid = |why: String| Failure::input(format!("{place} is not a pointer: {why}"));
        let active: Active = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if active.format > Active::FORMAT {
            return Err(invalid(format!(
                "its format is {}, this version reads up to {}",
                active.format,
                Active::FORMAT
            ))
            .hint("install the version that wrote it, or a newer one")
            .into());
        }
        let etag =
            etag.ok_or_else(|| Failure::external(format!("{place} has no ETag, so it cannot be moved safely")))?;
        Ok(Pointer { active: Some(active), text, condition: Condition::Match(etag) })
    }

    /// Returns the run that the pointer names.
    ///
    /// # Errors
    /// Fails if nothing was published there.
    pub fn published(&self) -> anyhow::Result<RunId> {
        let active = self.pointer()?.active;
        let active = active.ok_or_else(|| {
            Failure::parameters(format!("nothing is published in {}: {FILE_NAME} is missing", self.address()))
                .hint("name a run with --run-id; lake-status --warehouse lists them")
        })?;
        Ok(active.run_id)
    }

    /// Moves the pointer to a run, unless it is there. Returns the pointer to put back if the publication fails, or `None`
    /// if nothing moved.
    ///
    /// # Errors
    /// Fails if the run is not whole there or its manifest is another one, and with class `Locked` if another task moved
    /// the pointer since it was read.
    pub fn publish(&self, pointer: &Pointer, id: &RunId, manifest_sha256: &str) -> anyhow::Result<Option<Moved>> {
        let manifest = self.require_run(id, manifest_sha256)?;
        let is_there = |active: &Active| active.run_id == *id && active.manifest_sha256 == manifest_sha256;
        if pointer.active.as_ref().is_some_and(is_there) {
            return Ok(None);
        }
        let mut text = serde_json::to_vec_pretty(&Active::of(&manifest))?;
        text.push(b'\n');
        let etag = self.swap(&text, &pointer.condition)?;
        Ok(Some(Moved { etag, before: pointer.text.clone() }))
    }

    /// Puts back the pointer that a failed publication moved, unless another task has moved it since.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn put_back(&self, moved: &Moved) -> anyhow::Result<()> {
        let Some(etag) = &moved.etag else { return Ok(()) };
        if moved.before.is_empty() {
            let key = self.address().key(FILE_NAME);
            return self.call(|bucket| bucket.delete(&key));
        }
        self.swap(&moved.before, &Condition::Match(etag.clone())).map(drop)
    }

    /// Writes the pointer under a condition; returns its ETag.
    fn swap(&self, text: &[u8], condition: &Condition) -> anyhow::Result<Option<String>> {
        let key = self.address().key(FILE_NAME);
        let sha256: [u8; 32] = Sha256::digest(text).into();
        let put = Put { sha256: &sha256, condition: condition.clone(), content_type: "application/json" };
        match self.call(|bucket| bucket.put(&key, text, &put)) {
            Ok(etag) => Ok(etag),
            Err(error) if kind(&error) == Some(Kind::Condition) => {
                // An earlier attempt of this task, whose answer was lost, may have written it.
                match self.document(&key)? {
                    Some((there, etag)) if there == text => Ok(etag),
                    found => Err(moved_by_another(&self.place(&key), found.as_ref().map(|(text, _)| text.as_slice()))),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn moved_by_another(place: &str, text: Option<&[u8]>) -> anyhow::Error {
    let active = text.and_then(|text| serde_json::from_slice::<Active>(text).ok());
    let names = active.map(|active| format!(" and names run {} now", active.run_id)).unwrap_or_default();
    Failure::locked(format!("{place} was moved by another task{names}; nothing was published"))
        .hint("find out who publishes there; run the same command again to move it all the same")
        .into()
}

/// A pointer that was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    etag: Option<String>,
    before: Vec<u8>,
}

impl Pointer {
    /// Returns what the pointer names, or `None` if nothing was published there.
    pub fn active(&self) -> Option<&Active> {
        self.active.as_ref()
    }
}
