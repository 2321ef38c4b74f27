//! `py>`: runs a program as Digdag runs Python, with parameters as input and stored values as output.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde_json::{Value, json};

use super::{Done, Environment, TaskError, as_text, command_text, own_environment, with_defaults, words};
use crate::parameters::Parameters;
use crate::process::Ended;
use digdag_task::printable;

/// Runs `<python...> <tmp>/runner.py METHOD <tmp>/input.json <tmp>/output.json` and returns the values it stores.
///
/// Digdag's runner.py is a Python program that calls the method. The programs of these workflows do not read it, so the
/// file is empty here.
///
/// # Errors
/// Returns an error if the program fails, or writes no output.json.
pub fn run(context: Environment<'_>, own: &Parameters, params: &Parameters) -> Result<Done, TaskError> {
    let params = with_defaults(params, "py");
    let mut command = words(&params, "python", "python")?;
    let environment = own_environment(own, &params);
    let method = command_text(&params)?;

    let temporary = |error: io::Error| TaskError::runtime(format!("cannot write the input of py>: {error}"));
    let folder = tempfile::Builder::new().prefix("run-workflow-py-").tempdir().map_err(temporary)?;
    let [runner, input, output] = ["runner.py", "input.json", "output.json"].map(|name| folder.path().join(name));
    fs::write(&runner, "").map_err(temporary)?;
    fs::write(&input, json!({ "params": params }).to_string()).map_err(temporary)?;
    command.extend([runner.into(), method.into(), input.into(), output.clone().into()]);

    let Ended { code, tail } = context.run(&command, &environment)?;
    let answer = read_answer(&output);
    if code != 0 {
        let mut message = format!("Python command failed with code {code}");
        let mut shown = None;
        match answer {
            Ok(Some(answer)) => {
                message.push_str(&error_of(&answer));
                let text = answer.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
                let is_shown = !text.is_empty() && tail.contains(&*printable(text));
                shown = is_shown.then(|| format!("exit status {code}; its message is above"));
            }
            // Digdag hides the exit status in this case; run-workflow reports both.
            Err(error) => message.push_str(&format!("\noutput.json cannot be read: {error}")),
            Ok(None) => {}
        }
        return Err(TaskError { shown, ..TaskError::runtime(message) });
    }
    let answer = answer
        .map_err(|error| TaskError::runtime(format!("output.json cannot be read: {error}")))?
        .ok_or_else(|| TaskError::runtime(NO_OUTPUT))?;
    for unsupported in ["subtask_config", "export_params"] {
        if answer.get(unsupported).and_then(Value::as_object).is_some_and(|fields| !fields.is_empty()) {
            return Err(TaskError::config(format!("run-workflow does not take {unsupported} from a task")));
        }
    }
    let stored = match answer.get("store_params") {
        Some(Value::Object(stored)) => stored.clone(),
        None | Some(Value::Null) => Parameters::new(),
        Some(_) => return Err(TaskError::runtime("store_params in output.json is not an object")),
    };
    Ok(Done { stored, silent: tail.is_empty() })
}

/// Digdag's message (recorded as `silent`).
const NO_OUTPUT: &str = "output.json does not exist. Something unexpected error happened. Please check logs.";

fn read_answer(path: &Path) -> io::Result<Option<Value>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the lines that Digdag adds for an output.json, also for one without an error.
fn error_of(answer: &Value) -> String {
    let Some(error) = answer.get("error").and_then(Value::as_object) else {
        return "\nError messages from python".to_owned();
    };
    let field = |name| error.get(name).map(as_text).unwrap_or_default();
    format!("\nError messages from python: {} ({})", field("message"), field("class"))
}
