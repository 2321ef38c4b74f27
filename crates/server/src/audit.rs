//! The log of writes: who asked for what, and how it ended. It holds no data and no secret.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use discogs_lakehouse::lake::ServerFolder;
use jiff::Timestamp;
use serde::Serialize;

/// `_meta/server/audit.ndjson`, to which lines are appended.
pub struct Audit(Mutex<File>);

/// A write that ended, or was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The id of the request.
    pub request_id: String,
    /// The name of the client's token, or `local`.
    pub who: String,
    /// The address of the client.
    pub peer: String,
    /// The method and the path.
    pub request: String,
    /// The job of an ingest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// `committed`, `unchanged`, `accepted` as a job, or the class of the problem.
    pub result: String,
    /// The status of the answer, unless a job ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The snapshot that was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
}

#[derive(Serialize)]
struct Line<'l> {
    time: Timestamp,
    #[serde(flatten)]
    write: &'l Entry,
}

impl Audit {
    /// Opens the log.
    ///
    /// # Errors
    /// Fails if the file cannot be opened.
    pub fn open(folder: &ServerFolder) -> anyhow::Result<Self> {
        Ok(Audit(Mutex::new(folder.open_audit_log()?)))
    }

    /// Appends a line. Blocks.
    pub fn record(&self, write: &Entry) {
        let line = serde_json::to_string(&Line { time: Timestamp::now(), write }).unwrap_or_default();
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            crate::log::say(format_args!("the log of writes cannot be written: {error}"));
        }
    }
}
