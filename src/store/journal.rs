//! `_meta/uploads/<run_id>.jsonl`: which uploads by parts a task began, and the ETags of the parts that it sent. The server
//! has the parts; not every server lists uploads, or the ETags of their parts.
//!
//! Lines are appended and not flushed to the disk: a line that is lost costs a part that is sent again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::lake::read_regular;

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first line: where the uploads go.
    Warehouse(String),
    Begun {
        path: String,
        upload: String,
    },
    Sent {
        upload: String,
        part: usize,
        etag: String,
    },
}

/// An upload that was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Begun {
    /// Its id.
    pub upload: String,
    /// Part, from 1 → ETag.
    pub etags: BTreeMap<usize, String>,
}

/// The journal of a run's uploads.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    begun: BTreeMap<String, Begun>,
}

impl Journal {
    /// Opens a journal. That of uploads to another warehouse is begun again.
    pub fn open(path: &Path, warehouse: &str) -> anyhow::Result<Self> {
        let text = if path.exists() { read_regular(path)? } else { Vec::new() };
        let text = String::from_utf8_lossy(&text).into_owned();
        // The last line of a killed task may be cut.
        let mut lines = text.lines().map_while(|line| serde_json::from_str(line).ok());
        let is_same = matches!(lines.next(), Some(Line::Warehouse(place)) if place == warehouse);
        let begun = if is_same { begun(lines) } else { BTreeMap::new() };
        let cannot = || format!("cannot write {}", path.display());
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path).with_context(cannot)?;
        let journal = Journal { path: path.to_owned(), file: Mutex::new(file), begun };
        // Written again, because nothing can be appended to a line that was cut.
        journal.add(&Line::Warehouse(warehouse.to_owned()))?;
        for (file, Begun { upload, etags }) in &journal.begun {
            journal.add_begun(file, upload)?;
            etags.iter().try_for_each(|(part, etag)| journal.add_sent(upload, *part, etag))?;
        }
        Ok(journal)
    }

    /// Returns the upload of a file that an earlier task began.
    pub fn begun(&self, path: &str) -> Option<&Begun> {
        self.begun.get(path)
    }

    /// Adds an upload that was begun.
    pub fn add_begun(&self, path: &str, upload: &str) -> anyhow::Result<()> {
        self.add(&Line::Begun { path: path.to_owned(), upload: upload.to_owned() })
    }

    /// Adds a part that was sent.
    pub fn add_sent(&self, upload: &str, part: usize, etag: &str) -> anyhow::Result<()> {
        self.add(&Line::Sent { upload: upload.to_owned(), part, etag: etag.to_owned() })
    }

    fn add(&self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn begun(lines: impl Iterator<Item = Line>) -> BTreeMap<String, Begun> {
    let mut uploads: BTreeMap<String, Begun> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Warehouse(_) => {}
            Line::Begun { path, upload } => {
                uploads.insert(path, Begun { upload, etags: BTreeMap::new() });
            }
            Line::Sent { upload, part, etag } => {
                if let Some(begun) = uploads.values_mut().find(|begun| begun.upload == upload) {
                    begun.etags.insert(part, etag);
                }
            }
        }
    }
    uploads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        let journal = Journal::open(&path, "s3://lake").expect("new");
        journal.add_begun("a/b", "one").expect("written");
        journal.add_sent("one", 2, "\"e\"").expect("written");
        drop(journal);
        let mut text = std::fs::read(&path).expect("there");
        text.extend(b"{\"sent\":{\"upload\":\"one\",\"pa");
        std::fs::write(&path, text).expect("written");

        let again = Journal::open(&path, "s3://lake").expect("there");
        let found = again.begun("a/b").expect("begun");
        assert_eq!((found.upload.as_str(), found.etags.get(&2).map(String::as_str)), ("one", Some("\"e\"")));
        again.add_sent("one", 1, "f").expect("written");
        drop(again);
        let again = Journal::open(&path, "s3://lake").expect("there");
        assert_eq!(again.begun("a/b").map(|begun| begun.etags.len()), Some(2));
        assert!(Journal::open(&path, "s3://other").expect("there").begun("a/b").is_none());
    }
}
