//! Signals: SIGTERM, SIGINT and SIGHUP stop a task at once. What is unfinished lies in `_staging` and is removed;
//! what is committed stays; what works for the task elsewhere is told to end. The exit status is 128 plus the signal.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::call::print_line;
use super::outcome::{ErrorReport, Outcome, Status};

static STOPPING: AtomicBool = AtomicBool::new(false);
static ACTIONS: Mutex<BTreeMap<u64, Action>> = Mutex::new(BTreeMap::new());
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static RESUMABLE: AtomicUsize = AtomicUsize::new(0);

type Action = Box<dyn Fn() + Send>;

/// What is to be done at once when the task is stopped by a signal while this lives: to end what was begun elsewhere.
#[derive(Debug)]
pub struct OnStop(u64);

impl OnStop {
    pub fn new(action: impl Fn() + Send + 'static) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        actions().insert(id, Box::new(action));
        OnStop(id)
    }
}

impl Drop for OnStop {
    fn drop(&mut self) {
        actions().remove(&self.0);
    }
}

fn actions() -> std::sync::MutexGuard<'static, BTreeMap<u64, Action>> {
    ACTIONS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Unfinished work that the next call goes on with: while this lives, a signal's last words say that it is kept.
#[derive(Debug)]
pub struct Resumable(());

impl Resumable {
    pub fn new() -> Self {
        RESUMABLE.fetch_add(1, Ordering::SeqCst);
        Resumable(())
    }
}

impl Default for Resumable {
    fn default() -> Self {
        Resumable::new()
    }
}

impl Drop for Resumable {
    fn drop(&mut self) {
        RESUMABLE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A folder or a file of unfinished work, removed when the task is stopped by a signal while this lives.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    pub fn new(path: &Path) -> Self {
        list().push(path.to_owned());
        Unfinished(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut list = list();
        if let Some(index) = list.iter().position(|path| *path == self.0) {
            list.swap_remove(index);
        }
    }
}

fn list() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Starts listening for signals in a thread of its own.
pub(super) fn install(task: &str) {
    let task = task.to_owned();
    if let Ok(mut signals) = Signals::new([SIGTERM, SIGINT, SIGHUP]) {
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                stop(&task, signal);
            }
        });
    }
}

fn stop(task: &str, signal: i32) {
    STOPPING.store(true, Ordering::SeqCst);
    let name = match signal {
        SIGINT => "SIGINT",
        SIGHUP => "SIGHUP",
        _ => "SIGTERM",
    };
    for action in actions().values() {
        action();
    }
    for path in list().iter() {
        // Threads of this process may still be adding files; what a second pass cannot remove, the next run does.
        if std::fs::remove_file(path).is_err() && std::fs::remove_dir_all(path).is_err() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
    let left = match RESUMABLE.load(Ordering::SeqCst) {
        0 => "nothing half written is left",
        _ => "what was fetched is kept, to go on from",
    };
    let message = format!("stopped by {name}; {left}");
    let _ = writeln!(std::io::stderr(), "{task}: {message}");
    let mut outcome = Outcome::new(task);
    outcome.status = Status::Failed;
    outcome.error = Some(ErrorReport {
        class: "stopped".to_owned(),
        message,
        hint: Some("run the same command again to go on".to_owned()),
    });
    print_line(&outcome);
    // Not exit(): that would run destructors of libraries whose threads are still at work.
    signal_hook::low_level::exit(128 + signal);
}

/// Never returns while a signal is being handled: errors that the removal causes are not the story to tell.
pub(super) fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}
