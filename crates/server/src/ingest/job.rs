//! A job, as a client sees it and as its record has it.

use digdag_task::ErrorReport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for others.
    Queued,
    /// It is at work.
    Running,
    /// Its snapshot is in the table.
    Committed,
    /// The table has the input already, or no row differs.
    Unchanged,
    /// It failed, and changed nothing.
    Failed,
}

impl Status {
    /// Returns the name, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Committed => "committed",
            Status::Unchanged => "unchanged",
            Status::Failed => "failed",
        }
    }

    /// Returns whether the job has ended.
    pub fn is_ended(self) -> bool {
        matches!(self, Status::Committed | Status::Unchanged | Status::Failed)
    }
}

/// The effect of an ingest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingested {
    /// The snapshot, as a text because JSON numbers lose digits.
    pub snapshot_id: Option<String>,
    /// Rows of the body, unless a killed server had to be asked.
    pub rows: Option<u64>,
    /// New rows.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that the body left as they were.
    pub unchanged: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Rows of the body that a later one of the same key replaced.
    pub duplicates: u64,
    /// The columns that an existing table gained.
    pub columns_added: Vec<String>,
}

/// A job, as a client sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub job_id: String,
    /// The table.
    pub table: String,
    /// The effect of the rows.
    pub mode: String,
    /// How far it is.
    pub status: Status,
    /// When its body had arrived.
    pub submitted: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The digest of the body.
    pub sha256: String,
    /// The bytes of the body.
    pub bytes: u64,
    /// Its effect.
    pub result: Option<Ingested>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// A job with what only the server needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// The digest of the body and of all parameters.
    pub fingerprint: String,
    /// The name of the file that the snapshot records as its input.
    pub input: String,
}
