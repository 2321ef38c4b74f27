//! The entry point of every task of a project.

use std::ffi::OsString;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, Parser};

use super::call::{Call, Finished};
use super::parameters::{self, Resolved};
use super::{Class, Failure, say_line, stop};

/// The settings that all tasks of a project share.
#[derive(Clone, Copy, Debug)]
pub struct Project {
    /// Prefix of environment variables that are parameters: with `DISCOGS_`, `DISCOGS_THREADS` is the parameter
    /// `threads`. Empty for none.
    pub prefix: &'static str,
    /// Parameters that are also read from an environment variable of their own name, such as `run_id`. Every other
    /// parameter is read from its bare name only inside Digdag's `sh>`, so that a variable `name` or `list` in
    /// the user's shell has no effect.
    pub own_names: &'static [&'static str],
    /// Returns the folder that must not change if a path lies in one. A `--result` there is refused.
    pub protected: fn(&Path) -> Option<PathBuf>,
}

impl Default for Project {
    fn default() -> Self {
        Project { prefix: "", own_names: &[], protected: |_| None }
    }
}

/// Runs a task with the default settings of a [`Project`]: resolves the parameters, calls `run`, and reports the
/// outcome.
pub fn main<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    Project::default().main(run)
}

impl Project {
    /// Runs a task: resolves the parameters, calls `run`, reports the outcome and returns the exit status.
    pub fn main<P: Parser>(&self, run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
        let command = P::command();
        stop::install(command.get_name(), command.get_version().unwrap_or_default());
        self.serve(run)
    }

    /// Like [`Project::main`], for a program that runs until a signal stops it and handles SIGTERM, SIGINT and SIGHUP
    /// itself.
    pub fn serve<P: Parser>(&self, run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
        let command = P::command();
        let name = command.get_name().to_owned();
        let version = command.get_version().unwrap_or_default().to_owned();
        one_line_panics();

        let mut call = Call::new(&name, &version);
        let argv: Vec<_> = std::env::args_os().collect();
        let resolved = call.expect_result(&argv, self.protected).and_then(|()| parameters::resolve::<P>(self, argv));
        let result = match resolved {
            Ok(Resolved::Task { task, json, verbose }) => {
                call.given = json;
                call.set_verbose(verbose);
                guarded(|| run(task, &mut call))
            }
            Ok(Resolved::Text(text)) => return print_text(&name, &text),
            Err(failure) => Err(failure.into()),
        };
        call.finish(result, stop::hold())
    }

    /// Runs a task within another program: resolves the parameters like [`Project::main`], but returns the outcome instead
    /// of printing it. `arguments` are those behind the name of the task.
    ///
    /// # Errors
    /// Returns the task's failure, or one of class `Parameters` if a parameter is invalid.
    pub fn call<P: Parser>(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
        run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>,
    ) -> anyhow::Result<Finished> {
        let command = P::command();
        let (name, version) = (command.get_name().to_owned(), command.get_version().unwrap_or_default().to_owned());
        let argv = [OsString::from(&name)].into_iter().chain(arguments).collect();
        let mut call = Call::new(&name, &version);
        match parameters::resolve::<P>(self, argv)? {
            Resolved::Task { task, .. } => run(task, &mut call)?,
            Resolved::Text(_) => {
                return Err(Failure::parameters(format!("{name} is not asked for its help here")).into());
            }
        }
        Ok(call.finished())
    }

    /// Parses the parameters of a program that is no task: a flag beats the environment, the environment beats the default.
    /// Returns `None` if the text of `--help` or `--version` was printed instead.
    ///
    /// # Errors
    /// Returns a failure of class `Parameters` that names the parameter and the source of its value.
    pub fn parse<P: Parser>(&self, argv: Vec<OsString>) -> Result<Option<P>, Failure> {
        let name = P::command().get_name().to_owned();
        match parameters::resolve_program::<P>(self, argv)? {
            Resolved::Task { task, .. } => Ok(Some(task)),
            Resolved::Text(text) => {
                print_text(&name, &text);
                Ok(None)
            }
        }
    }

    /// Returns the command of a task as [`Project::main`] parses it, for completions and manuals.
    pub fn command<P: Parser>(&self) -> Command {
        parameters::command::<P>(self)
    }

    /// Returns the command of a program that is no task, as [`Project::parse`] parses it.
    pub fn program<P: Parser>(&self) -> Command {
        parameters::program::<P>(self)
    }
}

/// Calls a function, and returns a panic in it as a failure of class `Unexpected`.
///
/// # Errors
/// Returns the function's error.
pub fn guarded<T>(run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Failure::unexpected("internal error; the line above says where").into()))
}

/// Prints help or a version. A reader that has closed the pipe is no error.
fn print_text(task: &str, text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            say_line(format_args!("{task}: cannot write to stdout: {error}"));
            ExitCode::from(Class::Unexpected.exit_status())
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Makes a panic print one line, and no backtrace, regardless of `RUST_BACKTRACE`.
pub fn one_line_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let message = message.lines().next().unwrap_or_default().to_owned();
        say_line(format_args!("internal error at {place}: {message}; please report it with the command"));
    }));
}
