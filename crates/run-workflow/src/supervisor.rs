//! The process between run-workflow and each task, which ends the task if run-workflow is killed.
//!
//! A killed process cannot end its children, and a resumed session would then run beside a task that still writes. So
//! each task is the child of a supervisor: run-workflow started again with [`FLAG`]. The supervisor reads the pipe that
//! is also the stdin of the task. run-workflow holds the only writing end and never writes, so the end of the pipe
//! means that it is gone, and the supervisor kills its process group: the task, and every process that the task
//! started.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Signal, getpgrp, getpid, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::report;
use digdag_task::stop::ignored_signals;

/// The first argument of a supervisor; the program and its arguments follow.
const FLAG: &str = "--supervise";

/// The exit status for a program that cannot be started, as in shells.
const NOT_STARTED: u8 = 127;

/// Returns a command that runs `program` under a supervisor. Its process must lead a process group.
///
/// # Errors
/// Returns an error if the path of run-workflow is not known.
pub fn command(program: &Path) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(FLAG).arg(program);
    Ok(command)
}

/// Returns whether a command line is that of a supervisor.
pub fn is_requested(argv: &[OsString]) -> bool {
    argv.get(1).is_some_and(|argument| argument == FLAG) && getpgrp() == getpid()
}

/// Runs the program of a supervisor's command line to its end, and exits with its status.
pub fn main(argv: &[OsString]) -> ExitCode {
    let [_, _, program, arguments @ ..] = argv else { return ExitCode::from(NOT_STARTED) };
    match run(program, arguments) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            report::say(format_args!("cannot run program \"{}\": {error}", Path::new(program).display()));
            ExitCode::from(NOT_STARTED)
        }
    }
}

fn run(program: &OsStr, arguments: &[OsString]) -> io::Result<u8> {
    // A signal to the group is for the task. An ignored signal stays ignored, in the task as well.
    let received = Arc::new(AtomicBool::new(false));
    let ignored = ignored_signals();
    for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
        signal_hook::flag::register(signal, Arc::clone(&received))?;
    }
    let mut child = Command::new(program).args(arguments).spawn()?;
    std::thread::spawn(|| {
        let mut byte = [0];
        while matches!(io::stdin().read(&mut byte), Ok(1..)) {}
        let _ = kill_process_group(getpgrp(), Signal::KILL);
    });
    let status = child.wait()?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(u8::try_from(code).unwrap_or(1))
}
