//! Where the files go that people ask for: outside of everything that a lake keeps for itself, of this lake and any other.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use digdag_task::stop::{self, Unfinished};
use lake_layout::kept_by_a_lake;
use tempfile::{NamedTempFile, PersistError};

use super::disk::Error;
use super::disk::output::Output;

/// Resolves a path for a file that a user asks for. `-` is the standard output.
///
/// # Errors
/// Returns an error if the path is no place for a file, or lies in `_runs`, `_meta`, `_tables`, `active` or a run.
pub fn output_file(path: &Path) -> Result<Output, Error> {
    match digdag_task::stream(path) {
        Some(stream) => Ok(Output::Stream(stream)),
        None => Output::file(path, kept_by_a_lake),
    }
}

/// Resolves a path for a folder that a user asks for.
///
/// # Errors
/// Returns an error if the path is no place for a folder, or lies in `_runs`, `_meta`, `_tables`, `active` or a run.
pub fn output_folder(path: &Path) -> Result<Output, Error> {
    Output::folder(path, kept_by_a_lake)
}

/// Refuses a folder that a user asks for, and that may be missing, in `_runs`, `_meta`, `_tables`, `active` or a run.
///
/// # Errors
/// Returns [`Error::Protected`].
pub fn refuse_kept(folder: &Path) -> Result<(), Error> {
    match lake_layout::kept_behind_links(folder) {
        Some(kept) => Err(Error::Protected { path: folder.to_owned(), kept }),
        None => Ok(()),
    }
}

/// Writes a file that a user asks for under a temporary name beside it, then renames it. Readers find the old file or the new
/// one.
///
/// # Errors
/// Returns an error if the file cannot be written, or the first that `write` returns.
pub fn write_whole(path: &Path, write: impl FnOnce(&File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    write_as(path, write, |file| file.persist(path))
}

/// Like [`write_whole`], but refuses a name that a file has, also one that appears meanwhile.
///
/// # Errors
/// Like [`write_whole`], and if the file exists.
pub fn write_new(path: &Path, write: impl FnOnce(&File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    write_as(path, write, |file| file.persist_noclobber(path))
}

fn write_as(
    path: &Path,
    write: impl FnOnce(&File) -> anyhow::Result<()>,
    place: impl FnOnce(NamedTempFile) -> Result<File, PersistError>,
) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    // Signals wait until the file is registered as unfinished; otherwise one could leave it behind.
    let known = stop::hold();
    let file = tempfile::Builder::new()
        .prefix(".unfinished.")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(cannot)?;
    let _unfinished = Unfinished::new(file.path());
    drop(known);
    write(file.as_file())?;
    file.as_file().sync_all().with_context(cannot)?;
    let _whole = stop::hold();
    place(file).with_context(cannot)?;
    Ok(())
}
