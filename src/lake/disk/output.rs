//! Paths that a user names for output: results, reports, exports. Every such path goes through [`Output::resolve`].

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Error;
use super::read::kind;

/// A path that may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A regular file, present or missing, with all links resolved. It is replaced whole, by a rename.
    File(PathBuf),
    /// A folder that is missing, or is there to be compared, with all links in front of its name resolved.
    Folder(PathBuf),
    /// A stream of this process, such as `/dev/stdout`. It is appended to, never truncated or replaced.
    Stream(PathBuf),
}

impl Output {
    /// Resolves a path for a file. `kept_by` returns the folder that must not change if a
    /// resolved path lies in one.
    ///
    /// # Errors
    /// Returns [`Error::Output`] if the path is empty, its folder is missing, or it names a folder, a FIFO, a device, a
    /// socket or a link that leads nowhere; [`Error::Protected`] if it lies in a folder that must not change.
    pub fn file(path: &Path, kept_by: impl Fn(&Path) -> Option<PathBuf>) -> Result<Self, Error> {
        let resolved = resolve(path, kept_by)?;
        match fs::metadata(&resolved).map(|found| kind(found.file_type())) {
            Ok(Some(found)) => Err(refused(path, format!("it is {found}"))),
            Ok(None) => Ok(Output::File(resolved)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Output::File(resolved)),
            Err(error) => Err(refused(path, error.to_string())),
        }
    }

    /// Like [`Output::file`], but for a folder: it is missing, or a folder.
    ///
    /// # Errors
    /// Like [`Output::file`]; a regular file is refused too.
    pub fn folder(path: &Path, kept_by: impl Fn(&Path) -> Option<PathBuf>) -> Result<Self, Error> {
        let resolved = resolve(path, kept_by)?;
        match fs::metadata(&resolved) {
            Ok(found) if found.is_dir() => Ok(Output::Folder(resolved)),
            Ok(found) => {
                Err(refused(path, format!("it is {}, not a folder", kind(found.file_type()).unwrap_or("a file"))))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Output::Folder(resolved)),
            Err(error) => Err(refused(path, error.to_string())),
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        match self {
            Output::File(path) | Output::Folder(path) | Output::Stream(path) => path,
        }
    }
}

/// Opens a stream of this process for writing behind what it holds already.
///
/// # Errors
/// Returns an error if the stream is closed.
pub fn open_stream(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new().append(true).open(path).with_context(|| format!("cannot write to {}", path.display()))
}

fn resolve(path: &Path, kept_by: impl Fn(&Path) -> Option<PathBuf>) -> Result<PathBuf, Error> {
    if path.as_os_str().is_empty() {
        return Err(refused(path, "the path is empty".to_owned()));
    }
    let absolute = std::path::absolute(path).map_err(|error| refused(path, error.to_string()))?;
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(refused(path, "it names no file".to_owned()));
    };
    let parent = fs::canonicalize(parent).map_err(|error| refused(path, format!("{}: {error}", parent.display())))?;
    let named = parent.join(name);
    let resolved = match fs::canonicalize(&named) {
        Ok(resolved) => resolved,
        Err(_) if named.is_symlink() => return Err(refused(path, "it is a link that leads nowhere".to_owned())),
        Err(_) => named.clone(),
    };
    match kept_by(&named).or_else(|| kept_by(&resolved)) {
        Some(kept) => Err(Error::Protected { path: path.to_owned(), kept }),
        None => Ok(resolved),
    }
}

fn refused(path: &Path, reason: String) -> Error {
    Error::Output { path: path.to_owned(), reason }
}
