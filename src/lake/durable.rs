//! Writes that survive a power cut: the bytes are on the disk before the name is, and the name before we go on.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// Flushes a file's bytes to the disk.
pub fn sync_file(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot flush {} to the disk", path.display()))
}

/// Flushes a folder's entries to the disk: without this a rename may be undone by a power cut.
pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot flush the folder {} to the disk", path.display()))
}

/// Makes a folder and its missing parents, and flushes what names them.
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

/// Moves a file or folder to its final name, on the disk when this returns. Both are on one file system.
pub(crate) fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))?;
    for parent in [to.parent(), from.parent()].into_iter().flatten() {
        sync_folder(parent)?;
    }
    Ok(())
}

/// Writes a file that was not there, and flushes it. The caller flushes the folder.
pub fn write_new_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Puts a file in place in one step, whether or not there was one: whole in `staging` first, then renamed.
pub(super) fn replace_file(staging: &Path, target: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    make_folder(staging)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = staging.join(format!("{name}.{}", std::process::id()));
    remove_file_if_there(&unfinished)?;
    write_new_file(&unfinished, bytes)?;
    rename(&unfinished, target)
}

pub(super) fn remove_file_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove {}", path.display())),
    }
}

pub(super) fn remove_folder_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove the folder {}", path.display())),
    }
}
