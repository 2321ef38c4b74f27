//! `sh>`: runs a command with a shell, with parameters as environment variables.

use std::fs;

use serde_json::Value;

use super::{Done, Environment, TaskError, as_text, command_text, own_environment, with_defaults, words};
use crate::parameters::Parameters;

/// Runs a command with a shell. Parameters are environment variables; `_env` overrides them.
///
/// # Errors
/// Returns an error if the command fails, or a parameter is null: an environment variable cannot be null, and Digdag
/// fails too.
pub fn run(context: Environment<'_>, own: &Parameters, params: &Parameters) -> Result<Done, TaskError> {
    let params = with_defaults(params, "sh");
    let text = command_text(&params)?;
    let mut environment = Vec::new();
    for (name, value) in params.iter().filter(|(name, _)| is_variable_name(name)) {
        if *value == Value::Null {
            return Err(TaskError::runtime(format!("parameter {name} is null, and an environment variable cannot be")));
        }
        environment.push((name.clone(), as_text(value)));
    }
    environment.extend(own_environment(own, &params));

    let temporary = |error: std::io::Error| TaskError::runtime(format!("cannot write the command of sh>: {error}"));
    let folder = tempfile::Builder::new().prefix("run-workflow-sh-").tempdir().map_err(temporary)?;
    let script = folder.path().join("command.sh");
    fs::write(&script, text).map_err(temporary)?;
    let mut command = words(&params, "shell", "/bin/sh")?;
    command.push(script.into());
    let ended = context.run(&command, &environment)?;
    match ended.code {
        0 => Ok(Done { silent: ended.tail.is_empty(), ..Done::default() }),
        code => Err(TaskError::runtime(format!("Command failed with code {code}"))),
    }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
