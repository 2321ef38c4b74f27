//! Locks between processes: `flock`s on files. A lock dies with its holder, so a stale file blocks no one. The file names
//! its holder for the error message of the next process.
//!
//! A lock file that is no longer needed is removed under its own lock. Another process may still have the deleted file
//! open, so the path is compared with the locked inode.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::Error;
use super::durable::remove_file_if_there;

/// Attempts to take a lock, and the pause between two. A process that only checks whether a lock is free holds it for an
/// instant, and that must not end a task.
const MAX_ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The process that holds a lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id; 0 if the lock file names no holder.
    pub pid: u32,
    /// The name of its task.
    pub task: String,
    /// The host it runs on.
    pub host: String,
    /// When it took the lock.
    pub since: jiff::Timestamp,
}

impl Holder {
    fn this_process(task: &str) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Holder { pid: std::process::id(), task: task.to_owned(), host, since: jiff::Timestamp::now() }
    }

    /// A holder whose lock file does not name it: the lock was taken a moment ago, or on a full disk.
    pub(crate) fn unknown() -> Self {
        Holder { pid: 0, task: "another process".to_owned(), host: String::new(), since: jiff::Timestamp::now() }
    }

    /// Returns the task and its process in words.
    pub fn who(&self) -> String {
        match self.pid {
            0 => self.task.clone(),
            pid => format!("{} (pid {pid} on {})", self.task, self.host),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { pid, task, host, since } = self;
        match pid {
            0 => f.write_str(task),
            _ => write!(f, "{task} (pid {pid} on {host}, since {})", since.strftime("%Y-%m-%d %H:%M:%S UTC")),
        }
    }
}

/// A lock, released when it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes a lock for this process alone. `what` names the thing that the lock protects.
///
/// # Errors
/// Returns [`Error::Locked`] if another process holds the lock.
pub(crate) fn exclusive(path: &Path, task: &str, what: &str) -> anyhow::Result<Lock> {
    if_free(path, task)?.ok_or_else(|| locked(path, what).into())
}

/// Like [`exclusive`], but returns `None` if another process holds the lock.
pub(crate) fn if_free(path: &Path, task: &str) -> anyhow::Result<Option<Lock>> {
    let taken = take(path, |file| try_repeatedly(|| file.try_lock()))?;
    Ok(taken.map(|file| sign(file, task)))
}

/// Like [`exclusive`], but blocks until the holder releases the lock; `on_wait` receives the reason first. Used for locks
/// that are held for moments, and at the end of a task that ran for hours.
pub(crate) fn waiting(path: &Path, task: &str, what: &str, on_wait: &dyn Fn(&Error)) -> anyhow::Result<Lock> {
    if let Some(lock) = if_free(path, task)? {
        return Ok(lock);
    }
    on_wait(&locked(path, what));
    let taken = take(path, |file| file.lock().map_err(TryLockError::Error))?;
    Ok(sign(taken.with_context(|| format!("cannot lock {}", path.display()))?, task))
}

/// Takes a lock that other processes may share.
///
/// # Errors
/// Returns [`Error::Locked`] if another process holds the lock for itself alone.
pub(crate) fn shared(path: &Path, what: &str) -> anyhow::Result<Lock> {
    match take(path, |file| try_repeatedly(|| file.try_lock_shared()))? {
        Some(file) => Ok(Lock { _file: file }),
        None => Err(locked(path, what).into()),
    }
}

/// Removes the file of a lock unless a process holds it; returns whether it was removed.
pub(crate) fn remove(path: &Path) -> anyhow::Result<bool> {
    match take(path, |file| file.try_lock())? {
        // Removed under its lock: a process that has it open notices when it takes the lock, and creates a new file.
        Some(_held) => remove_file_if_there(path).map(|()| true),
        None => Ok(false),
    }
}

/// Returns the file at a path, locked by `lock`, or `None` if another process holds it.
fn take(path: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> anyhow::Result<Option<File>> {
    loop {
        let file = open(path)?;
        match lock(&file) {
            Ok(()) if is_at(&file, path)? => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}

/// Whether an open file is the one at that path, and not one that was removed since it was opened.
fn is_at(file: &File, path: &Path) -> anyhow::Result<bool> {
    let cannot = || format!("cannot read {}", path.display());
    match fs::symlink_metadata(path) {
        Ok(there) => {
            let held = file.metadata().with_context(cannot)?;
            Ok((there.dev(), there.ino()) == (held.dev(), held.ino()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(cannot),
    }
}

/// Writes the holder into a lock file. This fails on a full disk, where the lock holds all the same: prune-runs must work
/// there.
fn sign(mut file: File, task: &str) -> Lock {
    let holder = serde_json::to_vec(&Holder::this_process(task)).unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&holder));
    Lock { _file: file }
}

fn try_repeatedly(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 1..MAX_ATTEMPTS {
        match lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    lock()
}

/// Returns the holder of the first of these locks that a process holds.
pub(crate) fn first_holder(paths: impl IntoIterator<Item = PathBuf>) -> Option<Holder> {
    paths.into_iter().find_map(|path| match File::open(&path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(holder_in(&path).unwrap_or_else(Holder::unknown)),
        _ => None,
    })
}

/// Whether a process holds a lock on this file or folder, as each task does on its scratch folder.
pub(crate) fn is_held(path: &Path) -> bool {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    opened.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn locked(path: &Path, what: &str) -> Error {
    Error::Locked { what: what.to_owned(), holder: holder_in(path).unwrap_or_else(Holder::unknown) }
}

fn open(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .with_context(|| format!("cannot open the lock {}", path.display()))
}

/// Returns the holder that a lock file names.
fn holder_in(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
