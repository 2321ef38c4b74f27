//! `lakeshell`: a shell for the lake, on a terminal and in scripts.
//!
//! ```text
//! terminal ─ interactive.rs ─┐ split.rs     where a command ends
//! -c, pipe ─ script.rs ──────┤ command.rs   what it asks for
//!                            └▶ session.rs ─▶ lake/   a trait: a folder of this machine, or a server
//!                                   │          └ the functions that the tasks call
//!                                   └─▶ pager.rs, listing.rs   rows on a screen, or as text
//! interrupts.rs   Ctrl-C cancels the command and not the shell
//! ```

#![warn(missing_docs)]

mod command;
mod completion;
mod help;
mod interactive;
mod interrupts;
mod lake;
mod listing;
mod pager;
mod script;
mod session;
mod split;
mod waiting;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use digdag_task::{Failure, one_line_panics, say_line};
use discogs_lakehouse::commands::classified;
use discogs_lakehouse::commands::lakeshell::{LakeShell, parse};
use discogs_lakehouse::query::Format;

use interrupts::Interrupts;
use lake::{Lake, Local, Remote};
use session::{Session, Settings};

/// The name of the program, in its messages.
const NAME: &str = "lakeshell";

/// Runs the shell, and returns the exit status: that of the task that a failed command stands for, 130 if Ctrl-C ended a
/// script.
pub fn main() -> ExitCode {
    one_line_panics();
    let result = parse(std::env::args_os().collect());
    match result.map_err(anyhow::Error::from).and_then(|parameters| parameters.map_or(Ok(0), run)) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            let error = classified(error);
            interactive::tell(&error);
            ExitCode::from(Failure::of(&error).class.exit_status())
        }
    }
}

fn run(parameters: LakeShell) -> anyhow::Result<u8> {
    let is_interactive = parameters.command.is_none() && std::io::stdin().is_terminal();
    let (lake, cancellation, place): (Box<dyn Lake>, _, _) = match &parameters.url {
        Some(address) => {
            let remote = Remote::open(&parameters, address)?;
            let (cancellation, place) = (remote.cancellation(), remote.place());
            (Box::new(remote), cancellation, place)
        }
        None => {
            let local = Local::open(&parameters)?;
            let (cancellation, place) = (local.cancellation(), local.place());
            (Box::new(local), cancellation, place)
        }
    };
    let format = parameters.format.unwrap_or(Format::Table);
    if matches!(format, Format::Arrow | Format::Parquet) {
        return Err(Failure::parameters("parameter format: the results of a shell are texts")
            .hint("export FILE.parquet writes one result as Parquet")
            .into());
    }
    let settings = Settings {
        format,
        timing: is_interactive,
        max_rows: parameters.max_rows,
        raw: parameters.raw.is_on(),
        is_interactive,
    };
    let interrupts = Interrupts::listen(cancellation, is_interactive);
    let mut session = Session::new(lake, interrupts, settings);
    let keeps_going = parameters.keep_going.is_on();
    match &parameters.command {
        Some(commands) => script::run(&mut session, commands.as_bytes(), keeps_going),
        None if is_interactive => {
            say_line(format_args!("{place}; help lists the commands, quit ends the shell"));
            interactive::run(&mut session).map(|()| 0)
        }
        None => script::run(&mut session, std::io::stdin().lock(), keeps_going),
    }
}
