//! The validation that Digdag applies to every workflow file of a project, including those that do not run.

use super::document::{Content, Node};
use digdag_task::Failure;

/// Validates the tasks of a workflow.
///
/// # Errors
/// Returns the first construct that makes Digdag refuse the project, with file and line.
pub fn check(name: &str, document: &Node) -> Result<(), Failure> {
    let Some(entries) = document.entries() else {
        return Err(document.place.refuse("keys are expected here", "write the workflow as a YAML map"));
    };
    let tasks: Vec<_> = entries.iter().filter(|(key, _)| !matches!(key.as_str(), "timezone" | "schedule")).collect();
    let operator = tasks.iter().find(|(key, _)| key.ends_with('>'));
    if let Some((key, node)) = operator.filter(|_| tasks.iter().any(|(key, _)| key.starts_with('+'))) {
        return Err(node.place.refuse(format!("{key} is outside of any task"), "put it under +name:"));
    }
    check_task(&format!("+{name}"), &tasks)
}

/// Validates a task that Digdag generates while it runs: the content of `_do`, `_else_do` or `_error`.
///
/// # Errors
/// Returns the first construct that makes Digdag fail the generating task.
pub fn check_generated(name: &str, node: &Node) -> Result<(), Failure> {
    match node.entries() {
        Some(entries) => check_task(name, &entries.iter().collect::<Vec<_>>()),
        None => Err(node.place.refuse("keys are expected here", "write a task as a YAML map")),
    }
}

fn check_task(name: &str, entries: &[&(String, Node)]) -> Result<(), Failure> {
    let mut operators = entries.iter().filter(|(key, _)| key.ends_with('>'));
    let operator = operators.next();
    if let Some((second, node)) = operators.next() {
        return Err(node.place.refuse(format!("{name} has a second operator, {second}"), "give each its own task"));
    }
    for (key, node) in entries {
        let place = &node.place;
        match (key.strip_prefix('+'), operator) {
            (Some(_), Some((operator, _))) => {
                let hint = "a task with an operator takes parameters, _export, _env, _retry and _error";
                return Err(place.refuse(format!("{key} on {name}, which has {operator}"), hint));
            }
            (Some(part), None) => {
                check_name(part, node)?;
                check_task(key, &task_entries(key, node)?)?;
            }
            (None, None) if !key.starts_with('_') && !matches!(key.as_str(), "sla" | "timezone" | "schedule") => {
                let hint = "parameters of a group reach no task; write them under _export";
                return Err(place.refuse(format!("{key} on {name}, which has no operator"), hint));
            }
            _ => {}
        }
    }
    Ok(())
}

fn task_entries<'n>(name: &str, node: &'n Node) -> Result<Vec<&'n (String, Node)>, Failure> {
    match &node.content {
        Content::Map(entries) => Ok(entries.iter().collect()),
        Content::Scalar(serde_json::Value::Null) => {
            Err(node.place.refuse(format!("{name} is empty"), "give the task an operator, or remove it"))
        }
        _ => Err(node.place.refuse("keys are expected here", "write a task as a YAML map")),
    }
}

/// Checks the characters of a task's name: Digdag's `ModelValidator` accepts no others, and a state file is named after
/// it.
fn check_name(name: &str, node: &Node) -> Result<(), Failure> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_=[]{}%&@,.".contains(c);
    if !name.is_empty() && name.chars().all(sound) && name.len() < 255 {
        return Ok(());
    }
    let hint = "use ASCII letters, digits, - and _ after the +";
    Err(node.place.refuse(format!("'+{name}' is not a valid task name"), hint))
}
