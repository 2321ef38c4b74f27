//! Parameters from environment variables.
//!
//! Digdag's `sh>` passes every parameter as a variable of its own name, and a person's shell may hold a `name` or a
//! `list` of its own. Digdag sets `session_uuid` for every `sh>`, so bare names count if that variable is set.
//! Otherwise only the names that the project lists count, and names with the project's prefix.

use std::ffi::{OsStr, OsString};

use clap::Arg;

use super::Project;

/// The variable that Digdag, and no other program, sets for every `sh>`.
const SET_BY_DIGDAG: &str = "session_uuid";

/// Returns the value of a parameter and the variable that holds it. An empty variable counts as unset.
pub(super) fn value(project: &Project, arg: &Arg) -> Option<(OsString, OsString)> {
    let inside_digdag = std::env::var_os(SET_BY_DIGDAG).is_some_and(|value| !value.is_empty());
    variables(project, arg, inside_digdag).into_iter().find_map(|name| {
        let value = std::env::var_os(&name).filter(|value| !value.is_empty())?;
        Some((name, value))
    })
}

/// Returns the variables of a parameter in the order of their precedence.
fn variables(project: &Project, arg: &Arg, inside_digdag: bool) -> Vec<OsString> {
    let id = arg.get_id().as_str();
    let bare = inside_digdag || project.own_names.contains(&id);
    let bare = bare.then(|| OsString::from(id));
    bare.into_iter().chain(arg.get_env().map(OsStr::to_owned)).chain(prefixed(project, id)).collect()
}

fn prefixed(project: &Project, id: &str) -> Option<OsString> {
    (!project.prefix.is_empty()).then(|| format!("{}{}", project.prefix, id.to_ascii_uppercase()).into())
}

/// Returns an argument whose help lists its variables.
pub(super) fn shown(project: &Project, arg: Arg) -> Arg {
    let id = arg.get_id().as_str();
    let own = project.own_names.contains(&id).then(|| OsString::from(id));
    let other = arg.get_env().map(OsStr::to_owned).or_else(|| prefixed(project, id));
    let names: Vec<_> = own.into_iter().chain(other).collect();
    match names.is_empty() {
        true => arg,
        false => arg.env(names.join(OsStr::new(", "))).hide_env_values(true),
    }
}
