//! Runs the part of Digdag that these workflows use, without Java (`run-workflow`).
//!
//! ```text
//! main.dig ─ document, include, validity ─ compiler ──▶ tree of tasks   refuses what it does not support, by file and line
//!                                                          │
//! -p, -P, --session ─ arguments, session, origin ──▶ runner │ one task after the other, or a thread for each of a group
//!                                                     │    └─ parameters, template, expression: the input of a task
//!                                                     ├─ operator/{py,sh,echo}, process, supervisor ──▶ child processes
//!                                                     ├─ state ──▶ .run-workflow/sessions/<session>/<+task+name>.yml
//!                                                     └─ report ──▶ stderr for people, one JSON line on stdout
//! ```
//!
//! No task starts before the whole workflow is loaded, with all that it calls and includes. What run-workflow accepts
//! behaves as in Digdag 0.10.5.1: `tests/it/recordings` compares it with recorded runs of Digdag. If no recording shows
//! a behaviour, a comment names the source in Digdag.

#![warn(missing_docs)]

mod arguments;
mod compiler;
mod condition;
mod definition;
mod directives;
mod document;
mod expression;
mod include;
mod number;
mod operator;
mod origin;
mod parameters;
mod process;
mod report;
mod runner;
mod scalar;
mod session;
mod state;
mod stop;
mod supervisor;
mod template;
mod validity;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Command, CommandFactory};

use arguments::{Arguments, Invocation};
use definition::Project;
use origin::Origin;
use report::Report;
use runner::Runner;
use session::Session;
use state::State;
use stop::Stop;

use digdag_task::Failure;

/// Returns the command of this program, for manuals and completions.
pub fn command() -> Command {
    Arguments::command()
}

/// Runs a workflow as `main`: reads the command line, runs the tasks, reports, and returns the exit status: 0 done,
/// 1 a task failed (as Digdag), 2 the command line or a file is not supported, 4 another process runs the session,
/// 128 plus the signal if one stopped it.
pub fn main(argv: impl Iterator<Item = OsString>) -> ExitCode {
    let argv: Vec<_> = argv.collect();
    if supervisor::is_requested(&argv) {
        return supervisor::main(&argv);
    }
    match Arguments::parse(argv) {
        Ok(Invocation::Run(arguments)) => {
            let report = Report::new(arguments.verbose);
            run(&arguments, &report).unwrap_or_else(|failure| report.refused(&failure))
        }
        Ok(Invocation::Text(text)) => {
            report::print(&text);
            ExitCode::SUCCESS
        }
        Err(failure) => Report::new(false).refused(&failure),
    }
}

/// Runs the workflow of a command line. A failed task is not an error here: the report and the exit status show it.
///
/// # Errors
/// Returns an error if the workflow cannot start.
fn run(arguments: &Arguments, report: &Report) -> Result<ExitCode, Failure> {
    let project = Project::open(arguments.project.as_deref())?;
    let workflow = project.load(&arguments.workflow)?;
    let given = arguments.parameters()?;
    let sessions = project.folder().join(&arguments.save);
    let session = Session::resolve(&arguments.session, &workflow, &sessions)?;
    let state = if arguments.no_save {
        State::none()
    } else {
        let origin = Origin::of(&workflow.root, &given, &project);
        State::open(sessions.join(session.folder_name()), &workflow.name, arguments.resume(), &origin)?
    };
    let stop = Stop::listen().map_err(|error| Failure::unexpected(format!("cannot listen for signals: {error}")))?;

    report.begin(&workflow, &session, &state);
    let runner = Runner::new(project.folder(), &session, &state, Arc::clone(&stop), report);
    let done = runner.run(&workflow.root, &given);
    Ok(report.end(done, stop.requested(), &session, &state))
}
