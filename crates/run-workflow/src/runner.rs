//! Runs the tree of tasks.
//!
//! The parameters of a task come from these sources, each overriding the previous one: `-P` and `-p`, the `_export` of
//! its group, the values that earlier tasks of the group stored, its own `_export`, the parameters that Digdag adds,
//! its own parameters. So the `_export` of a group hides values stored before the group (Digdag's
//! `WorkflowExecutor.collectParams`).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::condition;
use super::definition::{Body, Task};
use super::operator::{Done, Environment, TaskError, echo, py, sh};
use super::parameters::{self, Parameters, merge};
use super::report::{self, Report, Status};
use super::session::Session;
use super::state::{State, Success};
use super::stop::Stop;

/// Runs the tasks of one workflow in one session.
pub struct Runner<'a> {
    project: &'a Path,
    session: &'a Session,
    state: &'a State,
    stop: Arc<Stop>,
    report: &'a Report,
    /// Limits the running tasks to the number of cores, however deep groups are nested.
    slots: Slots,
    /// The number of the next task that is created; the report is in this order.
    next_id: AtomicU64,
}

/// The result of a task and its descendants.
#[derive(Default)]
struct TaskResult {
    failed: bool,
    /// The values that tasks stored, in the order of the file.
    stored: Vec<Parameters>,
    errors: Vec<FailedTask>,
}

impl TaskResult {
    fn absorb(&mut self, other: TaskResult) {
        self.failed |= other.failed;
        self.stored.extend(other.stored);
        self.errors.extend(other.errors);
    }

    fn stopped() -> Self {
        TaskResult { failed: true, ..TaskResult::default() }
    }
}

/// A task that failed, as its `_error` task sees it.
struct FailedTask {
    name: String,
    message: String,
}

/// A task with its full name, its number and the parameters around it.
struct Running<'t> {
    task: &'t Task,
    name: String,
    id: u64,
    params: Parameters,
}

impl<'a> Runner<'a> {
    /// Returns a runner that runs as many tasks at a time as the machine has cores.
    pub fn new(project: &'a Path, session: &'a Session, state: &'a State, stop: Arc<Stop>, report: &'a Report) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (slots, next_id) = (Slots::new(cores), AtomicU64::new(0));
        Runner { project, session, state, stop, report, slots, next_id }
    }

    /// Runs a workflow; returns whether every task succeeded.
    pub fn run(&self, root: &Task, given: &Parameters) -> bool {
        !self.run_generated(root, "", given, &Parameters::new()).failed
    }

    /// Runs a task that Digdag generates: a workflow, a branch, an `_error`.
    fn run_generated(&self, task: &Task, parent: &str, around: &Parameters, extra: &Parameters) -> TaskResult {
        let first_id = self.next_id.fetch_add(task.size, Ordering::SeqCst);
        self.run_task(task, parent, first_id, around, extra)
    }

    /// Runs a task. `first_id` is the number of the task with index 0 in the same file; `extra` is exported as well.
    fn run_task(
        &self,
        task: &Task,
        parent: &str,
        first_id: u64,
        around: &Parameters,
        extra: &Parameters,
    ) -> TaskResult {
        let mut params = around.clone();
        merge(&mut params, &task.export);
        merge(&mut params, extra);
        let name = format!("{parent}{}", task.name);
        let running = Running { task, name, id: first_id + task.index, params };
        match &task.body {
            Body::Group { children, chunk } => self.run_group(&running, children, *chunk, first_id),
            Body::Call(workflow) => self.run_call(&running, workflow),
            Body::If { then, otherwise } => self.run_if(&running, then.as_deref(), otherwise.as_deref()),
            Body::Py | Body::Sh | Body::Echo | Body::Unknown(_) => self.run_leaf(&running),
        }
    }

    fn run_group(&self, group: &Running<'_>, children: &[Task], chunk: usize, first_id: u64) -> TaskResult {
        let mut first_id = first_id;
        for round in 0.. {
            let outcome = self.run_children(group, children, chunk, first_id);
            if !outcome.failed || self.stop.requested().is_some() {
                return outcome;
            }
            if round == group.task.retries {
                return self.run_error_task(group, outcome);
            }
            self.report.retrying(&group.name, round + 1, group.task.retries, "a task failed");
            // Digdag copies the tasks, so those of this round stay failed in its report even if the next round
            // succeeds.
            first_id = self.next_id.fetch_add(group.task.size, Ordering::SeqCst) - group.task.index;
        }
        TaskResult::stopped()
    }

    fn run_children(&self, group: &Running<'_>, children: &[Task], chunk: usize, first_id: u64) -> TaskResult {
        let mut params = group.params.clone();
        let mut outcome = TaskResult::default();
        for together in children.chunks(chunk) {
            if self.stop.requested().is_some() {
                outcome.failed = true;
                break;
            }
            let run = |task| self.run_task(task, &group.name, first_id, &params, &Parameters::new());
            let results: Vec<TaskResult> = match together {
                [task] => vec![run(task)],
                tasks => std::thread::scope(|scope| {
                    let threads: Vec<_> = tasks.iter().map(|task| scope.spawn(move || run(task))).collect();
                    let join = |thread: std::thread::ScopedJoinHandle<'_, TaskResult>| {
                        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    };
                    threads.into_iter().map(join).collect()
                }),
            };
            for result in results {
                result.stored.iter().for_each(|stored| merge(&mut params, stored));
                outcome.absorb(result);
            }
            if outcome.failed {
                break;
            }
        }
        outcome
    }

    /// Runs `_error`, with the values that the descendants of the failed task stored, `error.message` and
    /// `error.stacktrace`. Digdag's stack trace lists the frames of its own Java code; this one lists the failed task and
    /// the tasks around it.
    fn run_error_task(&self, failed: &Running<'_>, mut result: TaskResult) -> TaskResult {
        if let Some(task) = &failed.task.on_error {
            let mut extra = Parameters::new();
            result.stored.iter().for_each(|stored| merge(&mut extra, stored));
            let (message, stacktrace) = match result.errors.last() {
                Some(task) => (task.message.clone(), tasks_around(&task.name).join(", ")),
                None => (String::new(), String::new()),
            };
            extra.insert("error".to_owned(), serde_json::json!({ "message": message, "stacktrace": stacktrace }));
            result.absorb(self.run_generated(task, &failed.name, &failed.params, &extra));
        }
        result
    }

    fn run_call(&self, call: &Running<'_>, workflow: &Task) -> TaskResult {
        let clock = Instant::now();
        if let Some(result) = self.forgotten(call) {
            return result;
        }
        let parameters = match self.evaluate(call, "call") {
            Ok(parameters) => parameters,
            Err(error) => return self.fail(call, &error, clock.elapsed()),
        };
        self.report.started(&call.name, "call", &command_text(&parameters));
        let outcome = self.run_generated(workflow, &call.name, &call.params, &Parameters::new());
        self.end_choice(call, outcome, None, clock)
    }

    fn run_if(&self, choice: &Running<'_>, then: Option<&Task>, otherwise: Option<&Task>) -> TaskResult {
        let clock = Instant::now();
        if let Some(result) = self.forgotten(choice) {
            return result;
        }
        let condition = match self.state.success(&choice.name).and_then(|success| success.branch) {
            Some(branch) => Ok(branch),
            None => self.evaluate(choice, "if").and_then(|parameters| {
                condition::read(parameters.get("_command").unwrap_or(&Value::Null)).map_err(TaskError::config)
            }),
        };
        let condition = match condition {
            Ok(condition) => condition,
            Err(error) => return self.fail(choice, &error, clock.elapsed()),
        };
        self.report.started(&choice.name, "if", if condition { "true" } else { "false" });
        let outcome = match if condition { then } else { otherwise } {
            Some(task) => self.run_generated(task, &choice.name, &choice.params, &Parameters::new()),
            None => TaskResult::default(),
        };
        self.end_choice(choice, outcome, Some(condition), clock)
    }

    /// Returns an empty result if the descendants of a task are lost: on a server, a resumed attempt does not generate
    /// the descendants of a successful `call>` or `if>` again, and has none of the values that they stored (Digdag's
    /// `WorkflowExecutor.addSubtasks`).
    fn forgotten(&self, running: &Running<'_>) -> Option<TaskResult> {
        let forgotten = self.state.forgets_descendants() && self.state.success(&running.name).is_some();
        forgotten.then(|| {
            self.report.ended(running.id, &running.name, Status::Skipped, Duration::ZERO);
            TaskResult::default()
        })
    }

    /// Ends a task that only chose other tasks, which have records of their own.
    fn end_choice(
        &self,
        choice: &Running<'_>,
        outcome: TaskResult,
        branch: Option<bool>,
        clock: Instant,
    ) -> TaskResult {
        if !outcome.failed {
            if self.state.success(&choice.name).is_none() {
                self.remember(Success::new(&choice.name, Parameters::new(), branch));
                self.report.ended(choice.id, &choice.name, Status::Done, clock.elapsed());
            }
            return outcome;
        }
        match self.stop.requested() {
            Some(_) => outcome,
            None => self.run_error_task(choice, outcome),
        }
    }

    fn run_leaf(&self, leaf: &Running<'_>) -> TaskResult {
        if let Some(success) = self.state.success(&leaf.name) {
            self.report.ended(leaf.id, &leaf.name, Status::Skipped, Duration::ZERO);
            return TaskResult { stored: vec![success.store_params().clone()], ..TaskResult::default() };
        }
        let slot = self.slots.take();
        let clock = Instant::now();
        for round in 0.. {
            if self.stop.requested().is_some() {
                break;
            }
            match self.operate(leaf) {
                Ok(stored) => {
                    self.remember(Success::new(&leaf.name, stored.clone(), None));
                    self.report.ended(leaf.id, &leaf.name, Status::Done, clock.elapsed());
                    return TaskResult { stored: vec![stored], ..TaskResult::default() };
                }
                Err(_) if self.stop.requested().is_some() => {
                    self.report.ended(leaf.id, &leaf.name, Status::Stopped, clock.elapsed());
                    break;
                }
                Err(error) if error.retryable && round < leaf.task.retries => {
                    self.report.retrying(&leaf.name, round + 1, leaf.task.retries, &error.message);
                }
                Err(error) => {
                    drop(slot);
                    return self.fail(leaf, &error, clock.elapsed());
                }
            }
        }
        TaskResult::stopped()
    }

    fn operate(&self, leaf: &Running<'_>) -> Result<Parameters, TaskError> {
        let operator = match &leaf.task.body {
            Body::Py => "py",
            Body::Sh => "sh",
            Body::Unknown(name) => name,
            _ => "echo",
        };
        let params = self.evaluate(leaf, operator)?;
        let command = command_text(&params);
        self.report.started(&leaf.name, operator, &command);
        let clock = Instant::now();
        let verbose = self.report.is_verbose();
        let context = Environment { project: self.project, stop: &self.stop, verbose };
        let done = match &leaf.task.body {
            Body::Py => py::run(context, &leaf.task.parameters, &params)?,
            Body::Sh => sh::run(context, &leaf.task.parameters, &params)?,
            Body::Unknown(name) => return Err(TaskError::config(format!("Unknown task type: {name}"))),
            _ => echo::run(&params).map(|()| Done::default())?,
        };
        if done.silent {
            self.report.silently_done(&leaf.name, operator, &command, clock.elapsed());
        }
        Ok(done.stored)
    }

    fn evaluate(&self, running: &Running<'_>, operator: &str) -> Result<Parameters, TaskError> {
        let mut all = running.params.clone();
        merge(&mut all, &self.session.parameters(&running.name));
        if let Some(key) = all.keys().find(|key| key.ends_with('>')) {
            // Digdag interprets a stored or exported key that ends in > as the operator of the task.
            return Err(TaskError::config(format!("Unknown task type: {}", key.trim_end_matches('>'))));
        }
        let scope = all.clone();
        merge(&mut all, &running.task.parameters);
        let mut evaluated = parameters::evaluate(&all, &scope).map_err(TaskError::config)?;
        let command = evaluated.get(&format!("{operator}>")).cloned().unwrap_or_default();
        evaluated.insert("_type".to_owned(), operator.into());
        evaluated.insert("_command".to_owned(), command);
        Ok(evaluated)
    }

    fn fail(&self, running: &Running<'_>, error: &TaskError, took: Duration) -> TaskResult {
        self.report.failed(running.id, &running.name, error, took);
        let failed = FailedTask { name: running.name.clone(), message: error.message.clone() };
        let outcome = TaskResult { failed: true, errors: vec![failed], ..TaskResult::default() };
        self.run_error_task(running, outcome)
    }

    fn remember(&self, success: Success) {
        if let Err(error) = self.state.remember(success) {
            report::say(format_args!("cannot keep the state of a task, a resumed session will run it again: {error}"));
        }
    }
}

/// Returns the first line of an operator's command.
fn command_text(parameters: &Parameters) -> String {
    let text = match parameters.get("_command") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// Returns a task's full name and those of the tasks around it, innermost first.
fn tasks_around(name: &str) -> Vec<&str> {
    let starts = name.match_indices(['+', '^']).map(|(start, _)| start).filter(|start| *start > 0);
    let mut names: Vec<&str> = starts.map(|end| &name[..end]).chain([name]).collect();
    names.reverse();
    names
}

struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

struct Slot<'a>(&'a Slots);

impl Slots {
    fn new(count: usize) -> Self {
        Slots { free: Mutex::new(count), freed: Condvar::new() }
    }

    fn take(&self) -> Slot<'_> {
        let free = self.free.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(|poisoned| poisoned.into_inner());
        *free -= 1;
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::tasks_around;

    #[test]
    fn the_tasks_around_a_task_are_the_beginnings_of_its_name() {
        assert_eq!(tasks_around("+main+g^sub+a"), ["+main+g^sub+a", "+main+g^sub", "+main+g", "+main"]);
        assert_eq!(tasks_around("+main"), ["+main"]);
    }
}
