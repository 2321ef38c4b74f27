//! `_upload.json`: how the files of a run were sent. It is written before the first file, so that every later upload sends
//! the same parts, and a verification knows the checksums without the files.

use std::collections::BTreeMap;

use lake_store::{Condition, Kind, Put};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan::FilePlan;
use super::remote::{RemoteLake, kind};
use crate::lake::RunId;
use digdag_task::Failure;

/// The name of the record, beside the files of the run.
pub(super) const FILE_NAME: &str = "_upload.json";

const FORMAT: u32 = 1;

/// The record of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadRecord {
    format: u32,
    /// The run.
    pub run_id: RunId,
    /// The length of every part but the last.
    pub part_bytes: u64,
    /// Path → the checksum of the object in Base64, with `-` and the number of parts if there are several.
    pub checksums: BTreeMap<String, String>,
}

impl UploadRecord {
    /// Returns the record of the planned files.
    pub fn of(run_id: &RunId, part_bytes: u64, files: &[FilePlan]) -> Self {
        let checksums = files.iter().map(|file| (file.path.clone(), file.checksum())).collect();
        UploadRecord { format: FORMAT, run_id: run_id.clone(), part_bytes, checksums }
    }

    /// Returns the record of a run, or `None` if nothing of the run was sent yet.
    ///
    /// # Errors
    /// Fails if it cannot be read, or is no record of this run.
    pub fn read(remote: &RemoteLake, id: &RunId) -> anyhow::Result<Option<Self>> {
        let key = remote.run_key(id, FILE_NAME);
        let Some((text, _)) = remote.document(&key)? else { return Ok(None) };
        let invalid =
            |why: String| Failure::input(format!("{} is not the record of an upload: {why}", remote.place(&key)));
        let record: UploadRecord = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if record.format != FORMAT || record.run_id != *id || record.part_bytes == 0 {
            return Err(invalid(format!("format {} of run {}", record.format, record.run_id)).into());
        }
        Ok(Some(record))
    }

    /// Writes the record if there is none; returns whether it was written.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn write_if_absent(&self, remote: &RemoteLake) -> anyhow::Result<bool> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let sha256: [u8; 32] = Sha256::digest(&text).into();
        let put = Put { sha256: &sha256, condition: Condition::Absent, content_type: "application/json" };
        let key = remote.run_key(&self.run_id, FILE_NAME);
        match remote.call(|bucket| bucket.put(&key, &text, &put)) {
            Ok(_) => Ok(true),
            Err(error) if kind(&error) == Some(Kind::Condition) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
