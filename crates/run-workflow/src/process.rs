//! The processes of tasks: their streams and their exit status.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::report;
use super::stop::Stop;

/// The time to wait for more output after a process has ended, if one of its descendants keeps the pipe open.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a line; a longer line is shown in pieces.
const MAX_LINE: usize = 64 * 1024;

/// The most bytes of a process's last output that [`Ended`] holds.
const MAX_TAIL: usize = 16 * 1024;

/// How a process ended.
pub struct Ended {
    /// The exit status, or 128 plus the signal that ended it.
    pub code: i32,
    /// The last output, which was shown.
    pub tail: String,
}

/// Runs a process to its end, and forwards its output line by line, stdout and stderr merged. Its stdin is a pipe that
/// stays open, as in Digdag. Returns `None` if the workflow is being stopped.
///
/// # Errors
/// Returns an error if the process cannot be started.
pub fn run(mut command: Command, stop: &Stop) -> io::Result<Option<Ended>> {
    let (output, input) = io::pipe()?;
    command.stdin(Stdio::piped()).stdout(input.try_clone()?).stderr(input);
    let Some(mut child) = stop.spawn(&mut command)? else { return Ok(None) };
    // The command holds a writing end of the pipe, and the reader below waits until all of them are closed.
    drop(command);
    let stdin = child.stdin.take();

    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = ended.send(forward(output));
    });
    let status = stop.wait(&mut child)?;
    drop(stdin);
    let tail = end.recv_timeout(DRAIN_TIMEOUT).unwrap_or_default();
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(Some(Ended { code, tail: String::from_utf8_lossy(&tail).into_owned() }))
}

/// Forwards whole lines, so that the lines of parallel tasks do not mix. Returns the last bytes.
fn forward(mut output: impl Read) -> Vec<u8> {
    let mut buffer = [0; 8192];
    let (mut line, mut tail) = (Vec::new(), Vec::new());
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        line.extend_from_slice(&buffer[..count]);
        tail.extend_from_slice(&buffer[..count]);
        tail.drain(..tail.len().saturating_sub(MAX_TAIL));
        let whole = match line.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if line.len() > MAX_LINE => line.len(),
            None => continue,
        };
        report::show(&line[..whole]);
        line.drain(..whole);
    }
    if !line.is_empty() {
        line.push(b'\n');
        report::show(&line);
    }
    tail
}
