//! Writes that survive a power cut: the bytes are on the disk before the name is, and the name before we go on.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// What a new file is given where nobody asks for less.
pub(crate) const WRITABLE: u32 = 0o666;

/// Flushes a file's bytes to the disk.
pub fn sync_file(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot flush {} to the disk", path.display()))
}

/// Flushes a folder's entries to the disk: without this a rename may be undone by a power cut.
pub(crate) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot flush the folder {} to the disk", path.display()))
}

/// Flushes all that was ever done below a folder, permissions and names too. `folders` are it and those in it.
///
/// A commit whose last flush failed has been seen in place since; what is sealed must be on the disk for certain.
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

/// Makes a folder outside of any lake and its missing parents, and flushes what names them.
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
    sync_parents(to, from)
}

/// Puts a folder in the place of another, which afterwards is where the first was.
///
/// One step where the file system can (ext4, XFS, Btrfs, tmpfs): there is no instant without either. Elsewhere the old
/// one is moved to `spare` first.
pub(crate) fn exchange(new: &Path, old: &Path, spare: &Path) -> anyhow::Result<()> {
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        Ok(()) => sync_parents(old, new),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            remove_folder_if_there(spare)?;
            rename(old, spare)?;
            rename(new, old)?;
            rename(spare, new)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot put {} in the place of {}", new.display(), old.display()))
        }
    }
}

fn sync_parents(to: &Path, from: &Path) -> anyhow::Result<()> {
    for parent in [to.parent(), from.parent()].into_iter().flatten() {
        sync_folder(parent)?;
    }
    Ok(())
}

/// Writes a file that was not there, and flushes it. The caller flushes the folder.
pub(crate) fn write_new_file(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

pub(crate) fn remove_file_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove {}", path.display())),
    }
}

pub(crate) fn remove_folder_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("cannot remove the folder {}", path.display())),
    }
}
