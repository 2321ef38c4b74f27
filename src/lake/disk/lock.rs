//! Locks are `flock`s on files under `_meta/locks`: they die with their holder, so a stale file blocks nobody.
//! The file says who holds it, for the message that the next one gets.
//!
//! The files of runs that are gone are removed, each under its own lock. Somebody may have opened such a file before; once
//! it is locked, it has to be the one that is there.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::durable::remove_file_if_there;
use digdag_task::{Failure, Observer};

/// How often a lock that is taken is tried again, and after which pause. Whoever only looks whether a lock is free holds
/// it for an instant, and that must not end a task.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Who holds a lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub task: String,
    pub host: String,
    pub since: jiff::Timestamp,
}

impl Holder {
    fn this_process(task: &str) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Holder { pid: std::process::id(), task: task.to_owned(), host, since: jiff::Timestamp::now() }
    }

    /// One whose lock does not say so: it was taken just now, or on a full disk.
    pub(crate) fn unknown() -> Self {
        Holder { pid: 0, task: "somebody else".to_owned(), host: String::new(), since: jiff::Timestamp::now() }
    }

    /// The task and its process.
    pub fn who(&self) -> String {
        match self.pid {
            0 => self.task.clone(),
            pid => format!("{} (pid {pid} on {})", self.task, self.host),
        }
    }
}

/// A lock that is held as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes a lock for this process alone. `what` names the thing in the message when somebody else has it.
pub(crate) fn exclusive(path: &Path, task: &str, what: &str) -> anyhow::Result<Lock> {
    if_free(path, task)?.ok_or_else(|| held(what, holder_in(path)).into())
}

/// The same; nothing where somebody else has it.
pub(crate) fn if_free(path: &Path, task: &str) -> anyhow::Result<Option<Lock>> {
    let taken = take(path, |file| try_for_a_moment(|| file.try_lock()))?;
    Ok(taken.map(|file| sign(file, task)))
}

/// Like [`exclusive`], but blocks until the holder releases the lock, and notes that. Used for locks that are held for
/// moments, and at the end of a task of hours.
pub(crate) fn waiting(path: &Path, task: &str, what: &str, observer: &dyn Observer) -> anyhow::Result<Lock> {
    if let Some(lock) = if_free(path, task)? {
        return Ok(lock);
    }
    observer.note(format_args!("waits: {}", held(what, holder_in(path))));
    let taken = take(path, |file| file.lock().map_err(TryLockError::Error))?;
    Ok(sign(taken.with_context(|| format!("cannot lock {}", path.display()))?, task))
}

/// Takes a lock together with others who share it. `exclusive` waits for none of them: it fails.
pub(crate) fn shared(path: &Path, what: &str) -> anyhow::Result<Lock> {
    match take(path, |file| try_for_a_moment(|| file.try_lock_shared()))? {
        Some(file) => Ok(Lock { _file: file }),
        None => Err(held(what, holder_in(path)).into()),
    }
}

/// Removes the file of a lock that nobody needs any more, unless somebody holds it. Gives whether it is gone.
pub(crate) fn remove(path: &Path) -> anyhow::Result<bool> {
    match take(path, |file| file.try_lock())? {
        // Held while it goes: whoever has opened it finds that out when it is locked, and makes another one.
        Some(_held) => remove_file_if_there(path).map(|()| true),
        None => Ok(false),
    }
}

/// The file at a path, locked by `lock`; nothing where somebody else holds it.
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

/// Whether an open file is the one of that path, and not one that was removed since it was opened.
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

/// Writes the holder into a lock that was taken. On a full disk that fails, and the lock is held all the same: prune-runs
/// has to run there.
fn sign(mut file: File, task: &str) -> Lock {
    let holder = serde_json::to_vec(&Holder::this_process(task)).unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&holder));
    Lock { _file: file }
}

fn try_for_a_moment(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    lock()
}

/// The holder of the first of these locks that somebody holds.
pub(crate) fn first_holder(paths: impl IntoIterator<Item = PathBuf>) -> Option<Holder> {
    paths.into_iter().find_map(|path| match File::open(&path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(holder_in(&path).unwrap_or_else(Holder::unknown)),
        _ => None,
    })
}

/// Whether a task holds a lock on this file or folder, as each does on its scratch.
pub(crate) fn is_held(path: &Path) -> bool {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    opened.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

pub(crate) fn held(what: &str, holder: Option<Holder>) -> Failure {
    let who = match holder {
        Some(Holder { pid, task, host, since }) if pid != 0 => {
            format!("{task} (pid {pid} on {host}, since {})", since.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
        _ => "somebody else".to_owned(),
    };
    Failure::locked(format!("{what} is locked by {who}"))
        .hint("try again when it has ended; a lock ends with its holder")
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

fn holder_in(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
