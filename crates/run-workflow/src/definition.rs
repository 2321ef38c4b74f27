//! Workflow files and the tree of tasks that they define.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::compiler::Compiler;
use super::document::Node;
use super::parameters::Parameters;
use super::{include, validity};
use digdag_task::Failure;

/// The folder of the workflow files, in which tasks run.
pub struct Project {
    folder: PathBuf,
}

/// A workflow file, with the workflows it calls.
#[derive(Debug)]
pub struct Workflow {
    /// The file name without `.dig`.
    pub name: String,
    /// The time zone of sessions.
    pub timezone: TimeZone,
    /// The name of the time zone, as `timezone:` gives it.
    pub timezone_name: String,
    /// The task that contains all others.
    pub root: Task,
}

/// A task with its subtasks.
#[derive(Debug)]
pub struct Task {
    /// The part that this task adds to the full name of its parent: `+name`, `^sub` or `^error`.
    pub name: String,
    /// The position in the file, counted from the task that a file, a branch or an `_error` starts with.
    pub index: u64,
    /// The number of tasks in this tree, this one included.
    pub size: u64,
    /// `_export`: parameters of this task and its descendants.
    pub export: Parameters,
    /// Parameters of this task alone: every other key except the subtasks.
    pub parameters: Parameters,
    /// The number of repetitions after a failure.
    pub retries: u64,
    /// The task of `_error`, which runs after a failure.
    pub on_error: Option<Box<Task>>,
    /// The work of the task.
    pub body: Body,
}

/// The action of a task.
#[derive(Debug)]
pub enum Body {
    /// Subtasks, of which `chunk` run at a time; the next chunk starts when every task of the previous one has ended. A
    /// chunk of 1 runs them in sequence.
    Group {
        children: Vec<Task>,
        chunk: usize,
    },
    Py,
    Sh,
    Echo,
    Call(Box<Task>),
    If {
        then: Option<Box<Task>>,
        otherwise: Option<Box<Task>>,
    },
    /// An operator that Digdag does not define either; the task fails.
    Unknown(String),
}

impl Project {
    /// Opens the project in `folder`, or in the current folder.
    ///
    /// # Errors
    /// Returns an error if the folder does not exist.
    pub fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = folder.unwrap_or(Path::new("."));
        if folder.is_dir() {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            return Ok(Project { folder });
        }
        Err(Failure::parameters(format!("--project {}: no such folder", folder.display()))
            .hint("give the folder that holds the workflow file"))
    }

    /// Returns the folder of the workflow files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Loads a workflow by its name or file name, with everything that it includes and calls.
    ///
    /// # Errors
    /// Returns an error if something in these files is not supported, or any workflow of the project is invalid: Digdag
    /// validates all of them before it runs one.
    pub fn load(&self, name: &str) -> Result<Workflow, Failure> {
        let name = name.strip_suffix(".dig").unwrap_or(name);
        let name = name.strip_prefix("./").unwrap_or(name);
        // Digdag loads the files at the top of a project only (its `WorkflowResourceMatcher`), with the same advice.
        if let Some((folder, _)) = name.rsplit_once('/') {
            let hint = format!("cd {folder} first, or give --project {folder}; tasks run in the project folder");
            return Err(Failure::parameters(format!("workflow {name} is not in the project folder")).hint(hint));
        }
        let workflow = Compiler::new(self).workflow(name)?;
        for sibling in self.siblings(name) {
            self.document(&sibling)?;
        }
        Ok(workflow)
    }

    /// Reads and validates the file of a workflow.
    ///
    /// # Errors
    /// Returns an error if Digdag would refuse the file.
    pub fn document(&self, name: &str) -> Result<Node, Failure> {
        let (folder, file) = (&self.folder, format!("{name}.dig"));
        let text = fs::read_to_string(folder.join(&file)).map_err(|error| {
            let hint = format!("the project folder is {}; change to the right one or give --project", folder.display());
            Failure::parameters(format!("cannot read {file}: {error}")).hint(hint)
        })?;
        let document = include::resolve(folder, &file, &text)?;
        validity::check(name, &document)?;
        Ok(document)
    }

    /// Lists the other workflows of the project, in the order of their names.
    fn siblings(&self, name: &str) -> Vec<String> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let names = files.filter_map(|file| file.to_str()?.strip_suffix(".dig").map(str::to_owned));
        let mut siblings: Vec<_> = names.filter(|found| !found.starts_with('.') && found != name).collect();
        siblings.sort();
        siblings
    }
}
