//! Commands of a text or a pipe, without a prompt.

use std::io::BufRead;

use anyhow::Context;
use digdag_task::Failure;
use discogs_lakehouse::sql::Cancelled;

use crate::interactive::tell;
use crate::session::{Flow, Session};
use crate::split::{Missing, Next, next};

/// The status of a script that a Ctrl-C ended: that of a program that the signal ends.
const CANCELLED: u8 = 128 + 2;

/// Runs commands until one fails, or all of them with `keeps_going`. Returns the exit status: that of the first failure.
///
/// # Errors
/// Fails if the input cannot be read.
pub fn run(session: &mut Session, mut input: impl BufRead, keeps_going: bool) -> anyhow::Result<u8> {
    let mut script = Script { session, keeps_going, status: 0 };
    let mut text = String::new();
    loop {
        let is_end = input.read_line(&mut text).context("cannot read the commands")? == 0;
        let mut rest = text.as_str();
        loop {
            let (command, behind) = match next(rest) {
                Next::End => ("", ""),
                Next::Command(command, behind) => (command, behind),
                // The last statement needs no semicolon.
                Next::Unfinished(command, Missing::Semicolon) if is_end => (command, ""),
                Next::Unfinished(command, missing) if is_end => {
                    let what = if missing == Missing::Comment { "a comment" } else { "a quote" };
                    let begin: String = command.chars().take(40).collect();
                    let failure = Failure::parameters(format!("{what} is not closed in {begin:?}"));
                    script.failed(&failure.hint("help shows how commands are written").into());
                    return Ok(script.status);
                }
                Next::Unfinished(..) => break,
            };
            rest = behind;
            if command.is_empty() {
                break;
            }
            if script.run(command) == Flow::Quit {
                return Ok(script.status);
            }
        }
        if is_end {
            return Ok(script.status);
        }
        let kept = rest.len();
        text.drain(..text.len() - kept);
    }
}

struct Script<'s> {
    session: &'s mut Session,
    keeps_going: bool,
    status: u8,
}

impl Script<'_> {
    fn run(&mut self, command: &str) -> Flow {
        match self.session.run(command) {
            Ok(flow) => flow,
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &anyhow::Error) -> Flow {
        tell(error);
        let is_cancelled = error.is::<Cancelled>();
        if self.status == 0 {
            self.status = if is_cancelled { CANCELLED } else { Failure::of(error).class.exit_status() };
        }
        if self.keeps_going && !is_cancelled { Flow::Continue } else { Flow::Quit }
    }
}
