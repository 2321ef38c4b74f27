//! Runs the tree of tasks.
//!
//! A task sees, each over the one before: `-P` and `-p`, the `_export` of its group, what the tasks before it in the
//! group stored, its own `_export`, what Digdag itself adds, its own parameters. So a group's `_export` hides what
//! was stored before the group (Digdag's `WorkflowExecutor.collectParams`).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::condition;
use super::definition::{Body, Task};
use super::operator::{Surroundings, TaskError, echo, py, sh};
use super::parameters::{self, Parameters, merge};
use super::report::{self, Report, Status};
use super::session::Session;
use super::state::{Done, State};
use super::stop::Stop;

pub struct Runner<'a> {
    project: &'a Path,
    session: &'a Session,
    state: &'a State,
    stop: Arc<Stop>,
    report: &'a Report,
    /// As many tasks run at a time as the machine has cores, however groups are nested.
    slots: Slots,
    /// The number of the next task that comes into being; the report is in this order.
    next_id: AtomicU64,
}

/// How a task and all beneath it ended.
#[derive(Default)]
struct Ended {
    failed: bool,
    /// What the tasks stored, in the order of the file.
    stored: Vec<Parameters>,
    /// The messages of the tasks that failed.
    errors: Vec<String>,
}

impl Ended {
    fn absorb(&mut self, other: Ended) {
        self.failed |= other.failed;
        self.stored.extend(other.stored);
        self.errors.extend(other.errors);
    }

    fn stopped() -> Self {
        Ended { failed: true, ..Ended::default() }
    }
}

/// A task as it runs: its full name and what it is given by those around it.
struct Running<'t> {
    task: &'t Task,
    name: String,
    id: u64,
    params: Parameters,
}

impl<'a> Runner<'a> {
    pub fn new(project: &'a Path, session: &'a Session, state: &'a State, stop: Arc<Stop>, report: &'a Report) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (slots, next_id) = (Slots::new(cores), AtomicU64::new(0));
        Runner { project, session, state, stop, report, slots, next_id }
    }

    /// Runs a workflow; whether it came to its end.
    pub fn run(&self, root: &Task, given: &Parameters) -> bool {
        !self.run_generated(root, "", given, &Parameters::new()).failed
    }

    /// Runs a task that is new with all beneath it: a workflow, a branch, an `_error`.
    fn run_generated(&self, task: &Task, parent: &str, around: &Parameters, extra: &Parameters) -> Ended {
        let first_id = self.next_id.fetch_add(task.size, Ordering::SeqCst);
        self.run_task(task, parent, first_id, around, extra)
    }

    /// `first_id` is that of the task with index 0 beside this one; `extra` is exported as well.
    fn run_task(&self, task: &Task, parent: &str, first_id: u64, around: &Parameters, extra: &Parameters) -> Ended {
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

    fn run_group(&self, group: &Running<'_>, children: &[Task], chunk: usize, first_id: u64) -> Ended {
        let mut first_id = first_id;
        for round in 0.. {
            let ended = self.run_children(group, children, chunk, first_id);
            if !ended.failed || self.stop.requested().is_some() {
                return ended;
            }
            if round == group.task.retries {
                return self.run_error_task(group, ended);
            }
            self.report.retrying(&group.name, round + 1, group.task.retries, "a task failed");
            // Digdag copies the tasks: those of this round stay failed in its report, whatever comes of the next.
            first_id = self.next_id.fetch_add(group.task.size, Ordering::SeqCst) - group.task.index;
        }
        Ended::stopped()
    }

    fn run_children(&self, group: &Running<'_>, children: &[Task], chunk: usize, first_id: u64) -> Ended {
        let mut params = group.params.clone();
        let mut ended = Ended::default();
        for together in children.chunks(chunk) {
            if self.stop.requested().is_some() {
                ended.failed = true;
                break;
            }
            let run = |task| self.run_task(task, &group.name, first_id, &params, &Parameters::new());
            let results: Vec<Ended> = match together {
                [task] => vec![run(task)],
                tasks => std::thread::scope(|scope| {
                    let threads: Vec<_> = tasks.iter().map(|task| scope.spawn(move || run(task))).collect();
                    let join = |thread: std::thread::ScopedJoinHandle<'_, Ended>| {
                        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    };
                    threads.into_iter().map(join).collect()
                }),
            };
            for result in results {
                result.stored.iter().for_each(|stored| merge(&mut params, stored));
                ended.absorb(result);
            }
            if ended.failed {
                break;
            }
        }
        ended
    }

    /// `_error` sees what the tasks beneath the failed one stored, and `error.message`.
    fn run_error_task(&self, failed: &Running<'_>, mut ended: Ended) -> Ended {
        if let Some(task) = &failed.task.on_error {
            let mut extra = Parameters::new();
            ended.stored.iter().for_each(|stored| merge(&mut extra, stored));
            let message = ended.errors.last().cloned().unwrap_or_default();
            extra.insert("error".to_owned(), serde_json::json!({ "message": message }));
            ended.absorb(self.run_generated(task, &failed.name, &failed.params, &extra));
        }
        ended
    }

    fn run_call(&self, call: &Running<'_>, workflow: &Task) -> Ended {
        let clock = Instant::now();
        let parameters = match self.evaluate(call, "call") {
            Ok(parameters) => parameters,
            Err(error) => return self.fail(call, &error, clock.elapsed()),
        };
        self.report.started(&call.name, "call", &command_text(&parameters));
        let ended = self.run_generated(workflow, &call.name, &call.params, &Parameters::new());
        self.end_choice(call, ended, None, clock)
    }

    fn run_if(&self, choice: &Running<'_>, then: Option<&Task>, otherwise: Option<&Task>) -> Ended {
        let clock = Instant::now();
        let condition = match self.state.before(&choice.name).and_then(|done| done.branch) {
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
        let ended = match if condition { then } else { otherwise } {
            Some(task) => self.run_generated(task, &choice.name, &choice.params, &Parameters::new()),
            None => Ended::default(),
        };
        self.end_choice(choice, ended, Some(condition), clock)
    }

    /// The end of a task that did nothing but choose others. Those are in the report themselves.
    fn end_choice(&self, choice: &Running<'_>, ended: Ended, branch: Option<bool>, clock: Instant) -> Ended {
        if !ended.failed {
            self.keep(&Done::new(&choice.name, Parameters::new(), branch));
            let status = self.state.before(&choice.name).map_or(Status::Done, |_| Status::Skipped);
            if status == Status::Done {
                self.report.ended(choice.id, &choice.name, status, clock.elapsed());
            }
            return ended;
        }
        match self.stop.requested() {
            Some(_) => ended,
            None => self.run_error_task(choice, ended),
        }
    }

    fn run_leaf(&self, leaf: &Running<'_>) -> Ended {
        if let Some(done) = self.state.before(&leaf.name) {
            self.report.ended(leaf.id, &leaf.name, Status::Skipped, Duration::ZERO);
            return Ended { stored: vec![done.store_params().clone()], ..Ended::default() };
        }
        let slot = self.slots.take();
        let clock = Instant::now();
        for round in 0.. {
            if self.stop.requested().is_some() {
                break;
            }
            match self.operate(leaf) {
                Ok(stored) => {
                    self.keep(&Done::new(&leaf.name, stored.clone(), None));
                    self.report.ended(leaf.id, &leaf.name, Status::Done, clock.elapsed());
                    return Ended { stored: vec![stored], ..Ended::default() };
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
        Ended::stopped()
    }

    fn operate(&self, leaf: &Running<'_>) -> Result<Parameters, TaskError> {
        let operator = match &leaf.task.body {
            Body::Py => "py",
            Body::Sh => "sh",
            Body::Unknown(name) => name,
            _ => "echo",
        };
        let params = self.evaluate(leaf, operator)?;
        self.report.started(&leaf.name, operator, &command_text(&params));
        let surroundings = Surroundings { project: self.project, stop: &self.stop };
        match &leaf.task.body {
            Body::Py => py::run(surroundings, &leaf.task.parameters, &params),
            Body::Sh => sh::run(surroundings, &leaf.task.parameters, &params),
            Body::Unknown(name) => Err(TaskError::config(format!("Unknown task type: {name}"))),
            _ => {
                echo::run(&params);
                Ok(Parameters::new())
            }
        }
    }

    fn evaluate(&self, running: &Running<'_>, operator: &str) -> Result<Parameters, TaskError> {
        let mut all = running.params.clone();
        merge(&mut all, &self.session.parameters(&running.name));
        let scope = all.clone();
        merge(&mut all, &running.task.parameters);
        let mut evaluated = parameters::evaluate(&all, &scope).map_err(TaskError::config)?;
        let command = evaluated.get(&format!("{operator}>")).cloned().unwrap_or_default();
        evaluated.insert("_type".to_owned(), operator.into());
        evaluated.insert("_command".to_owned(), command);
        Ok(evaluated)
    }

    fn fail(&self, running: &Running<'_>, error: &TaskError, took: Duration) -> Ended {
        self.report.failed(running.id, &running.name, error, took);
        let ended = Ended { failed: true, errors: vec![error.message.clone()], ..Ended::default() };
        self.run_error_task(running, ended)
    }

    fn keep(&self, done: &Done) {
        if let Err(error) = self.state.keep(done) {
            report::say(format_args!("cannot keep the state of a task, a rerun will run it again: {error}"));
        }
    }
}

/// The first line of what an operator was given.
fn command_text(parameters: &Parameters) -> String {
    let text = match parameters.get("_command") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    text.lines().next().unwrap_or_default().to_owned()
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
