//! Signals: SIGTERM, SIGINT and SIGHUP stop a task at once, or after the critical section that it is in.
//!
//! Unfinished work is removed, committed work stays, and child processes and remote queries are ended. The exit status
//! is 128 plus the signal. A signal that was ignored when the task began stays ignored, as nohup and shells arrange it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::call::print_line;
use super::outcome::{ErrorReport, Outcome, Status};
use super::say_line;

/// Guards critical sections; the signal thread takes it and never releases it.
static GATE: Mutex<()> = Mutex::new(());
static TELLING: AtomicBool = AtomicBool::new(false);
static STDOUT_TAKEN: AtomicBool = AtomicBool::new(false);
static ACTIONS: Mutex<BTreeMap<u64, Action>> = Mutex::new(BTreeMap::new());
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static RESUMABLE: AtomicUsize = AtomicUsize::new(0);

type Action = Box<dyn Fn() + Send>;

/// An action that a signal runs while this value lives, to end a child process or a remote query.
#[derive(Debug)]
pub struct OnStop(u64);

impl OnStop {
    /// Registers the action.
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

/// Unfinished work that the next call resumes. While this value lives, the message of a signal says that the work is
/// kept.
#[derive(Debug)]
pub struct Resumable(());

impl Resumable {
    /// Registers resumable work.
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

/// A folder or file of unfinished work, which a signal removes while this value lives.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Registers the path.
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

/// A critical section: signals wait while this value lives. Used while unfinished work becomes finished work, which the
/// signal thread must not remove.
#[derive(Debug)]
pub struct Hold {
    _gate: MutexGuard<'static, ()>,
}

/// Enters a critical section; see [`Hold`]. Never returns if the task is being stopped.
pub fn hold() -> Hold {
    Hold { _gate: GATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) }
}

fn list() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Starts the thread that waits for signals in a program that a Ctrl-C need not end: `interrupted` receives each SIGINT and
/// returns whether the program goes on. Any other signal stops it like a task, but prints no outcome on stdout.
pub fn listen(program: &str, version: &str, interrupted: impl Fn() -> bool + Send + 'static) {
    take_stdout();
    watch(program, version, move |signal| signal == SIGINT && interrupted());
}

/// Starts the thread that waits for signals.
pub(super) fn install(task: &str, version: &str) {
    watch(task, version, |_| false);
}

fn watch(task: &str, version: &str, goes_on: impl Fn(i32) -> bool + Send + 'static) {
    let (task, version) = (task.to_owned(), version.to_owned());
    let ignored = ignored_signals();
    let wanted = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    if let Ok(mut signals) = Signals::new(wanted) {
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if !goes_on(signal) {
                    stop(&task, &version, signal);
                }
            }
        });
    }
}

/// Returns a bit for each signal that this process ignores (Linux only).
pub fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

fn stop(task: &str, version: &str, signal: i32) {
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
        // Threads of this process may still add files, so the removal is tried twice; the next call removes the rest.
        if std::fs::remove_file(path).is_err() && std::fs::remove_dir_all(path).is_err() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
    let left = match RESUMABLE.load(Ordering::SeqCst) {
        0 => "nothing half written is left",
        _ => "what was fetched is kept and resumed",
    };
    let message = format!("stopped by {name}; {left}");
    say_line(format_args!("{task}: {message}"));
    let mut outcome = Outcome::new(task, version);
    outcome.status = Status::Failed;
    outcome.error = Some(ErrorReport {
        class: "stopped".to_owned(),
        message,
        retryable: true,
        hint: Some("run the same command again to go on".to_owned()),
    });
    if !STDOUT_TAKEN.load(Ordering::SeqCst) {
        // The process ends with the signal's status, so an error of stdout changes nothing.
        let _ = print_line(&outcome);
    }
    // Not exit(), which would run destructors of libraries whose threads are still running.
    signal_hook::low_level::exit(128 + signal);
}

/// Leaves stdout to the task's own output: a signal prints no outcome there.
pub(super) fn take_stdout() {
    STDOUT_TAKEN.store(true, Ordering::SeqCst);
}

/// Marks the outcome as kept: a signal that arrives from now on ends the process without a message.
pub(super) fn tell(hold: Hold) {
    TELLING.store(true, Ordering::SeqCst);
    drop(hold);
}
