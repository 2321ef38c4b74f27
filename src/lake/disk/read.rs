//! Reading files that others may have put there: a missing one is no error, and one that is no regular file is refused
//! before it is opened, because opening a FIFO blocks for ever and reading a device may never end.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::OFlags;

use super::Error;

/// Opens a regular file for reading, following links.
///
/// # Errors
/// Returns [`Error::NotAFile`] for anything but a regular file, and an error if the file is missing or cannot be opened.
pub fn open_regular(path: &Path) -> anyhow::Result<File> {
    let cannot = || format!("cannot read {}", path.display());
    refuse_other_than_file(path, fs::metadata(path).with_context(cannot)?.file_type())?;
    // The file may have been replaced since: without this flag opening a FIFO would wait for a writer.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).with_context(cannot)?;
    refuse_other_than_file(path, file.metadata().with_context(cannot)?.file_type())?;
    Ok(file)
}

/// Reads a regular file whole.
///
/// # Errors
/// Like [`open_regular`].
pub fn read_regular(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

/// Reads a regular file whole; returns `None` if it is missing.
///
/// # Errors
/// Like [`open_regular`], but a missing file is none.
pub fn read_if_exists(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match read_regular(path) {
        Err(error) if is_missing(&error) => Ok(None),
        read => read.map(Some),
    }
}

/// Refuses anything but a regular file; a link is refused, not followed. A missing file passes.
///
/// # Errors
/// Returns [`Error::NotAFile`], or an error if the file system cannot be queried.
pub fn refuse_irregular(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) => refuse_other_than_file(path, found.file_type()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Returns the paths of a folder's entries, sorted; none if the folder is missing.
///
/// # Errors
/// Returns an error if the folder cannot be listed.
pub fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(cannot)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    paths.sort();
    Ok(paths)
}

fn refuse_other_than_file(path: &Path, found: FileType) -> anyhow::Result<()> {
    match kind(found) {
        None => Ok(()),
        Some(found) => Err(Error::NotAFile { path: path.to_owned(), found }.into()),
    }
}

/// Returns what a file is in words, or `None` for a regular file.
pub(super) fn kind(file: FileType) -> Option<&'static str> {
    Some(match file {
        file if file.is_file() => return None,
        file if file.is_dir() => "a folder",
        file if file.is_symlink() => "a link",
        file if file.is_fifo() => "a FIFO",
        file if file.is_char_device() || file.is_block_device() => "a device",
        file if file.is_socket() => "a socket",
        _ => "no file",
    })
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.root_cause().downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}
