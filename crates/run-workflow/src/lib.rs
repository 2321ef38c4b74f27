//! Runs the part of Digdag that these workflows use, without Java (`run-workflow`).
//!
//! ```text
//! main.dig ─ document ─ include ─ definition ──▶ tree of tasks       everything unknown is refused here, by file and line
//!                                                   │
//! -p, -P, --session ─ arguments, session ──▶ runner │ one task after the other, or a thread each in a parallel group
//!                                              │    └─ parameters, template, expression: what a task is given
//!                                              ├─ operator/{py,sh,echo}, process ──▶ child processes
//!                                              ├─ state ──▶ .digdag/status/<session>/<+task+name>.yml
//!                                              └─ report ──▶ stderr for people, one JSON line on stdout
//! ```
//!
//! Nothing starts before the whole workflow, with all that it calls and includes, is known to be understood. What is
//! understood behaves as Digdag 0.10.5.1 does: `tests/it/recordings.rs` holds it to recorded runs of the real thing.
//! Where a recording is silent, the comments say what was taken from Digdag's source.

mod arguments;
mod condition;
mod definition;
mod document;
mod expression;
mod include;
mod operator;
mod parameters;
mod process;
mod report;
mod runner;
mod session;
mod state;
mod stop;
mod template;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use arguments::{Arguments, Invocation};
use definition::Project;
use report::Report;
use runner::Runner;
use session::Session;
use state::State;
use stop::Stop;

use digdag_task::Failure;

/// Runs a workflow as `main`: reads the command line, runs the tasks, reports, and gives the exit status: 0 done,
/// 1 a task failed (as Digdag), 2 the command line or a file is not understood, 128 plus the signal when stopped.
pub fn main(argv: impl Iterator<Item = OsString>) -> ExitCode {
    let report = Report::new();
    match Arguments::parse(argv) {
        Ok(Invocation::Run(arguments)) => run(&arguments, &report).unwrap_or_else(|failure| report.refused(&failure)),
        Ok(Invocation::Text(text)) => {
            report::print(&text);
            ExitCode::SUCCESS
        }
        Err(failure) => report.refused(&failure),
    }
}

/// # Errors
/// Whatever keeps the workflow from starting. A task that fails is no error here: it is in the report.
fn run(arguments: &Arguments, report: &Report) -> Result<ExitCode, Failure> {
    let project = Project::open(arguments.project.as_deref())?;
    let workflow = project.load(&arguments.workflow)?;
    let given = arguments.parameters()?;
    let status = project.folder().join(&arguments.save);
    let session = Session::resolve(&arguments.session, &workflow, &status)?;
    let state = State::open(status.join(session.folder_name()), !arguments.rerun, !arguments.no_save)?;
    let stop = Stop::listen().map_err(|error| Failure::unexpected(format!("cannot listen for signals: {error}")))?;

    report.begin(&workflow, &session, &state);
    let runner = Runner::new(project.folder(), &session, &state, Arc::clone(&stop), report);
    let done = runner.run(&workflow.root, &given);
    Ok(report.end(done, stop.requested(), &session, &state))
}
