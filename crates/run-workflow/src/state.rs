//! The state of a session: a file for each task that succeeded, with the values it stored. A resumed session skips
//! these tasks.
//!
//! ```text
//! <project>/.run-workflow/sessions/20261120T000000+0000/
//!     +main+preflight.yml   a task that succeeded
//!     main.lock             held while the workflow `main` runs in this session
//!     main.origin.json      the month and the lake that the session began with
//! ```
//!
//! Digdag must not find these files: it waits for ever in a session whose state it did not write itself. So they are
//! not in `.digdag`.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use super::origin::Origin;
use super::parameters::Parameters;
use digdag_task::{Class, Failure};

/// The default of `--save`.
pub const FOLDER: &str = ".run-workflow/sessions";

const SUCCESS: &str = "success";

/// The part of the previous attempt that a resumed session restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// As `digdag run`: every task that succeeded is skipped, and its stored values are restored.
    Run,
    /// As `digdag retry --resume` on a server: values stored under a successful `call>` or `if>` are lost.
    Server,
    /// All tasks run again.
    None,
}

/// A task that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Success {
    full_name: String,
    state: String,
    /// The branch that an `if>` took. A resumed session takes it again, regardless of the condition by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<bool>,
    result: Stored,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    store_params: Parameters,
}

impl Success {
    /// Returns the success of a task with the values that it stored; `branch` is the branch that an `if>` took.
    pub fn new(full_name: &str, store_params: Parameters, branch: Option<bool>) -> Self {
        let result = Stored { store_params };
        Success { full_name: full_name.to_owned(), state: SUCCESS.to_owned(), branch, result }
    }

    /// Returns the values that the task stored.
    pub fn store_params(&self) -> &Parameters {
        &self.result.store_params
    }
}

/// The state of one session, locked for one workflow.
pub struct State {
    folder: PathBuf,
    resume: Resume,
    /// Held until the workflow ends; `None` if no state is kept.
    lock: Option<File>,
    successes: Mutex<HashMap<String, Success>>,
}

impl State {
    /// Opens and locks the state of a session.
    ///
    /// # Errors
    /// Returns an error if another process runs the workflow in this session, the session began with another month or
    /// lake, or a file of the session cannot be read.
    pub fn open(folder: PathBuf, workflow: &str, resume: Resume, origin: &Origin) -> Result<Self, Failure> {
        let lock = lock(&folder, workflow)?;
        let mut successes = HashMap::new();
        if resume != Resume::None {
            origin.check(&folder, workflow)?;
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == "yml") {
                    let success = read(&path).map_err(|error| {
                        Failure::parameters(format!("cannot read the state of a task, {}: {error}", path.display()))
                            .hint("remove the file to run the task again, or give --rerun to run all tasks again")
                    })?;
                    if success.state == SUCCESS {
                        successes.insert(success.full_name.clone(), success);
                    }
                }
            }
        }
        origin.write(&folder, workflow).map_err(|error| unwritable(&folder, &error))?;
        Ok(State { folder, resume, lock: Some(lock), successes: Mutex::new(successes) })
    }

    /// Returns a state that neither skips nor remembers tasks.
    pub fn none() -> Self {
        State { folder: PathBuf::new(), resume: Resume::None, lock: None, successes: Mutex::default() }
    }

    /// Returns the folder of the files, if state is kept.
    pub fn folder(&self) -> Option<&Path> {
        self.lock.as_ref().map(|_| self.folder.as_path())
    }

    /// Returns the success of a task, in an earlier attempt or in this one: a retried group skips its members that
    /// succeeded.
    pub fn success(&self, task: &str) -> Option<Success> {
        self.successes().get(task).cloned()
    }

    /// Returns whether the descendants of a successful `call>` or `if>` are lost, with the values that they stored.
    pub fn forgets_descendants(&self) -> bool {
        self.resume == Resume::Server
    }

    /// Remembers a task that succeeded.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written; the previous one, if any, is unchanged.
    pub fn remember(&self, success: Success) -> io::Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(serde_yaml::to_string(&success).map_err(io::Error::other)?.as_bytes())?;
        file.persist(self.folder.join(format!("{}.yml", success.full_name)))?;
        // With --rerun, Digdag does not read its files during the run either.
        if self.resume != Resume::None {
            self.successes().insert(success.full_name.clone(), success);
        }
        Ok(())
    }

    fn successes(&self) -> MutexGuard<'_, HashMap<String, Success>> {
        self.successes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Locks a session for a workflow. The system releases the lock when the process ends.
fn lock(folder: &Path, workflow: &str) -> Result<File, Failure> {
    let path = folder.join(format!("{workflow}.lock"));
    let open = || {
        fs::create_dir_all(folder)?;
        File::options().read(true).write(true).create(true).truncate(false).open(&path)
    };
    let mut file = open().map_err(|error| unwritable(folder, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.is_empty() { "another process".to_owned() } else { format!("process {holder}") };
            let session = folder.file_name().unwrap_or_default().display();
            let message = format!("session {session} of {workflow} is locked by {holder}, which is running it");
            let hint = "wait for it to end, or begin another session with --session \"$(date -u '+%F %T')\"";
            return Err(Failure::new(Class::Locked, message).hint(hint));
        }
        Err(TryLockError::Error(error)) => return Err(unwritable(folder, &error)),
    }
    let pid = std::process::id().to_string();
    let record = file.set_len(0).and_then(|()| file.write_all(pid.as_bytes()));
    record.map_err(|error| unwritable(folder, &error))?;
    Ok(file)
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    Failure::parameters(format!("cannot keep the state of the session in {}: {error}", folder.display()))
        .hint("give --save a folder that can be written, or --no-save")
}

fn read(path: &Path) -> io::Result<Success> {
    serde_yaml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
}
