//! Locks are `flock`s on files under `_meta/locks`: they die with their holder, so a stale file blocks nobody.
//! The file says who holds it, for the message that the next one gets.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::task::Failure;

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
}

/// A lock that is held as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes a lock for this process alone. `what` names the thing in the message when somebody else has it.
pub(crate) fn exclusive(path: &Path, task: &str, what: &str) -> anyhow::Result<Lock> {
    let file = open(path)?;
    match try_for_a_moment(|| file.try_lock()) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(what, holder_in(path)).into()),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    sign(file, path, task)
}

/// Writes the holder into a lock that was taken.
fn sign(mut file: File, path: &Path, task: &str) -> anyhow::Result<Lock> {
    let holder = serde_json::to_vec(&Holder::this_process(task))?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&holder))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Lock { _file: file })
}

/// The same, but waits for whoever holds it: for what takes moments, and for the end of what took hours.
pub(super) fn waiting(path: &Path, task: &str) -> anyhow::Result<Lock> {
    let file = open(path)?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    sign(file, path, task)
}

/// Takes a lock together with others who share it. `exclusive` waits for none of them: it fails.
pub(super) fn shared(path: &Path, what: &str) -> anyhow::Result<Lock> {
    let file = open(path)?;
    match try_for_a_moment(|| file.try_lock_shared()) {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(held(what, holder_in(path)).into()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
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
pub(super) fn first_holder(paths: impl IntoIterator<Item = PathBuf>) -> Option<Holder> {
    paths.into_iter().find_map(|path| match File::open(&path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => holder_in(&path),
        _ => None,
    })
}

/// Whether a task holds a lock on this file or folder, as each does on its scratch.
pub(super) fn is_held(path: &Path) -> bool {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    opened.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

pub(super) fn held(what: &str, holder: Option<Holder>) -> Failure {
    let who = match holder {
        Some(Holder { pid, task, host, since }) => {
            format!("{task} (pid {pid} on {host}, since {})", since.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
        None => "somebody else".to_owned(),
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
