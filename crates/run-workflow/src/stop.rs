//! Signals. SIGINT, SIGTERM and SIGHUP are passed on to the tasks that run; no other task starts.
//!
//! Every task has a process group of its own: Ctrl-C on a terminal reaches run-workflow alone, and each task, with
//! all that it started, gets the signal from here, once.

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

/// How long tasks may take to end after the signal.
const PATIENCE: Duration = Duration::from_secs(20);

/// The tasks that run, and whether they were asked to stop.
pub struct Stop {
    running: Mutex<Vec<Pid>>,
    /// The signal, or 0.
    signal: AtomicI32,
}

impl Stop {
    /// # Errors
    /// The handlers cannot be installed.
    pub fn listen() -> io::Result<Arc<Self>> {
        let stop = Arc::new(Stop { running: Mutex::new(Vec::new()), signal: AtomicI32::new(0) });
        // What was ignored when we started stays so: that is what nohup does, and a shell to what runs behind it.
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

    /// The signal that asked to stop.
    pub fn requested(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// Starts a process; `None` when nothing may start any more.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Option<Child>> {
        // Held while it starts: a signal finds the process in the list, or the process finds the signal.
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
    /// The process cannot be waited for.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        // Off the list before it is reaped: its number may belong to somebody else right after.
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
            let (count, seconds) = (running.len(), PATIENCE.as_secs());
            report::say(format_args!("{name}: passed on to {count} running task(s); they have {seconds} s to end"));
        }
        send(&running, Signal::from_named_raw(signal).unwrap_or(Signal::TERM));
        let stop = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            send(&stop.running(), Signal::KILL);
        });
    }
}

/// The name of one of the signals that stop a workflow.
pub fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "SIGINT",
        SIGHUP => "SIGHUP",
        _ => "SIGTERM",
    }
}

fn send(groups: &[Pid], signal: Signal) {
    for group in groups {
        // A group that has just ended is what was asked for.
        let _ = kill_process_group(*group, signal);
    }
}
