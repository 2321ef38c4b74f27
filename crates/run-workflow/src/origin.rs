//! The month and the lake that a session began with. A session that is resumed for another month or lake would skip its
//! tasks and report success for a month that was never built.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::definition::{Project, Task};
use super::parameters::{Parameters, merge};
use super::template::{self, Scope};
use digdag_task::Failure;

/// The parameters that identify the result of a session.
const KEYS: [&str; 2] = ["dump_month", "lake"];

/// The environment variable with the default of the parameter `lake`.
const LAKE_VARIABLE: &str = "DISCOGS_DATA_LAKE";

/// The values of [`KEYS`] that are known before the first task.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(BTreeMap<String, String>);

impl Origin {
    /// Returns the origin of a workflow with the parameters of the command line, its own `_export` included.
    pub fn of(root: &Task, given: &Parameters, project: &Project) -> Self {
        let mut params = given.clone();
        merge(&mut params, &root.export);
        let mut found = BTreeMap::new();
        for key in KEYS {
            let value = match params.get(key) {
                Some(Value::String(text)) => render(text, &params),
                Some(value) => Some(value.to_string()),
                None if key == "lake" => env::var(LAKE_VARIABLE).ok().filter(|value| !value.is_empty()),
                None => None,
            };
            if let Some(value) = value {
                found.insert(key.to_owned(), if key == "lake" { absolute(project, &value) } else { value });
            }
        }
        Origin(found)
    }

    /// Checks that a session did not begin with other values. A value that is missing on either side is not
    /// compared.
    ///
    /// # Errors
    /// Returns an error if a value differs; the message names both.
    pub fn check(&self, folder: &Path, workflow: &str) -> Result<(), Failure> {
        let path = path(folder, workflow);
        let Ok(bytes) = fs::read(&path) else { return Ok(()) };
        let begun: Origin = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::parameters(format!("cannot read the origin of the session, {}: {error}", path.display()))
                .hint("give --rerun to run all tasks again")
        })?;
        for (key, value) in &self.0 {
            if let Some(before) = begun.0.get(key).filter(|before| *before != value) {
                let message = format!("this session of {workflow} began with {key} {before}, not {value}");
                let hint = "begin another session with --session \"$(date -u '+%F %T')\"";
                return Err(Failure::parameters(message).hint(hint));
            }
        }
        Ok(())
    }

    /// Writes the origin of a session.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self, folder: &Path, workflow: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.persist(path(folder, workflow))?;
        Ok(())
    }
}

fn path(folder: &Path, workflow: &str) -> std::path::PathBuf {
    folder.join(format!("{workflow}.origin.json"))
}

/// Evaluates a text; returns `None` if it cannot be evaluated before the first task.
fn render(text: &str, params: &Parameters) -> Option<String> {
    let siblings = Map::new();
    template::render(text, Scope { siblings: &siblings, params }).ok()
}

/// Makes the path of a lake absolute. A relative path starts at the project folder, in which tasks run.
fn absolute(project: &Project, lake: &str) -> String {
    project.folder().join(lake).components().collect::<std::path::PathBuf>().display().to_string()
}
