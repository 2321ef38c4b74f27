//! Writes that survive a power cut: the bytes are on the disk before the name is, and the name before the function returns.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::Serialize;
use walkdir::WalkDir;

/// The permissions of a new file, less those that the umask takes away.
pub(crate) const WRITABLE: u32 = 0o666;

/// Flushes a file's bytes to the disk.
///
/// # Errors
/// Returns an error if the file is missing or the flush fails.
pub fn sync_file(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot flush {} to the disk", path.display()))
}

/// Flushes a folder's entries to the disk: without this a power cut may undo a rename.
pub(crate) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot flush the folder {} to the disk", path.display()))
}

/// Flushes every earlier change below a folder, permissions and names included. `folders` are `root` and the folders in it.
///
/// A dataset whose last flush failed may be in place all the same; before a run is sealed, all of it must be on the disk.
pub(crate) fn sync_all(root: &Path, folders: &[PathBuf]) -> anyhow::Result<()> {
    if cfg!(target_os = "linux") {
        return sync_file_system(root)
            .with_context(|| format!("cannot flush the file system of {} to the disk", root.display()));
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

#[cfg(target_os = "linux")]
fn sync_file_system(root: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(root)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(root: &Path) -> std::io::Result<()> {
    File::open(root)?.sync_all()
}

/// Creates a folder outside of any lake and its missing parents, and flushes the entries that name them.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result.with_context(|| format!("cannot make the folder {}", path.display()))?,
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Moves a file or folder to its final name on the same file system, and flushes the rename.
pub(crate) fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))?;
    sync_parents(to, from)
}

/// Exchanges two folders.
///
/// This is one step if the file system supports it (ext4, XFS, Btrfs, tmpfs), so there is no instant without `old`.
/// Otherwise `old` is moved to `spare` first.
pub(crate) fn exchange(new: &Path, old: &Path, spare: &Path) -> anyhow::Result<()> {
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        Ok(()) => sync_parents(old, new),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            remove_folder_if_there(spare)?;
            rename(old, spare)?;
            rename(new, old)?;
            rename(spare, new)
        }
        Err(error) => Err(error).with_context(|| format!("cannot exchange {} and {}", new.display(), old.display())),
    }
}

fn sync_parents(to: &Path, from: &Path) -> anyhow::Result<()> {
    for parent in [to.parent(), from.parent()].into_iter().flatten() {
        sync_folder(parent)?;
    }
    Ok(())
}

/// Writes a new file and flushes it. The caller flushes the folder.
///
/// # Errors
/// Returns an error if the file exists or cannot be written.
pub(crate) fn write_new_file(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Returns a value as indented JSON with a final newline, the form of every JSON file of the lake.
pub(crate) fn json_text(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Writes a new JSON file and flushes it. The caller flushes the folder.
///
/// # Errors
/// Returns an error if the file exists or cannot be written.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    write_new_file(path, &json_text(value)?, WRITABLE)
}

/// Commits a finished folder by one rename: every file and folder in it is on the disk before its name is.
///
/// # Errors
/// Returns an error if a flush or the rename fails.
pub fn commit_folder(staged: &Path, target: &Path) -> anyhow::Result<()> {
    for entry in WalkDir::new(staged).contents_first(true) {
        let entry = entry.with_context(|| format!("cannot list {}", staged.display()))?;
        if entry.file_type().is_dir() {
            sync_folder(entry.path())?;
        } else {
            sync_file(entry.path())?;
        }
    }
    rename(staged, target)
}

/// Removes a file; a missing one is no error.
pub(crate) fn remove_file_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove {}", path.display())),
    }
}

/// Removes a folder with all that is in it; a missing one is no error.
pub(crate) fn remove_folder_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove the folder {}", path.display())),
    }
}
