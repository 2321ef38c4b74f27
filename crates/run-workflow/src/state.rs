//! What a session has done: a file for each task that succeeded, with the values it stored. A rerun of the session
//! skips these tasks. The files lie where Digdag keeps its own and name the same things; only run-workflow reads them.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use digdag_task::Failure;

const SUCCESS: &str = "success";

/// A task that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    full_name: String,
    state: String,
    /// The branch that an `if>` took: a rerun takes the same, whatever the condition is by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<bool>,
    result: Stored,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    store_params: Parameters,
}

impl Done {
    pub fn new(full_name: &str, store_params: Parameters, branch: Option<bool>) -> Self {
        let result = Stored { store_params };
        Done { full_name: full_name.to_owned(), state: SUCCESS.to_owned(), branch, result }
    }

    pub fn store_params(&self) -> &Parameters {
        &self.result.store_params
    }
}

/// The state of one session.
pub struct State {
    folder: PathBuf,
    keeps: bool,
    before: HashMap<String, Done>,
}

impl State {
    /// `resumes`: skip what succeeded before. `keeps`: read and write files at all.
    ///
    /// # Errors
    /// A file of the session cannot be read.
    pub fn open(folder: PathBuf, resumes: bool, keeps: bool) -> Result<Self, Failure> {
        let mut before = HashMap::new();
        if resumes && keeps {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == "yml") {
                    let done = read(&path).map_err(|error| {
                        Failure::parameters(format!("cannot read the state of a task, {}: {error}", path.display()))
                            .hint("remove the file to run the task again, or give --rerun to run all tasks again")
                    })?;
                    if done.state == SUCCESS {
                        before.insert(done.full_name.clone(), done);
                    }
                }
            }
        }
        Ok(State { folder, keeps, before })
    }

    /// Where the files are, if there are any.
    pub fn folder(&self) -> Option<&Path> {
        self.keeps.then_some(&self.folder)
    }

    /// What the task did in an earlier run of this session.
    pub fn before(&self, task: &str) -> Option<&Done> {
        self.before.get(task)
    }

    /// # Errors
    /// The file cannot be written; it is not there then, or the one from before is.
    pub fn keep(&self, done: &Done) -> io::Result<()> {
        if !self.keeps {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(serde_yaml::to_string(done).map_err(io::Error::other)?.as_bytes())?;
        file.persist(self.folder.join(format!("{}.yml", done.full_name)))?;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Done> {
    serde_yaml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
}
