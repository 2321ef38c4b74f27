//! Which snapshots of a table have expired, and which files of a table no snapshot names.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::files::{failed, path_of};
use crate::{Catalog, Files, Result, Table, orphans};

/// The snapshots of a table to keep. A snapshot that a tag or a branch names is kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotRetention {
    /// The number of newest snapshots of each branch.
    pub newest: usize,
    /// Snapshots made at this time or later, in milliseconds since 1970.
    pub since: i64,
}

/// A file that no table names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnnamedFile {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    modified: SystemTime,
}

impl UnnamedFile {
    /// Returns whether the file was last written before a time. A younger file may belong to a running writer.
    pub fn is_older_than(&self, time: SystemTime) -> bool {
        self.modified < time
    }
}

impl Table {
    /// Returns the ids of the snapshots that have expired.
    ///
    /// # Errors
    /// Fails if the metadata cannot be serialised.
    pub fn expired(&self, keep: SnapshotRetention) -> Result<Vec<i64>> {
        self.expired_without(keep, |_| false)
    }

    /// Like [`Table::expired`], as if some refs, which `is_gone` tells by their names, kept no snapshot.
    ///
    /// # Errors
    /// Fails if the metadata cannot be serialised.
    pub fn expired_without(&self, keep: SnapshotRetention, is_gone: impl Fn(&str) -> bool) -> Result<Vec<i64>> {
        let mut kept = HashSet::new();
        for reference in self.refs()?.into_iter().filter(|reference| !is_gone(&reference.name)) {
            kept.insert(reference.snapshot_id);
            if reference.is_branch {
                let ancestors = self.ancestors(reference.snapshot_id).into_iter().rev().take(keep.newest);
                kept.extend(ancestors.map(|snapshot| snapshot.snapshot_id()));
            }
        }
        let snapshots = self.metadata.snapshots();
        let old = snapshots.filter(|snapshot| snapshot.timestamp_ms() < keep.since);
        Ok(old.map(|snapshot| snapshot.snapshot_id()).filter(|id| !kept.contains(id)).collect())
    }
}

impl Table {
    /// Returns the data and delete files that only the given snapshots name: their number and their bytes.
    ///
    /// # Errors
    /// Fails if a manifest cannot be read.
    pub fn files_of_only(&self, gone: &[i64]) -> Result<(usize, u64)> {
        let (of_gone, of_others): (Vec<i64>, Vec<i64>) =
            self.metadata.snapshots().map(|snapshot| snapshot.snapshot_id()).partition(|id| gone.contains(id));
        let mut found = HashMap::new();
        for id in of_gone {
            self.each_file(id, |file| {
                found.insert(file.file_path().to_owned(), file.file_size_in_bytes());
                Ok::<_, crate::Error>(())
            })?;
        }
        for id in of_others.into_iter().filter(|_| !gone.is_empty()) {
            self.each_file(id, |file| {
                found.remove(file.file_path());
                Ok::<_, crate::Error>(())
            })?;
        }
        Ok((found.len(), found.values().sum()))
    }
}

impl Catalog {
    /// Returns every file that a table of the catalog names.
    ///
    /// # Errors
    /// Fails if a table's metadata or manifests cannot be read.
    pub fn named_files(&mut self) -> Result<HashSet<PathBuf>> {
        let mut named = HashSet::new();
        for table in self.load_all()? {
            named.extend(orphans::named_by(&table)?);
        }
        Ok(named)
    }

    /// Returns the files in a table's folder that are not among the named ones.
    ///
    /// # Errors
    /// Fails if the folder cannot be listed.
    pub fn unnamed_files(&self, table: &Table, named: &HashSet<PathBuf>) -> Result<Vec<UnnamedFile>> {
        let files = table.files.files_below(&path_of(table.metadata.location()))?.into_iter();
        let unnamed = files.filter(|file| !named.contains(&orphans::checked(&file.path)));
        Ok(unnamed.map(|file| UnnamedFile { path: file.path, bytes: file.bytes, modified: file.modified }).collect())
    }
}

impl Files {
    /// Removes unnamed files.
    ///
    /// # Errors
    /// Fails if a file cannot be removed. One that is gone already counts as removed.
    pub fn remove_unnamed(&self, files: &[UnnamedFile]) -> Result<()> {
        for file in files {
            match self.remove(&file.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("remove", &file.path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
