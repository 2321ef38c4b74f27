//! The folder of a month on the local disk: its lock, its files and the parts of transfers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::dump::{DumpFile, remember_sha256, sha256_of_dump};
use crate::lake::{Lock, free_bytes, lock_exclusively, make_folder, refuse_kept, rename, sync_file};
use digdag_task::{Amount, Failure, Observer};

/// The folder of a month, locked against other downloads until this value is dropped.
#[derive(Debug)]
pub(super) struct MonthFolder {
    path: PathBuf,
    _lock: Lock,
}

/// The outcome of verifying a file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Local {
    /// The folder has no such file.
    Absent,
    /// The file matches its checksum.
    Matches { bytes: u64 },
    /// The file has another checksum.
    Differs,
}

impl MonthFolder {
    /// Creates the folder if it is missing, and locks it.
    ///
    /// # Errors
    /// Returns an error of class `Locked` if another process holds the lock, [`crate::lake::Error::Protected`] if a lake
    /// keeps the folder for itself, and an I/O error if the folder cannot be created.
    pub fn lock(path: &Path, task: &str) -> anyhow::Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
        refuse_kept(&path)?;
        make_folder(&path)?;
        let lock = lock_exclusively(&path.join(".download-dumps.lock"), task, &path.display().to_string())?;
        Ok(MonthFolder { path, _lock: lock })
    }

    /// Returns the absolute path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Compares a file with its checksum. Reads the file only if its hash is not cached.
    ///
    /// # Errors
    /// Returns an error if the file is not regular, cannot be read or changes meanwhile.
    pub fn local(&self, name: &str, sha256: &str, observer: &dyn Observer) -> anyhow::Result<Local> {
        let path = self.file(name);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(Local::Absent);
        }
        let file = DumpFile::open(&path)?;
        let progress = observer.begin(Amount::bytes(file.bytes));
        let actual = sha256_of_dump(&file, &mut |bytes| {
            progress.advance_to(bytes, &|| format!("{name} is there, verifying it"));
        })?;
        Ok(if actual == sha256 { Local::Matches { bytes: file.bytes } } else { Local::Differs })
    }

    /// Returns the path of a file during its transfer. The checksum is in the name, so a transfer never resumes the
    /// part of a file with other contents.
    pub fn part(&self, name: &str, sha256: &str) -> PathBuf {
        self.path.join(format!(".{name}.{}.part", sha256.get(..16).unwrap_or(sha256)))
    }

    /// Removes the parts of a file with other checksums than `sha256`.
    ///
    /// # Errors
    /// Returns an I/O error if the folder cannot be listed or a part cannot be removed.
    pub fn remove_other_parts(&self, name: &str, sha256: &str) -> anyhow::Result<()> {
        let keep = self.part(name, sha256);
        let entries = fs::read_dir(&self.path).with_context(|| format!("cannot list {}", self.path.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list {}", self.path.display()))?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if path != keep && file.starts_with(&format!(".{name}.")) && file.ends_with(".part") {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Renames a whole, verified part to its final name. An existing file of that name is kept under a name that no
    /// task reads as a dump; returns that path.
    ///
    /// # Errors
    /// Returns an I/O error if a file cannot be flushed or renamed.
    pub fn commit(&self, part: &Path, name: &str, sha256: &str) -> anyhow::Result<Option<PathBuf>> {
        sync_file(part)?;
        let aside = self.replace(part, name)?;
        remember_sha256(&DumpFile::open(&self.file(name))?, sha256);
        Ok(aside)
    }

    /// Like [`MonthFolder::commit`], but for a file that is already flushed to the disk and whose hash is not cached.
    ///
    /// # Errors
    /// Returns an I/O error if a file cannot be renamed.
    pub fn replace(&self, part: &Path, name: &str) -> anyhow::Result<Option<PathBuf>> {
        let target = self.file(name);
        let aside = fs::symlink_metadata(&target).is_ok().then(|| {
            let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
            self.path.join(format!("{name}.replaced-{now}"))
        });
        if let Some(aside) = &aside {
            rename(&target, aside)?;
        }
        rename(part, &target)?;
        Ok(aside)
    }
}

/// Checks that a folder's file system has room for `wanted` bytes.
///
/// # Errors
/// Returns an error if fewer bytes are free, or the file system cannot be queried.
pub(super) fn enough_space(folder: &Path, wanted: u64) -> anyhow::Result<()> {
    let free = free_bytes(folder)?;
    if free < wanted {
        let (free, wanted) = (free >> 20, wanted >> 20);
        return Err(Failure::unexpected(format!(
            "{} has {free} MiB free, what is to be fetched takes {wanted} MiB",
            folder.display()
        ))
        .hint("free some space, fetch fewer entities, or set raw_root to a larger disk")
        .into());
    }
    Ok(())
}
