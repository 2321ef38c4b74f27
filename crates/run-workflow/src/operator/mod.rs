//! The operators of tasks, one file each. `call>` and `if>` only choose other tasks, so the runner implements them.

pub mod echo;
pub mod py;
pub mod sh;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{env, io};

use rustix::fs::Access;
use rustix::io::Errno;
use serde_json::Value;

use super::parameters::Parameters;
use super::process::Ended;
use super::stop::Stop;
use super::{number, process, supervisor};

/// The variable by which `digdag/task` shows what the tasks have to say beyond one line.
const VERBOSE: &str = "DISCOGS_VERBOSE";

/// The error of a failed task, as Digdag reports it.
#[derive(Clone, Debug)]
pub struct TaskError {
    /// Digdag's message.
    pub message: String,
    /// The words of the report in place of the message, if the output of the task has shown the message.
    pub shown: Option<String>,
    /// Whether `_retry` applies: a task that failed while it ran may succeed later, a task that cannot be evaluated
    /// cannot.
    pub retryable: bool,
}

impl TaskError {
    /// Returns the error of a task that failed while it ran.
    pub fn runtime(message: impl std::fmt::Display) -> Self {
        TaskError { message: format!("{message} (runtime)"), shown: None, retryable: true }
    }

    /// Returns the error of a task whose parameters are invalid.
    pub fn config(message: impl std::fmt::Display) -> Self {
        TaskError { message: format!("{message} (config)"), shown: None, retryable: false }
    }
}

/// The results that a task left when it succeeded.
#[derive(Default)]
pub struct Done {
    /// The values that it stores.
    pub stored: Parameters,
    /// Whether its process has shown nothing.
    pub silent: bool,
}

/// The environment of the processes of a task.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The folder of the workflow, in which processes run.
    pub project: &'a Path,
    /// Receives the processes, so that a signal reaches them.
    pub stop: &'a Stop,
    pub verbose: bool,
}

impl Environment<'_> {
    /// Runs `words` with `variables` added to the environment.
    fn run(&self, words: &[OsString], variables: &[(String, String)]) -> Result<Ended, TaskError> {
        let [program, arguments @ ..] = words else { return Err(TaskError::config("an empty command")) };
        let path = path_with_our_folder();
        let run = || {
            let mut command = supervisor::command(&find_program(self.project, program, &path)?)?;
            command.args(arguments).current_dir(self.project).env("PATH", &path);
            if self.verbose {
                command.env(VERBOSE, "true");
            }
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            process::run(command, self.stop)
        };
        let ended = run().map_err(|error| {
            TaskError::runtime(format!("Cannot run program \"{}\": {error}", Path::new(program).display()))
        })?;
        ended.ok_or_else(|| TaskError::runtime("stopped before it started"))
    }
}

/// Finds a program: a name with a slash is relative to the project folder, any other one is looked up on `path`.
fn find_program(project: &Path, program: &OsStr, path: &OsStr) -> io::Result<PathBuf> {
    let executable = |path: &Path| rustix::fs::access(path, Access::EXEC_OK).map_err(io::Error::from);
    if Path::new(program).components().count() > 1 {
        let path = project.join(program);
        return executable(&path).map(|()| path);
    }
    let mut found = env::split_paths(path).map(|folder| project.join(folder).join(program));
    found.find(|path| path.is_file() && executable(path).is_ok()).ok_or_else(|| Errno::NOENT.into())
}

/// Returns PATH with the folder of run-workflow in front: the task binaries lie beside it.
fn path_with_our_folder() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let ours = env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
    env::join_paths(ours.into_iter().chain(env::split_paths(&path))).unwrap_or(path)
}

/// Returns the variables of `_env`, which Digdag reads from the task itself only.
fn own_environment(own: &Parameters, evaluated: &Parameters) -> Vec<(String, String)> {
    match evaluated.get("_env") {
        Some(Value::Object(entries)) if own.contains_key("_env") => {
            entries.iter().map(|(name, value)| (name.clone(), as_text(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns text as it is, any other value as the JSON that Java writes.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => number::json(other, number::java),
    }
}

/// Returns the command of an operator: text, a number, or a boolean.
fn command_text(params: &Parameters) -> Result<String, TaskError> {
    match params.get("_command") {
        None | Some(Value::Null) => Err(TaskError::config("Parameter '_command' is required but not set")),
        Some(list @ Value::Array(_)) => Err(not_text(list, "array")),
        Some(map @ Value::Object(_)) => Err(not_text(map, "object")),
        Some(plain) => Ok(as_text(plain)),
    }
}

fn not_text(value: &Value, kind: &str) -> TaskError {
    TaskError::config(format!("Expected string type for key '_command' but got {value} ({kind})"))
}

/// Returns the command line in a parameter such as `python` or `shell`: a text, or a list of texts.
fn words(params: &Parameters, key: &str, default: &str) -> Result<Vec<OsString>, TaskError> {
    match params.get(key) {
        None | Some(Value::Null) => Ok(vec![default.into()]),
        Some(Value::String(text)) => Ok(vec![text.into()]),
        Some(Value::Array(items)) if !items.is_empty() => Ok(items.iter().map(|item| as_text(item).into()).collect()),
        Some(_) => Err(TaskError::config(format!("{key} is neither text nor a list of texts"))),
    }
}

/// Adds the parameters in the object named after an operator (`py: {python: …}`) that the task itself lacks.
fn with_defaults(params: &Parameters, operator: &str) -> Parameters {
    let mut params = params.clone();
    if let Some(Value::Object(defaults)) = params.get(operator).cloned() {
        for (key, value) in defaults {
            params.entry(key).or_insert(value);
        }
    }
    params
}
