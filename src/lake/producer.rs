//! What wrote a dataset: the key by which a rerun decides whether the dataset it finds is the one it would write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tasks that write datasets, each with the revision of what it writes.
///
/// Raise the revision of a task whenever it writes other bytes for the same input: after a fix, another encoding, an
/// update of the Parquet crate. Otherwise a rerun finds the old bytes and reports `already_done`. The test
/// `lake::versions` compares the bytes with recorded hashes and names the revision to raise.
const REVISIONS: [(&str, u32); 6] = [
    ("ingest-artists", 1),
    ("ingest-labels", 1),
    ("ingest-masters", 1),
    ("ingest-releases", 1),
    ("ingest-collection", 1),
    ("build-warehouse", 1),
];

/// A task, with all that decides which bytes it writes for an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    pub task: String,
    /// The version of the software. People read it; nothing is decided by it.
    pub version: String,
    /// The revision of what the task writes; 0 in datasets that are older than revisions, and for other tasks.
    #[serde(default)]
    pub revision: u32,
    /// Parameters that change the bytes, without those that have their default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl Producer {
    /// Returns a task of this version of the software, with every option at its default.
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

    /// Returns whether both write the same bytes for the same inputs, whatever version of the software they are of.
    pub fn writes_like(&self, other: &Producer) -> bool {
        (&self.task, self.revision, &self.options) == (&other.task, other.revision, &other.options)
    }
}
