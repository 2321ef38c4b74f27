use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use digdag_task::stop::{self, OnStop};

/// How long a task may take to end after a signal.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a task came to.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
}

/// Runs a task to its end. A signal that stops this process ends that one first.
pub fn run(command: &mut Command) -> io::Result<Ended> {
    // A signal that came between the two would leave it running.
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
    // Before it is reaped: its number may belong to somebody else right after.
    drop(on_stop);
    Ok(Ended { status: child.wait()?, stdout })
}

/// Asks a task to end, and sees to it that it does.
fn end(pid: Pid) {
    let _ = kill_process(pid, Signal::TERM);
    let started = Instant::now();
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while matches!(waitid(WaitId::Pid(pid), ended), Ok(None)) {
        if started.elapsed() > PATIENCE {
            let _ = kill_process(pid, Signal::KILL);
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
