//! The record of commits under way. A commit writes the metadata files of its tables before the catalog names them, so a
//! killed server leaves files that look like those of a commit; this record tells them apart.
//!
//! ```text
//! <state>/commits/<session>.json written ─▶ metadata files ─▶ pointers swapped ─▶ record removed ─▶ response
//! ```
//!
//! A record is locked for as long as its commit runs, so several servers share a folder.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use lake_catalog::{Catalog, Error, Result, Session, path_of, read_metadata};

/// The folder of the records.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

/// The record of a commit.
pub(crate) struct Record {
    path: PathBuf,
    // Holds the lock.
    _file: File,
}

impl Journal {
    /// Opens the folder, and creates it if it is missing.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        Ok(Journal { folder: folder.to_owned() })
    }

    /// Records the files that a commit is about to write.
    pub fn begin(&self, session: Session, files: &[String]) -> Result<Record> {
        let path = self.folder.join(format!("{session}.json"));
        let mut file = File::create_new(&path).map_err(failed("create", &path))?;
        file.lock().map_err(failed("lock", &path))?;
        let text = serde_json::to_vec(files).unwrap_or_default();
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed("write", &path))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("flush", &self.folder))?;
        Ok(Record { path, _file: file })
    }

    /// Removes the files of commits whose server was killed before it made them, and their records. Returns the number of
    /// files.
    pub fn recover(&self, catalog: &mut Catalog) -> Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder).map_err(failed("list", &self.folder))? {
            let path = entry.map_err(failed("list", &self.folder))?.path();
            let Some(mut file) = unlocked(&path)? else { continue };
            let mut text = Vec::new();
            file.read_to_end(&mut text).map_err(failed("read", &path))?;
            // A record that is not whole was begun before any file was written.
            let files: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
            removed += remove_unnamed(catalog, &files)?;
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        Ok(removed)
    }
}

impl Record {
    /// Removes the record, after the commit was made, or was not made and its files were removed.
    pub fn end(self) {
        // A record that stays names files that the catalog names or that are gone: the next start removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a record that no running server holds.
fn unlocked(path: &Path) -> Result<Option<File>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed("open", path))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed("lock", path)(error)),
    }
}

/// Removes those of a killed commit's files that no table names: neither as its metadata nor in the log of it.
fn remove_unnamed(catalog: &mut Catalog, files: &[String]) -> Result<usize> {
    let written: Vec<_> = files.iter().map(|file| path_of(file)).filter(|path| path.is_file()).collect();
    if written.is_empty() {
        return Ok(0);
    }
    let mut named = HashSet::new();
    for (_, pointer) in catalog.metadata_files()? {
        let current = path_of(&pointer);
        if written.iter().any(|path| path.parent() == current.parent()) {
            named.extend(read_metadata(&pointer)?.metadata_log().iter().map(|entry| path_of(&entry.metadata_file)));
        }
        named.insert(current);
    }
    let mut removed = 0;
    for path in written.iter().filter(|path| !named.contains(*path)) {
        fs::remove_file(path).map_err(failed("remove", path))?;
        removed += 1;
    }
    Ok(removed)
}

/// Moves a table's folder aside and removes it, so that a table that is created meanwhile keeps its files.
pub(crate) fn purge(folder: &Path, aside: &Path) -> Result<()> {
    fs::create_dir_all(aside).map_err(failed("create", aside))?;
    let moved = aside.join(Session::new().to_string());
    match fs::rename(folder, &moved) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        moved => moved.map_err(failed("move", folder))?,
    }
    fs::remove_dir_all(&moved).map_err(failed("remove", &moved))
}

/// Removes what killed purges left.
pub(crate) fn finish_purges(aside: &Path) {
    // Another server may be removing the same folder.
    let _ = fs::remove_dir_all(aside);
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::File { action, path: path.to_owned(), source }
}

/// Returns the records' folder in the folder of a server's state.
pub(crate) fn commits(state: &Path) -> PathBuf {
    state.join("commits")
}

/// Returns the folder of purged tables in the folder of a server's state.
pub(crate) fn purged(state: &Path) -> PathBuf {
    state.join("purged")
}
