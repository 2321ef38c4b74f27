//! Errors in a YAML file of declarations, with their line and column.
//!
//! The YAML reader reports syntax errors, unknown keys and wrong types by place. A contradiction is found in the values that
//! were read, with the path of the value that it is about; [`LocatedError::located`] turns the path into a place.

use saphyr::{LoadableYamlNode, MarkedYaml};
use serde::de::DeserializeOwned;

use digdag_task::Failure;

/// Reads a file of declarations. `file` names it in messages, which begin with it, the line and the column.
///
/// # Errors
/// Fails on invalid YAML, unknown keys and wrong types, and with the contradiction that `first_error` finds.
pub fn parse<T: DeserializeOwned>(
    file: &str,
    text: &str,
    hint: &str,
    first_error: impl FnOnce(&T) -> Option<LocatedError>,
) -> anyhow::Result<T> {
    let parsed: T = serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        Failure::parameters(format!("{file}{place}: {}", without_place(&error.to_string()))).hint(hint)
    })?;
    match first_error(&parsed) {
        None => Ok(parsed),
        Some(error) => Err(Failure::parameters(error.located(file, text)).hint(hint).into()),
    }
}

/// A step from a YAML value to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A contradiction and the path of the value that it is about.
#[derive(Clone, Debug)]
pub struct LocatedError {
    path: Vec<Step>,
    what: String,
}

impl LocatedError {
    /// Returns an error about the whole file.
    pub fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        LocatedError { path: Vec::new(), what }
    }

    /// Prepends a key of a mapping to the path.
    pub fn under(mut self, key: &str) -> Self {
        self.path.insert(0, Step::Key(key.to_owned()));
        self
    }

    /// Prepends a key and an index of the list under it to the path.
    pub fn at(mut self, key: &str, index: usize) -> Self {
        self.path.insert(0, Step::Index(index));
        self.under(key)
    }

    /// Returns `<file>:<line>:<column>: <what>`, both counted from 1.
    pub fn located(&self, file: &str, text: &str) -> String {
        let (line, column) = place(text, &self.path).unwrap_or((1, 1));
        format!("{file}:{line}:{column}: {}", self.what)
    }
}

/// Returns where the value at `path` begins, or the nearest value on the way to it.
fn place(text: &str, path: &[Step]) -> Option<(usize, usize)> {
    let documents = MarkedYaml::load_from_str(text).ok()?;
    let mut node = documents.first()?;
    for step in path {
        let inner = match step {
            Step::Key(key) => node.data.as_mapping_get(key),
            Step::Index(index) => node.data.as_sequence_get(*index),
        };
        let Some(inner) = inner else { break };
        node = inner;
    }
    Some((node.span.start.line(), node.span.start.col() + 1))
}

/// Strips the place from a message of the YAML reader; [`parse`] prints it in front.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what)
}
