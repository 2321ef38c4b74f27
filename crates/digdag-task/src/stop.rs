//! Signals: SIGTERM, SIGINT and SIGHUP stop a task at once. What is unfinished lies in `_staging` and is removed;
//! what is committed stays; what works for the task elsewhere is told to end. The exit status is 128 plus the signal. One
//! that was ignored when the task began stays so: that is what nohup does, and a shell to what runs behind it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::call::print_line;
use super::outcome::{ErrorReport, Outcome, Status};
use super::say_line;

/// Held by whoever must not be stopped in between, and for good by whoever stops.
static GATE: Mutex<()> = Mutex::new(());
static TELLING: AtomicBool = AtomicBool::new(false);
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

fn actions() -> MutexGuard<'static, BTreeMap<u64, Action>> {
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

/// Keeps signals waiting while this lives: for the steps in which something unfinished becomes something finished, which
/// nobody may tidy up meanwhile. Never returns when the task is being stopped.
#[derive(Debug)]
pub struct Hold {
    _gate: MutexGuard<'static, ()>,
}

/// Keeps signals waiting; see [`Hold`].
pub fn hold() -> Hold {
    Hold { _gate: GATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) }
}

fn list() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Starts listening for signals in a thread of its own.
pub(super) fn install(task: &str) {
    let task = task.to_owned();
    let ignored = ignored_signals();
    let wanted = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    if let Ok(mut signals) = Signals::new(wanted) {
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                stop(&task, signal);
            }
        });
    }
}

/// A bit for each signal that this process ignores (Linux; none where the kernel does not tell).
pub fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

fn stop(task: &str, signal: i32) {
    let _for_good = hold();
    if TELLING.load(Ordering::SeqCst) {
        signal_hook::low_level::exit(128 + signal);
    }
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
    say_line(format_args!("{task}: {message}"));
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

/// What was to be kept is kept, and the task tells how it ended: a signal that comes now ends it, and tells nothing.
pub(super) fn tell(hold: Hold) {
    TELLING.store(true, Ordering::SeqCst);
    drop(hold);
}
