//! The input and the output of Digdag's `py>` operator (`docs/digdag.md`).

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Failure, Outcome, Status};

/// Reads the parameters of a task: Digdag's `{"params": {…}}`, or the bare object that a person writes.
pub(super) fn read_parameters(path: &Path) -> Result<Map<String, Value>, Failure> {
    let bad = |what: String| {
        Failure::parameters(format!("--params {}: {what}", path.display()))
            .hint("pass a JSON file that holds an object, such as {\"run_id\": \"2026-11__20261120_000000\"}")
    };
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| bad(format!("not JSON: {error}")))?;
    let Value::Object(mut object) = value else { return Err(bad("not a JSON object".to_owned())) };
    match object.remove("params") {
        Some(Value::Object(params)) => Ok(params),
        Some(_) => Err(bad("\"params\" is not an object".to_owned())),
        None => Ok(object),
    }
}

/// Returns the file that `py>` reads back. It stores the outcome under the task's name with `_` for `-`.
///
/// Digdag hides the exit status if the file is empty or broken, so the caller writes it whole or not at all.
pub(super) fn result(outcome: &Outcome, exports: &Map<String, Value>) -> anyhow::Result<Vec<u8>> {
    let mut store = Map::new();
    let mut error = Value::Null;
    if outcome.status == Status::Failed {
        if let Some(report) = &outcome.error {
            let message = match &report.hint {
                Some(hint) => format!("{}; {hint}", report.message),
                None => report.message.clone(),
            };
            // Digdag passes the message to the tasks of `_error` as a parameter, and evaluates it again.
            let message = message.replace("${", "$ {");
            error = json!({"class": report.class, "message": message, "backtrace": []});
        }
    } else {
        store.insert(outcome.task.replace('-', "_"), serde_json::to_value(outcome)?);
        store.extend(exports.clone());
        refuse_templates(&Value::Object(store.clone()))?;
    }
    let result = json!({"subtask_config": {}, "export_params": {}, "store_params": store, "error": error});
    Ok(serde_json::to_vec(&result)?)
}

/// Refuses a text with `${`: Digdag evaluates every stored text again for each later task, so all of them would fail.
fn refuse_templates(value: &Value) -> Result<(), Failure> {
    match value {
        Value::String(text) if text.contains("${") => {
            Err(Failure::parameters(format!("\"{text}\" holds ${{, which Digdag would evaluate again"))
                .hint("use paths and names without ${"))
        }
        Value::Array(values) => values.iter().try_for_each(refuse_templates),
        Value::Object(fields) => fields.values().try_for_each(refuse_templates),
        _ => Ok(()),
    }
}
