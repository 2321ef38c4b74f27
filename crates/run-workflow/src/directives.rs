//! The values of directives: `timezone`, `_retry`, `_parallel`, `_env`.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::document::Node;
use digdag_task::Failure;

/// Returns a time zone by its name.
///
/// # Errors
/// Returns an error if the value is not the name of a time zone.
pub fn timezone(node: &Node) -> Result<(String, TimeZone), Failure> {
    let hint = "write a name such as UTC or Europe/Berlin";
    let Value::String(name) = node.value() else { return Err(node.place.refuse("timezone is not text", hint)) };
    let zone = TimeZone::get(&name).map_err(|_| node.place.refuse(format!("unknown timezone {name}"), hint))?;
    Ok((name, zone))
}

/// Returns the number of retries of a task.
///
/// # Errors
/// Returns an error if the value is not a plain number.
pub fn retries(node: &Node) -> Result<u64, Failure> {
    let refuse = || node.place.refuse("_retry is supported as a plain number only", "write _retry: 3");
    node.value().as_u64().ok_or_else(refuse)
}

/// Returns the number of tasks of a group that run at a time; `None` for all tasks. Digdag cuts a group with a limit
/// into chunks, and a chunk starts when every task of the previous one has ended (its `WorkflowCompiler`).
///
/// # Errors
/// Returns an error if the value is neither a boolean nor a limit.
pub fn chunk(node: &Node) -> Result<Option<usize>, Failure> {
    let refuse = || node.place.refuse("_parallel is true, false or {limit: N}", "write _parallel: true");
    match node.value() {
        Value::Bool(true) => Ok(None),
        Value::Bool(false) => Ok(Some(1)),
        Value::Object(fields) if fields.len() == 1 => match fields.get("limit").and_then(Value::as_u64) {
            Some(limit) if limit > 0 => Ok(Some(usize::try_from(limit).unwrap_or(usize::MAX))),
            _ => Err(refuse()),
        },
        _ => Err(refuse()),
    }
}

/// Checks that `_env` maps names to plain values.
///
/// # Errors
/// Returns an error if an entry is a list, a map, or null.
pub fn check_environment(node: &Node) -> Result<(), Failure> {
    let hint = "write _env: {name: text}";
    let entries = node.entries().ok_or_else(|| node.place.refuse("_env is not a map", hint))?;
    for (name, value) in entries {
        if !matches!(value.value(), Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            return Err(value.place.refuse(format!("_env: {name} is neither text, number nor boolean"), hint));
        }
    }
    Ok(())
}
