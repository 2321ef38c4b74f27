//! One task of a dry run, as a child process.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use digdag_task::stop::{self, OnStop};

/// How long a task may take to end after SIGTERM, before it is killed.
const GRACE_PERIOD: Duration = Duration::from_secs(20);

/// The exit status and the stdout of a task that has ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
}

/// Runs a task to its end. A signal that stops this process ends the task first.
///
/// # Errors
/// Returns an error if the task cannot be started, or its stdout cannot be read.
pub fn run(command: &mut Command) -> io::Result<Ended> {
    // A signal between the start and the registration would leave the task running.
    let whole = stop::hold();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let pid = Pid::from_child(&child);
    let on_stop = OnStop::new(move || end(pid));
    drop(whole);

    let mut stdout = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut stdout)?;
    }
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(pid), ended), Err(Errno::INTR)) {}
    // The action goes before the task is reaped: afterwards the pid may belong to another process.
    drop(on_stop);
    Ok(Ended { status: child.wait()?, stdout })
}

/// Sends SIGTERM to a task, and SIGKILL if it has not ended after the grace period.
fn end(pid: Pid) {
    let _ = kill_process(pid, Signal::TERM);
    let started = Instant::now();
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while matches!(waitid(WaitId::Pid(pid), ended), Ok(None)) {
        if started.elapsed() > GRACE_PERIOD {
            let _ = kill_process(pid, Signal::KILL);
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
