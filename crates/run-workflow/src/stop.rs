//! Signals. SIGINT, SIGTERM and SIGHUP are passed on to the running tasks, and no other task starts.
//!
//! Every task has a process group of its own: Ctrl-C on a terminal reaches run-workflow alone, which passes it on once
//! to each task and its descendants.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::report;
use digdag_task::stop::ignored_signals;

/// The time that tasks have to end after the signal, before they are killed.
const GRACE_PERIOD: Duration = Duration::from_secs(20);

/// The running tasks, and the signal that stops them.
pub struct Stop {
    running: Mutex<Vec<Pid>>,
    /// The signal, or 0.
    signal: AtomicI32,
}

impl Stop {
    /// Installs the handlers.
    ///
    /// # Errors
    /// Returns an error if the handlers cannot be installed.
    pub fn listen() -> io::Result<Arc<Self>> {
        let stop = Arc::new(Stop { running: Mutex::new(Vec::new()), signal: AtomicI32::new(0) });
        // A signal that was ignored at the start stays ignored, as under nohup and in the background of a shell.
        let ignored = ignored_signals();
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(wanted)?;
        let listener = Arc::clone(&stop);
        std::thread::spawn(move || {
            for signal in signals.forever() {
                listener.begin(signal);
            }
        });
        Ok(stop)
    }

    /// Returns the signal that stopped the workflow, if there was one.
    pub fn requested(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// Starts a process; returns `None` after a signal.
    ///
    /// # Errors
    /// Returns an error if the process cannot be started.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Option<Child>> {
        // The lock is held while the process starts, so the signal thread finds it in the list.
        let mut running = self.running();
        if self.requested().is_some() {
            return Ok(None);
        }
        let child = command.process_group(0).spawn()?;
        running.push(Pid::from_child(&child));
        Ok(Some(child))
    }

    /// Waits for a process that [`Stop::spawn`] started.
    ///
    /// # Errors
    /// Returns an error if the process cannot be waited for.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        // The process leaves the list before it is reaped: afterwards its id may belong to another process.
        while let Err(error) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            if error != Errno::INTR {
                break;
            }
        }
        self.running().retain(|running| *running != pid);
        child.wait()
    }

    fn running(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn begin(self: &Arc<Self>, signal: i32) {
        let running = self.running();
        if self.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            report::say("already stopping");
            return;
        }
        let name = name(signal);
        if !running.is_empty() {
            let (count, seconds) = (running.len(), GRACE_PERIOD.as_secs());
            report::say(format_args!("{name}: passed on to {count} running task(s); they have {seconds} s to end"));
        }
        send(&running, Signal::from_named_raw(signal).unwrap_or(Signal::TERM));
        let stop = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(GRACE_PERIOD);
            send(&stop.running(), Signal::KILL);
        });
    }
}

/// Returns the name of a signal that stops a workflow.
pub fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "SIGINT",
        SIGHUP => "SIGHUP",
        _ => "SIGTERM",
    }
}

fn send(groups: &[Pid], signal: Signal) {
    for group in groups {
        // An error means that the group has just ended.
        let _ = kill_process_group(*group, signal);
    }
}
