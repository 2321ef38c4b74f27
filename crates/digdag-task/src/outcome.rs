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
    /// It did its work.
    Done,
    /// The same work with the same inputs had been done before; nothing was changed.
    AlreadyDone,
    /// It was told not to, and `reason` says by what.
    Skipped,
    /// It did not; `error` says why.
    Failed,
}

/// A file that a task read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    pub path: PathBuf,
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// A table that a task wrote or looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    pub name: String,
    pub rows: u64,
    pub files: u64,
    pub bytes: u64,
}

/// The class, message and hint of a failure, as results carry them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorReport {
    pub class: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        ErrorReport {
            class: failure.class.name().to_owned(),
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        }
    }
}

/// The one line a task prints on stdout, keeps in the run, and gives to Digdag. It holds no text out of the data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub task: String,
    pub version: String,
    pub run_id: Option<String>,
    pub status: Status,
    /// UTC.
    pub started: Timestamp,
    pub seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub inputs: Vec<InputFile>,
    pub tables: Vec<TableCount>,
    /// Name of an anomaly of the data → how often it was met.
    pub anomalies: BTreeMap<String, u64>,
    pub metrics: BTreeMap<String, Value>,
    /// What only this task reports: paths found, checks failed, the run that was active before.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

impl Outcome {
    pub(super) fn new(task: &str) -> Self {
        Outcome {
            task: task.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
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
