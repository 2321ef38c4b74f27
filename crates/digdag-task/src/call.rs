//! One call of a task, and its reports.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::observer::{Amount, Meter, Observer, SharedObserver};
use super::progress::Progress;
use super::result_file::ResultFile;
use super::stop::{self, Hold};
use super::{
    Class, Failure, InputFile, Outcome, Status, TableCount, digdag, line, parameters, peak_memory_bytes,
    printable_json, say_line,
};

/// How a call within another program ended ([`super::Project::call`]).
#[derive(Clone, Debug)]
pub struct Finished {
    /// The outcome.
    pub outcome: Outcome,
    /// A few words for people about the task's work.
    pub summary: String,
}

type Record = Box<dyn FnOnce(&Outcome) -> anyhow::Result<()>>;

/// One call of a task. It collects the outcome while the task works.
pub struct Call {
    name: String,
    clock: Instant,
    outcome: Outcome,
    /// Parameters for later tasks of the workflow, beside the outcome itself.
    exports: Map<String, Value>,
    record: Option<Record>,
    stdout_taken: bool,
    result_file: Option<ResultFile>,
    /// The parameters of `--params`.
    pub(super) given: Map<String, Value>,
    verbose: bool,
    summary: Option<String>,
    quiet: bool,
}

impl Call {
    pub(super) fn new(name: &str, version: &str) -> Self {
        Call {
            name: name.to_owned(),
            clock: Instant::now(),
            outcome: Outcome::new(name, version),
            exports: Map::new(),
            record: None,
            stdout_taken: false,
            result_file: None,
            given: Map::new(),
            verbose: false,
            summary: None,
            quiet: false,
        }
    }

    /// Checks the path of `--result`, which receives the failure if another parameter is invalid.
    pub(super) fn expect_result(
        &mut self,
        argv: &[OsString],
        protected: fn(&Path) -> Option<PathBuf>,
    ) -> Result<(), Failure> {
        let path = parameters::flag_value(argv, "result").map(PathBuf::from);
        self.result_file = path.map(|path| ResultFile::new(&path, protected)).transpose()?;
        Ok(())
    }

    pub(super) fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    /// Returns the task's name, which is the name of its binary.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the parameters of `--params`: all parameters of a workflow, including those of other tasks.
    pub fn given(&self) -> &Map<String, Value> {
        &self.given
    }

    /// Writes a line for people to stderr at once: a warning, or the progress of a long step.
    pub fn say(&self, message: impl fmt::Display) {
        say_line(format_args!("{}: {message}", self.name));
    }

    /// Writes a line for people to stderr if `--verbose` is on.
    pub fn detail(&self, message: impl fmt::Display) {
        if self.verbose {
            self.say(message);
        }
    }

    /// Sets the few words about the task's work in its last line on stderr.
    pub fn summary(&mut self, message: impl fmt::Display) {
        self.summary = Some(message.to_string());
    }

    /// Leaves out the last line on stderr if the task succeeds.
    pub fn quiet(&mut self) {
        self.quiet = true;
    }

    /// Returns an observer that does not borrow this call.
    pub fn observer(&self) -> SharedObserver {
        Arc::new(Reporter { task: self.name.clone() })
    }

    /// Sets the run that the task works on.
    pub fn set_run_id(&mut self, run_id: impl fmt::Display) {
        self.outcome.run_id = Some(run_id.to_string());
    }

    /// Marks the task as done by an earlier call.
    pub fn already_done(&mut self) {
        self.outcome.status = Status::AlreadyDone;
    }

    /// Like [`Call::already_done`], with a reason.
    pub fn already_done_because(&mut self, reason: impl Into<String>) {
        self.already_done();
        self.outcome.reason = Some(reason.into());
    }

    /// Marks the task as skipped.
    pub fn skipped(&mut self, reason: impl Into<String>) {
        self.outcome.status = Status::Skipped;
        self.outcome.reason = Some(reason.into());
    }

    /// Adds a file that the task read.
    pub fn add_input(&mut self, input: InputFile) {
        self.outcome.inputs.push(input);
    }

    /// Adds a table that the task wrote or checked.
    pub fn add_table(&mut self, table: TableCount) {
        self.outcome.tables.push(table);
    }

    /// Adds occurrences of an anomaly of the data.
    pub fn add_anomaly(&mut self, name: &str, count: u64) {
        if count > 0 {
            *self.outcome.anomalies.entry(name.to_owned()).or_default() += count;
        }
    }

    /// Sets a measurement.
    pub fn set_metric(&mut self, name: &str, value: impl Into<Value>) {
        self.outcome.metrics.insert(name.to_owned(), value.into());
    }

    /// Adds a field to the outcome that only this task has.
    pub fn set_detail(&mut self, name: &str, value: impl Into<Value>) {
        self.outcome.details.insert(name.to_owned(), value.into());
    }

    /// Makes `name` a parameter of every later task of the workflow.
    pub fn export(&mut self, name: &str, value: impl Into<Value>) {
        self.exports.insert(name.to_owned(), value.into());
    }

    /// Leaves stdout to the task's own output: the line with the outcome is not printed there.
    pub fn take_stdout(&mut self) {
        self.stdout_taken = true;
        stop::take_stdout();
    }

    /// Sets a function that keeps the outcome. It is called once, when the task has succeeded or failed, and may own a
    /// lock until then.
    pub fn record_with(&mut self, record: impl FnOnce(&Outcome) -> anyhow::Result<()> + 'static) {
        self.record = Some(Box::new(record));
    }

    /// Returns the outcome so far, for a task that must keep it before it ends.
    pub fn outcome_so_far(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        outcome.seconds = self.seconds();
        outcome
    }

    /// Closes the outcome of a call within another program.
    pub(super) fn finished(mut self) -> Finished {
        self.close_outcome(None);
        Finished { summary: self.what_was_done(), outcome: self.outcome }
    }

    fn seconds(&self) -> f64 {
        (self.clock.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// Keeps and reports the outcome. Signals wait on `whole` until it is kept.
    pub(super) fn finish(mut self, result: anyhow::Result<()>, whole: Hold) -> ExitCode {
        let mut failure = result.err().map(|error| Failure::of(&error));
        self.close_outcome(failure.as_ref());
        if let Some(record) = self.record.take()
            && let Err(error) = record(&self.outcome)
            && failure.is_none()
        {
            failure = Some(Failure::of(&error.context("the task is done, but its outcome could not be kept")));
            self.close_outcome(failure.as_ref());
        }
        if let Some(file) = self.result_file.take()
            && let Err(error) = self.write_result(&file)
            && failure.is_none()
        {
            failure = Some(Failure::of(&error));
            self.close_outcome(failure.as_ref());
            // Without a result Digdag would show only the exit status. The result of a failure has no texts that Digdag
            // refuses.
            let _ = self.write_result(&file);
        }
        stop::tell(whole);
        match &failure {
            Some(failure) => match &failure.hint {
                Some(hint) => self.say(format_args!("{failure}; {hint}")),
                None => self.say(failure),
            },
            None if self.quiet => {}
            None => self.say(format_args!("{}, {}", self.what_was_done(), line::span(self.outcome.seconds))),
        }
        let lost = if self.stdout_taken { None } else { print_line(&self.outcome).err() };
        if let Some(error) = &lost {
            self.say(format_args!("cannot write the result to stdout: {error}"));
        }
        match failure {
            Some(failure) => ExitCode::from(failure.class.exit_status()),
            None if lost.is_some() => ExitCode::from(Class::Unexpected.exit_status()),
            None => ExitCode::SUCCESS,
        }
    }

    fn write_result(&self, file: &ResultFile) -> anyhow::Result<()> {
        file.write(&digdag::result(&self.outcome, &self.exports)?)
    }

    fn what_was_done(&self) -> String {
        let what = match (self.outcome.status, &self.summary) {
            (Status::AlreadyDone, _) => "already done",
            (Status::Skipped, _) => "skipped",
            (_, Some(summary)) => summary,
            (_, None) => "done",
        };
        match &self.outcome.reason {
            Some(reason) => format!("{what}: {reason}"),
            None => what.to_owned(),
        }
    }

    fn close_outcome(&mut self, failure: Option<&Failure>) {
        self.outcome.seconds = self.seconds();
        if let Some(peak) = peak_memory_bytes() {
            self.set_metric("peak_memory_bytes", peak);
        }
        if let Some(failure) = failure {
            self.outcome.status = Status::Failed;
            self.outcome.error = Some(failure.into());
        }
    }
}

impl Observer for Call {
    fn note(&self, line: fmt::Arguments<'_>) {
        self.say(line);
    }

    fn detail(&self, line: fmt::Arguments<'_>) {
        Call::detail(self, line);
    }

    fn begin(&self, amount: Amount) -> Box<dyn Meter> {
        Box::new(Progress::new(&self.name, amount))
    }
}

/// Shows the reports of a library under the name of the task.
struct Reporter {
    task: String,
}

impl Observer for Reporter {
    fn note(&self, line: fmt::Arguments<'_>) {
        say_line(format_args!("{}: {line}", self.task));
    }

    fn begin(&self, amount: Amount) -> Box<dyn Meter> {
        Box::new(Progress::new(&self.task, amount))
    }
}

/// Prints the result on stdout. A reader that has closed the pipe is no error.
pub(super) fn print_line(outcome: &Outcome) -> io::Result<()> {
    let line = serde_json::to_string(outcome)?;
    let mut stdout = io::stdout().lock();
    match stdout.write_all(format!("{}\n", printable_json(&line)).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
