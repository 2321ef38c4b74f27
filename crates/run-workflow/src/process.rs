use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::report;
use super::stop::Stop;

/// How long output is waited for when a process has ended and something it started keeps its output open.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A line longer than this is shown in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// Runs a process to its end and shows what it writes, both outputs merged, line by line as it comes. Its stdin is a
/// pipe that stays open, as in Digdag. Gives the exit status (128 plus the signal for one that a signal ended), or
/// `None` when it was not started because the workflow is being stopped.
///
/// # Errors
/// The process cannot be started.
pub fn run(mut command: Command, stop: &Stop) -> io::Result<Option<i32>> {
    let (output, input) = io::pipe()?;
    command.stdin(Stdio::piped()).stdout(input.try_clone()?).stderr(input);
    let Some(mut child) = stop.spawn(&mut command)? else { return Ok(None) };
    // The command holds the writing end of the pipe: the reader below would wait for ourselves.
    drop(command);
    let stdin = child.stdin.take();

    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || {
        forward(output);
        let _ = ended.send(());
    });
    let status = stop.wait(&mut child)?;
    drop(stdin);
    let _ = end.recv_timeout(LAST_WORDS);
    Ok(Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())))
}

/// Whole lines only: the lines of tasks that run at the same time do not run into each other.
fn forward(mut output: impl Read) {
    let mut buffer = [0; 8192];
    let mut line = Vec::new();
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        line.extend_from_slice(&buffer[..count]);
        let whole = match line.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if line.len() > LONGEST_LINE => line.len(),
            None => continue,
        };
        report::show(&line[..whole]);
        line.drain(..whole);
    }
    if !line.is_empty() {
        line.push(b'\n');
        report::show(&line);
    }
}
