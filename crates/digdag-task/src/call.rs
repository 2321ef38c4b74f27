use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::observer::{Amount, Meter, Observer, SharedObserver};
use super::progress::Progress;
use super::stop::{self, Hold};
use super::{Failure, InputFile, Outcome, Status, TableCount, digdag, peak_memory_bytes, say_line};

type Record = Box<dyn FnOnce(&Outcome) -> anyhow::Result<()>>;

/// One call of a task: what it reports grows here while it works.
pub struct Call {
    name: String,
    clock: Instant,
    outcome: Outcome,
    /// Parameters for later tasks of the workflow, beside the outcome itself.
    exports: Map<String, Value>,
    record: Option<Record>,
    pub(super) result_file: Option<PathBuf>,
}

impl Call {
    pub(super) fn new(name: &str) -> Self {
        Call {
            name: name.to_owned(),
            clock: Instant::now(),
            outcome: Outcome::new(name),
            exports: Map::new(),
            record: None,
            result_file: None,
        }
    }

    /// The task's name, as its binary is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A line for people, on stderr.
    pub fn say(&self, message: impl fmt::Display) {
        say_line(format_args!("{}: {message}", self.name));
    }

    /// Returns an observer that may outlive the borrow of this call.
    pub fn observer(&self) -> SharedObserver {
        Arc::new(Reporter { task: self.name.clone() })
    }

    pub fn set_run_id(&mut self, run_id: impl fmt::Display) {
        self.outcome.run_id = Some(run_id.to_string());
    }

    /// Nothing had to be done: the same was done before.
    pub fn already_done(&mut self) {
        self.outcome.status = Status::AlreadyDone;
    }

    /// The same where somebody may wonder why.
    pub fn already_done_because(&mut self, reason: impl Into<String>) {
        self.already_done();
        self.outcome.reason = Some(reason.into());
    }

    /// Nothing was done, on purpose.
    pub fn skipped(&mut self, reason: impl Into<String>) {
        self.outcome.status = Status::Skipped;
        self.outcome.reason = Some(reason.into());
    }

    pub fn add_input(&mut self, input: InputFile) {
        self.outcome.inputs.push(input);
    }

    pub fn add_table(&mut self, table: TableCount) {
        self.outcome.tables.push(table);
    }

    pub fn add_anomaly(&mut self, name: &str, count: u64) {
        if count > 0 {
            *self.outcome.anomalies.entry(name.to_owned()).or_default() += count;
        }
    }

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

    /// Sets what keeps the outcome in the run. It is called once, when the task has ended either way;
    /// it owns the lock that lets it write there.
    pub fn record_with(&mut self, record: impl FnOnce(&Outcome) -> anyhow::Result<()> + 'static) {
        self.record = Some(Box::new(record));
    }

    /// The outcome as it stands now, for a task that must keep its own before it ends.
    pub fn outcome_so_far(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        outcome.seconds = self.seconds();
        outcome
    }

    fn seconds(&self) -> f64 {
        (self.clock.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// `whole` keeps signals waiting until the outcome is kept.
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
        if let Some(path) = self.result_file.take()
            && let Err(error) = digdag::write_result(&path, &self.outcome, &self.exports)
            && failure.is_none()
        {
            failure = Some(Failure::of(&error));
            self.close_outcome(failure.as_ref());
            // Without a result Digdag would show the exit status alone. Where no file can be written, there is none.
            let _ = digdag::write_result(&path, &self.outcome, &self.exports);
        }
        stop::tell(whole);
        match &failure {
            Some(failure) => match &failure.hint {
                Some(hint) => self.say(format_args!("{failure}; {hint}")),
                None => self.say(failure),
            },
            None => self.say_why_nothing_was_done(),
        }
        print_line(&self.outcome);
        failure.map_or(ExitCode::SUCCESS, |failure| ExitCode::from(failure.class.exit_status()))
    }

    /// Of a task that did nothing people would otherwise see nothing.
    fn say_why_nothing_was_done(&self) {
        let what = match self.outcome.status {
            Status::AlreadyDone => "already done",
            Status::Skipped => "skipped",
            Status::Done | Status::Failed => return,
        };
        match &self.outcome.reason {
            Some(reason) => self.say(format_args!("{what}: {reason}")),
            None => self.say(what),
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

    fn begin(&self, amount: Amount) -> Box<dyn Meter> {
        Box::new(Progress::new(&self.name, amount))
    }
}

/// Shows what a library reports under the name of a task.
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

/// The result on stdout. A reader that has gone away changes nothing about what the task did.
pub(super) fn print_line(outcome: &Outcome) {
    if let Ok(line) = serde_json::to_string(outcome) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(format!("{line}\n").as_bytes()).and_then(|()| stdout.flush());
    }
}
