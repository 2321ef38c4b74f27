//! What a task does: one file an operator. `call>` and `if>` only choose other tasks; the runner does that.

pub mod echo;
pub mod py;
pub mod sh;

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::parameters::Parameters;
use super::process;
use super::stop::Stop;

/// Why a task failed, in Digdag's words.
#[derive(Clone, Debug)]
pub struct TaskError {
    pub message: String,
    /// `_retry` tries again what failed while it ran; what cannot be evaluated stays so.
    pub retryable: bool,
}

impl TaskError {
    pub fn runtime(message: impl std::fmt::Display) -> Self {
        TaskError { message: format!("{message} (runtime)"), retryable: true }
    }

    pub fn config(message: impl std::fmt::Display) -> Self {
        TaskError { message: format!("{message} (config)"), retryable: false }
    }
}

/// Where and how the processes of a task run.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub project: &'a Path,
    pub stop: &'a Stop,
}

impl Surroundings<'_> {
    /// Runs `words` with `environment` over ours; gives the exit status.
    fn run(&self, words: &[OsString], environment: &[(String, String)]) -> Result<i32, TaskError> {
        let [program, arguments @ ..] = words else { return Err(TaskError::config("an empty command")) };
        let mut command = match Path::new(program).components().count() {
            1 => Command::new(program),
            _ => Command::new(self.project.join(program)),
        };
        command.args(arguments).current_dir(self.project).env("PATH", path_with_our_folder());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let code = process::run(command, self.stop).map_err(|error| {
            TaskError::runtime(format!("Cannot run program \"{}\": {error}", Path::new(program).display()))
        })?;
        code.ok_or_else(|| TaskError::runtime("stopped before it started"))
    }
}

/// The binaries of this project are found by their bare names wherever run-workflow lies.
fn path_with_our_folder() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let ours = env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
    env::join_paths(ours.into_iter().chain(env::split_paths(&path))).unwrap_or(path)
}

/// Digdag takes `_env` from the task itself alone.
fn own_environment(own: &Parameters, evaluated: &Parameters) -> Vec<(String, String)> {
    match evaluated.get("_env") {
        Some(Value::Object(entries)) if own.contains_key("_env") => {
            entries.iter().map(|(name, value)| (name.clone(), as_text(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// Text as it is, everything else as JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The command line that a parameter such as `python` or `shell` gives: a text, or a list of texts.
fn words(params: &Parameters, key: &str, default: &str) -> Result<Vec<OsString>, TaskError> {
    match params.get(key) {
        None | Some(Value::Null) => Ok(vec![default.into()]),
        Some(Value::String(text)) => Ok(vec![text.into()]),
        Some(Value::Array(items)) if !items.is_empty() => Ok(items.iter().map(|item| as_text(item).into()).collect()),
        Some(_) => Err(TaskError::config(format!("{key} is neither a text nor a list of texts"))),
    }
}

/// Parameters that an operator takes from the object of its own name (`py: {python: …}`), where the task has none.
fn with_defaults(params: &Parameters, operator: &str) -> Parameters {
    let mut params = params.clone();
    if let Some(Value::Object(defaults)) = params.get(operator).cloned() {
        for (key, value) in defaults {
            params.entry(key).or_insert(value);
        }
    }
    params
}
