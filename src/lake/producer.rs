//! The producer of a dataset: the key by which a rerun decides whether it can reuse an existing dataset.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tasks that write datasets, each with the revision of its output.
///
/// Raise the revision of a task whenever it writes other bytes for the same input: after a fix, a change of encoding,
/// an update of the Parquet crate. Otherwise a rerun reuses the old bytes and reports `already_done`. The test
/// `lake::versions` compares the bytes with recorded hashes and names the revision to raise.
const REVISIONS: [(&str, u32); 6] = [
    ("ingest-artists", 1),
    ("ingest-labels", 1),
    ("ingest-masters", 1),
    ("ingest-releases", 1),
    ("ingest-collection", 1),
    ("build-warehouse", 1),
];

/// A task, with everything that determines the bytes it writes for an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The name of the task.
    pub task: String,
    /// The version of the software, for people; it does not affect reuse.
    pub version: String,
    /// The revision of the task's output; 0 in datasets older than revisions, and for tasks without one.
    #[serde(default)]
    pub revision: u32,
    /// Parameters that change the bytes, except those at their default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl Producer {
    /// Returns the producer for a task of this version, with every option at its default.
    pub fn this_version(task: &str) -> Self {
        let revision = REVISIONS.iter().find(|(name, _)| *name == task).map_or(0, |(_, revision)| *revision);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Producer { task: task.to_owned(), version, revision, options: BTreeMap::new() }
    }

    /// Returns the producer with one more option that changes the bytes.
    pub fn with_option(mut self, name: &str, value: &str) -> Self {
        self.options.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Returns whether both write the same bytes for the same inputs, regardless of the software's version.
    pub fn writes_like(&self, other: &Producer) -> bool {
        (&self.task, self.revision, &self.options) == (&other.task, other.revision, &other.options)
    }
}
