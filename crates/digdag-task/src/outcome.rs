//! The result of a task.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Failure;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The task did its work.
    Done,
    /// An earlier call did the same work from the same inputs; nothing was changed.
    AlreadyDone,
    /// The parameters told the task to do nothing; `reason` names them.
    Skipped,
    /// The task failed; `error` says why.
    Failed,
}

/// A file that a task read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Where it was read.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// A table that a task wrote or checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// The files it consists of.
    pub files: u64,
    /// The length of its files.
    pub bytes: u64,
}

/// The class, message and hint of a failure, as results carry them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Name of the failure's class, or `stopped`.
    pub class: String,
    /// What failed, on what, and why, on one line.
    pub message: String,
    /// Whether the same call can succeed later with nothing else changed.
    #[serde(default)]
    pub retryable: bool,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        ErrorReport {
            class: failure.class.name().to_owned(),
            message: failure.message.clone(),
            retryable: failure.class.is_retryable(),
            hint: failure.hint.clone(),
        }
    }
}

/// The result of a task: printed on stdout as one line, kept by [`crate::Call::record_with`], and stored by Digdag. It
/// contains no text from the data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the task.
    pub task: String,
    /// Version of its program.
    pub version: String,
    /// The run it worked on.
    pub run_id: Option<String>,
    /// How it ended.
    pub status: Status,
    /// When it started, UTC.
    pub started: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// Why it was skipped or is done already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The files it read.
    pub inputs: Vec<InputFile>,
    /// The tables it wrote or checked.
    pub tables: Vec<TableCount>,
    /// Name of an anomaly of the data → occurrences.
    pub anomalies: BTreeMap<String, u64>,
    /// Name of a measurement → value.
    pub metrics: BTreeMap<String, Value>,
    /// Fields of this task alone: paths found, checks failed, the run that was active before.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

impl Outcome {
    pub(super) fn new(task: &str, version: &str) -> Self {
        Outcome {
            task: task.to_owned(),
            version: version.to_owned(),
            run_id: None,
            status: Status::Done,
            started: Timestamp::now(),
            seconds: 0.0,
            reason: None,
            inputs: Vec::new(),
            tables: Vec::new(),
            anomalies: BTreeMap::new(),
            metrics: BTreeMap::new(),
            details: Map::new(),
            error: None,
        }
    }
}
