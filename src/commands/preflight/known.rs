//! Refuses misspelt parameters of a workflow, which Digdag would ignore silently.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use digdag_task::{Call, Failure};

/// Parameters that a workflow reads, that a task stores for later tasks, or that generate-dumps takes, which is not a
/// task of this crate.
const OF_WORKFLOWS: &[&str] = &[
    "artists",
    "compression",
    "do_xml_tests",
    "dump_date",
    "dump_day",
    "labels",
    "layout",
    "masters",
    "releases",
    "seed",
    "smoke_root",
    "unknown_element",
    "xml_test_records",
];

/// Parameters that Digdag adds to every task.
const OF_DIGDAG: &[&str] = &[
    "attempt_id",
    "error",
    "project_id",
    "project_name",
    "schedule_id",
    "task_id",
    "task_name",
    "timezone",
    "workflow_name",
];

/// Prefixes of names that Digdag derives from the session.
const OF_SESSIONS: &[&str] = &["session_", "last_session_", "next_session_", "last_executed_session_"];

/// Refuses a parameter of the workflow that is unknown and close to a known one, and warns about other unknown ones.
///
/// # Errors
/// Returns a failure of class `Parameters` that names the parameter that was probably meant.
pub(super) fn check_names(call: &Call) -> Result<(), Failure> {
    let known = known_names();
    let unknown: Vec<&str> = candidates(call.given()).filter(|name| !known.contains(*name)).collect();
    for name in &unknown {
        if let Some(meant) = closest(name, &known) {
            return Err(Failure::parameters(format!("{name}: did you mean {meant}?"))
                .hint(format!("pass -p {meant}=…; preflight knows every parameter of the workflow")));
        }
    }
    if !unknown.is_empty() {
        call.say(format_args!("WARN no task takes the parameters {}", unknown.join(", ")));
    }
    Ok(())
}

/// Returns every name that a workflow of this project may pass.
pub fn known_names() -> BTreeSet<String> {
    let mut known: BTreeSet<String> = OF_WORKFLOWS.iter().map(|name| (*name).to_owned()).collect();
    for command in crate::commands::all() {
        known.insert(command.get_name().replace('-', "_"));
        known.extend(command.get_arguments().map(|arg| arg.get_id().to_string()));
    }
    known
}

/// Returns the names that a user may have given: scalars that neither Digdag nor an operator defines.
fn candidates(given: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let of_digdag = |name: &str| {
        name.starts_with('_')
            || name.ends_with('>')
            || OF_DIGDAG.contains(&name)
            || OF_SESSIONS.iter().any(|prefix| name.starts_with(prefix))
    };
    let scalars = given.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
    scalars.map(|(name, _)| name.as_str()).filter(move |name| !of_digdag(name))
}

/// Returns the closest known name within one edit, or within one edit per five letters of a longer name.
fn closest<'k>(name: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    let plain = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let distance = |known: &str| strsim::damerau_levenshtein(&plain, known);
    let nearest = known.iter().min_by_key(|known| distance(known))?;
    (distance(nearest) <= (plain.len() / 5).max(1)).then_some(nearest)
}
