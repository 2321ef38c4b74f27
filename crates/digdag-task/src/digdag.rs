//! What Digdag's `py>` operator gives a task and wants back (`docs/digdag.md`).

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::{Failure, Outcome, Status};

/// Reads the parameters of a task: Digdag's `{"params": {…}}`, or the bare object that a person writes.
pub(super) fn read_parameters(path: &Path) -> Result<Map<String, Value>, Failure> {
    let bad = |what: String| {
        Failure::parameters(format!("--params {}: {what}", path.display()))
            .hint("give a JSON file that holds an object, such as {\"run_id\": \"2026-11__20261120_000000\"}")
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

/// Writes what `py>` reads back. The outcome is stored under the task's name with `_` for `-`.
///
/// Digdag hides the exit status when it finds an empty or broken file, so the file appears whole or not at all.
pub(super) fn write_result(path: &Path, outcome: &Outcome, exports: &Map<String, Value>) -> anyhow::Result<()> {
    let mut store = Map::new();
    let mut error = Value::Null;
    if outcome.status == Status::Failed {
        if let Some(report) = &outcome.error {
            let message = match &report.hint {
                Some(hint) => format!("{}; {hint}", report.message),
                None => report.message.clone(),
            };
            // The tasks of `_error` get it as a parameter, which is evaluated again.
            let message = message.replace("${", "$ {");
            error = json!({"class": report.class, "message": message, "backtrace": []});
        }
    } else {
        store.insert(outcome.task.replace('-', "_"), serde_json::to_value(outcome)?);
        store.extend(exports.clone());
        refuse_templates(&Value::Object(store.clone()))?;
    }
    let result = json!({"subtask_config": {}, "export_params": {}, "store_params": store, "error": error});

    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("cannot write the result beside {}", path.display()))?;
    file.write_all(&serde_json::to_vec(&result)?).with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Digdag evaluates every stored text again for each later task: one that holds `${` would break them all.
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
