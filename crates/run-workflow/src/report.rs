//! The report of a run: one line for each task, with `--verbose` one when it starts, Digdag's error report, and one JSON
//! line on stdout. The line of a task is its own, unless it shows nothing; so is the message of its error.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::definition::Workflow;
use super::operator::TaskError;
use super::session::Session;
use super::state::State;
use super::stop;
use digdag_task::{Class, Failure, printable, printable_json};

const NAME: &str = "run-workflow";

/// Writes the output of a task to stderr as it is. A closed stderr does not stop the workflow.
pub fn show(bytes: &[u8]) {
    let _ = io::stderr().lock().write_all(bytes);
}

/// Writes a text of run-workflow itself to stderr, which may have several lines. A terminal does not act on what a
/// workflow file, a parameter or a result of a task puts into it.
pub fn show_text(text: &str) {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    show(lines.join("\n").as_bytes());
}

/// Writes a message of run-workflow itself to stderr.
pub fn say(message: impl fmt::Display) {
    show_text(&format!("{NAME}: {message}\n"));
}

/// Writes to stdout.
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// The state in which a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Done,
    /// The task succeeded in an earlier attempt of the session.
    Skipped,
    Failed,
    /// A signal stopped the task.
    Stopped,
}

#[derive(Serialize)]
struct Record {
    #[serde(skip)]
    id: u64,
    name: String,
    status: Status,
    seconds: f64,
    #[serde(skip)]
    message: String,
    /// The words of the report for an error whose message the output of the task has shown.
    #[serde(skip)]
    shown: Option<String>,
}

#[derive(Serialize)]
struct Summary<'a> {
    task: &'static str,
    version: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_time: Option<&'a str>,
    seconds: f64,
    tasks: &'a [Record],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<SummaryError<'a>>,
}

#[derive(Serialize)]
struct SummaryError<'a> {
    class: &'a str,
    message: &'a str,
    hint: &'a str,
}

/// The report of one run, to which every task adds a record.
pub struct Report {
    verbose: bool,
    clock: Instant,
    begun: Mutex<Option<(String, String)>>,
    records: Mutex<Vec<Record>>,
}

impl Report {
    /// Returns an empty report, and starts the clock of the run. `verbose` shows the start of each task.
    pub fn new(verbose: bool) -> Self {
        Report { verbose, clock: Instant::now(), begun: Mutex::new(None), records: Mutex::new(Vec::new()) }
    }

    /// Returns whether the user asked for details.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Reports the session of a workflow that is about to run.
    pub fn begin(&self, workflow: &Workflow, session: &Session, state: &State) {
        match state.folder() {
            Some(folder) => say(format_args!("session {}, state in {}", session.time(), folder.display())),
            None => say(format_args!("session {}, no state is kept", session.time())),
        }
        *lock(&self.begun) = Some((workflow.name.clone(), session.time()));
    }

    /// Reports that the task `name` starts, with `--verbose`.
    pub fn started(&self, name: &str, operator: &str, command: &str) {
        if self.verbose {
            say(format_args!("{name}: {operator}> {}", command.trim_end()));
        }
    }

    /// Reports that a process ended well that has shown nothing itself.
    pub fn silently_done(&self, name: &str, operator: &str, command: &str, took: Duration) {
        say(format_args!("{name}: {operator}> {}, {:.1} s", command.trim_end(), took.as_secs_f64()));
    }

    /// Reports that a task is retried, and why.
    pub fn retrying(&self, name: &str, round: u64, rounds: u64, why: &str) {
        say(format_args!("{name}: {why}; retry {round} of {rounds}"));
    }

    /// Reports a task that succeeded, was skipped, or was stopped.
    pub fn ended(&self, id: u64, name: &str, status: Status, took: Duration) {
        if status == Status::Skipped {
            say(format_args!("{name}: SKIPPED: it succeeded in this session before; --rerun runs it again"));
        }
        let (name, seconds) = (name.to_owned(), rounded(took));
        lock(&self.records).push(Record { id, name, status, seconds, message: String::new(), shown: None });
    }

    /// Reports a task that failed.
    pub fn failed(&self, id: u64, name: &str, error: &TaskError, took: Duration) {
        let (message, shown) = (error.message.clone(), error.shown.clone());
        say(format_args!("{name}: failed"));
        let name = name.to_owned();
        lock(&self.records).push(Record { id, name, status: Status::Failed, seconds: rounded(took), message, shown });
    }

    /// Reports the end of a workflow, and returns the exit status. `done` is `true` if every task was reached.
    pub fn end(&self, done: bool, signal: Option<i32>, session: &Session, state: &State) -> ExitCode {
        let mut records = lock(&self.records);
        // Digdag lists tasks in the order of the file, not of time.
        records.sort_by_key(|record| record.id);
        let skipped = records.iter().filter(|record| record.status == Status::Skipped).count();
        let total = records.len();
        if skipped > 0 {
            say(format_args!("{skipped} of {total} tasks were skipped: they succeeded in this session before"));
        }
        if skipped > 0 && skipped == total && done {
            // Digdag skips tasks too, but a user who changed parameters does not expect it.
            say(format_args!(
                "nothing was left to do in session {}, regardless of the parameters; --session \"$(date -u '+%F %T')\" \
                 begins a new one, --rerun runs this one again",
                session.time()
            ));
        }
        let go_on = match state.folder() {
            Some(_) => format!("the same command with --session \"{}\" resumes from there", session.argument()),
            None => "run the same command again".to_owned(),
        };
        if let Some(signal) = signal.filter(|_| !done) {
            let message = format!("stopped by {}", stop::name(signal));
            say(format_args!("{message}; {go_on}"));
            self.print_summary("failed", &records, Some(("stopped", &message, &go_on)));
            return ExitCode::from(u8::try_from(128 + signal).unwrap_or(1));
        }
        let failed: Vec<_> = records.iter().filter(|record| record.status == Status::Failed).collect();
        if failed.is_empty() && done {
            show(b"Success.\n");
            self.print_summary("done", &records, None);
            return ExitCode::SUCCESS;
        }
        if done {
            say(
                "the workflow continued after a retry of a group; Digdag counts that as failed, and so does run-workflow",
            );
        }
        let mut text = "error:\n".to_owned();
        for record in &failed {
            let message = record.shown.as_ref().unwrap_or(&record.message);
            text.push_str(&format!("  * {}:\n    {message}\n", record.name));
        }
        if let Some(folder) = state.folder() {
            let folder = folder.display();
            text.push_str(&format!("\nTask state is saved at {folder}; {go_on}.\n"));
        }
        show_text(&text);
        let message = failed.first().map(|record| format!("{}: {}", record.name, record.message)).unwrap_or_default();
        self.print_summary("failed", &records, Some(("task_failed", &message, "see the output of the task")));
        ExitCode::from(Class::Unexpected.exit_status())
    }

    /// Reports a workflow that cannot start, and returns the exit status.
    pub fn refused(&self, failure: &Failure) -> ExitCode {
        let hint = failure.hint.as_deref().unwrap_or_default();
        let line = format!("{failure}{}{hint}", if hint.is_empty() { "" } else { "; " });
        say(printable(&line));
        self.print_summary("failed", &[], Some((failure.class.name(), &failure.message, hint)));
        ExitCode::from(failure.class.exit_status())
    }

    fn print_summary(&self, status: &'static str, tasks: &[Record], error: Option<(&str, &str, &str)>) {
        let begun = lock(&self.begun);
        let summary = Summary {
            task: NAME,
            version: env!("CARGO_PKG_VERSION"),
            status,
            workflow: begun.as_ref().map(|(workflow, _)| workflow.as_str()),
            session_time: begun.as_ref().map(|(_, session)| session.as_str()),
            seconds: rounded(self.clock.elapsed()),
            tasks,
            error: error.map(|(class, message, hint)| SummaryError { class, message, hint }),
        };
        if let Ok(line) = serde_json::to_string(&summary) {
            print(&format!("{}\n", printable_json(&line)));
        }
    }
}

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
