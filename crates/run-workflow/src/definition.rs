//! A workflow file as a tree of tasks. All that is not understood is refused here, before anything runs.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::document::{Node, as_object};
use super::parameters::Parameters;
use super::{include, template};
use digdag_task::Failure;

/// Operators of Digdag 0.10 that run-workflow does not have. Any other unknown name fails its task, as in Digdag.
const OTHER_OPERATORS: [&str; 39] = [
    "bq",
    "bq_ddl",
    "bq_extract",
    "bq_load",
    "emr",
    "embulk",
    "fail",
    "for_each",
    "for_range",
    "gcs_wait",
    "http",
    "http_call",
    "loop",
    "mail",
    "notify",
    "param_get",
    "param_set",
    "pg",
    "rb",
    "redshift",
    "redshift_load",
    "redshift_unload",
    "require",
    "s3_copy",
    "s3_delete",
    "s3_move",
    "s3_touch",
    "s3_wait",
    "td",
    "td_ddl",
    "td_for_each",
    "td_load",
    "td_partial_delete",
    "td_result_export",
    "td_run",
    "td_table_export",
    "td_wait",
    "td_wait_table",
    "wait",
];

/// Keys that change how Digdag runs a task and that run-workflow does not have.
const OTHER_DIRECTIVES: [&str; 9] =
    ["_background", "_check", "_secrets", "_disable", "_after", "_type", "_command", "sla", "_reset_store"];

/// The folder with the workflow files, in which tasks run.
pub struct Project {
    folder: PathBuf,
}

/// A workflow file, with the workflows it calls.
#[derive(Debug)]
pub struct Workflow {
    /// `main` for main.dig.
    pub name: String,
    pub timezone: TimeZone,
    pub timezone_name: String,
    pub root: Task,
    /// What was accepted and has no effect, for the user to read.
    pub notes: Vec<String>,
}

#[derive(Debug)]
pub struct Task {
    /// The part of the name that this task adds to that of its parent: `+name`, `^sub` or `^error`.
    pub name: String,
    /// Its place in the order of the file, from 0 for the task that a file, a branch or an `_error` begins with.
    pub index: u64,
    /// How many tasks it stands for, itself included.
    pub size: u64,
    /// `_export`: parameters of this task and all beneath it.
    pub export: Parameters,
    /// Parameters of this task alone: every other key but the subtasks.
    pub parameters: Parameters,
    pub retries: u64,
    pub on_error: Option<Box<Task>>,
    pub body: Body,
}

#[derive(Debug)]
pub enum Body {
    /// `chunk` tasks run at a time; the next ones start when these have ended. One means one after the other.
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
    /// An operator that Digdag does not know either.
    Unknown(String),
}

impl Project {
    /// # Errors
    /// The folder does not exist.
    pub fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = folder.unwrap_or(Path::new("."));
        if folder.is_dir() {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            return Ok(Project { folder });
        }
        Err(Failure::parameters(format!("--project {}: no such folder", folder.display()))
            .hint("give the folder that holds the workflow file"))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads a workflow by its name or file name, with all that it includes and calls.
    ///
    /// # Errors
    /// Anything in these files that is not understood, by file and line.
    pub fn load(&self, name: &str) -> Result<Workflow, Failure> {
        let name = name.strip_suffix(".dig").unwrap_or(name);
        let name = name.strip_prefix("./").unwrap_or(name);
        // Digdag takes the files at the top of a project alone (its `WorkflowResourceMatcher`) and says the same.
        if let Some((folder, _)) = name.rsplit_once('/') {
            let hint = format!("cd {folder} first, or give --project {folder}; tasks run in the project folder");
            return Err(Failure::parameters(format!("workflow {name} is not in the project folder")).hint(hint));
        }
        let mut compiler = Compiler { project: self, calls: Vec::new(), notes: Vec::new() };
        let (root, timezone_name, timezone) = compiler.file(name)?;
        Ok(Workflow { name: name.to_owned(), timezone, timezone_name, root, notes: compiler.notes })
    }
}

struct Compiler<'a> {
    project: &'a Project,
    /// The workflows around the one being read, to notice one that calls itself.
    calls: Vec<String>,
    notes: Vec<String>,
}

impl Compiler<'_> {
    fn file(&mut self, name: &str) -> Result<(Task, String, TimeZone), Failure> {
        let (folder, file) = (&self.project.folder, format!("{name}.dig"));
        let text = fs::read_to_string(folder.join(&file)).map_err(|error| {
            let hint = format!("the project folder is {}; change to the right one or give --project", folder.display());
            Failure::parameters(format!("cannot read {file}: {error}")).hint(hint)
        })?;
        let document = include::resolve(folder, &file, &text)?;
        document.texts(&mut |place, text| {
            template::check(text).map_err(|what| {
                let hint = "use a plain parameter or one comparison such as ${artists.rows > 0}, or run it with Digdag";
                place.refuse(format!("run-workflow does not evaluate {what}"), hint)
            })
        })?;
        let mut timezone = ("UTC".to_owned(), TimeZone::UTC);
        let mut rest = Vec::new();
        for (key, node) in self.entries(&document)? {
            match key.as_str() {
                "timezone" => timezone = zone(node)?,
                "schedule" => self.notes.push(format!(
                    "{}: schedule is ignored: run-workflow runs once, now; Digdag's scheduler is what reads it",
                    node.place
                )),
                _ => rest.push((key.clone(), node)),
            }
        }
        if let Some((key, node)) = rest.iter().find(|(key, _)| key.ends_with('>')) {
            return Err(node.place.refuse(format!("{key} stands outside of any task"), "put it beneath +name:"));
        }
        self.calls.push(name.to_owned());
        let mut root = self.task(&format!("+{name}"), &document, &rest)?;
        self.calls.pop();
        number(&mut root, 0);
        Ok((root, timezone.0, timezone.1))
    }

    fn entries<'n>(&self, node: &'n Node) -> Result<&'n [(String, Node)], Failure> {
        node.entries().ok_or_else(|| node.place.refuse("keys are expected here", "write a task as a YAML map"))
    }

    /// A task that Digdag makes while it runs: it is numbered by itself.
    fn generated(&mut self, name: &str, node: &Node) -> Result<Box<Task>, Failure> {
        let mut task = self.subtask(name, node)?;
        number(&mut task, 0);
        Ok(Box::new(task))
    }

    fn subtask(&mut self, name: &str, node: &Node) -> Result<Task, Failure> {
        let entries: Vec<_> = self.entries(node)?.iter().map(|(key, node)| (key.clone(), node)).collect();
        self.task(name, node, &entries)
    }

    fn task(&mut self, name: &str, node: &Node, entries: &[(String, &Node)]) -> Result<Task, Failure> {
        let mut task = Task {
            name: name.to_owned(),
            index: 0,
            size: 1,
            export: Parameters::new(),
            parameters: Parameters::new(),
            retries: 0,
            on_error: None,
            body: Body::Group { children: Vec::new(), chunk: 1 },
        };
        let operators: Vec<_> = entries.iter().filter(|(key, _)| key.ends_with('>')).collect();
        if let [_, (second, place), ..] = operators[..] {
            return Err(place
                .place
                .refuse(format!("{name} has a second operator, {second}"), "give each its own task"));
        }
        for (key, value) in entries {
            let place = &value.place;
            match key.as_str() {
                "_export" => task.export = as_object(self.entries(value)?),
                "_error" => task.on_error = Some(self.generated("^error", value)?),
                "_retry" => task.retries = retries(value)?,
                key if OTHER_DIRECTIVES.contains(&key) => {
                    return Err(place.refuse(format!("run-workflow has no {key}"), RUN_WITH_DIGDAG));
                }
                _ => {}
            }
        }
        match operators.first() {
            None => task.body = self.group(name, entries)?,
            Some((operator, command)) => {
                task.body = self.operator(name, operator, command, entries)?;
                let keep = |(key, _): &&(String, &Node)| !matches!(key.as_str(), "_export" | "_error");
                task.parameters = entries.iter().filter(keep).map(|(key, node)| (key.clone(), node.value())).collect();
                if task.retries > 0 && matches!(task.body, Body::Call(_) | Body::If { .. }) {
                    let hint = "put _retry on the py> or sh> task itself";
                    return Err(node.place.refuse(format!("_retry on {name}, which has {operator}"), hint));
                }
            }
        }
        Ok(task)
    }

    fn group(&mut self, name: &str, entries: &[(String, &Node)]) -> Result<Body, Failure> {
        let mut children = Vec::new();
        let mut parallel = Some(1);
        for (key, node) in entries {
            match key.as_str() {
                "_export" | "_error" | "_retry" => {}
                "_parallel" => parallel = chunk(node)?,
                "_env" => {
                    let hint = "Digdag gives _env only to the task that holds it; put it on the py> and sh> tasks";
                    return Err(node.place.refuse(format!("_env on {name}, which has no operator"), hint));
                }
                key if key.starts_with('+') => children.push(self.named(key, node)?),
                key => {
                    let hint = "parameters of a group reach no task; write them beneath _export";
                    return Err(node.place.refuse(format!("{key} on {name}, which has no operator"), hint));
                }
            }
        }
        let chunk = parallel.unwrap_or(children.len()).max(1);
        Ok(Body::Group { children, chunk })
    }

    fn named(&mut self, key: &str, node: &Node) -> Result<Task, Failure> {
        // The name becomes the name of a state file.
        if key.len() == 1 || key[1..].contains(|c: char| c == '/' || c == '+' || c == '^' || c.is_whitespace()) {
            let hint = "use letters, digits, - and _ behind the +";
            return Err(node.place.refuse(format!("'{key}' is no name of a task"), hint));
        }
        self.subtask(key, node)
    }

    fn operator(
        &mut self,
        name: &str,
        operator: &str,
        command: &Node,
        entries: &[(String, &Node)],
    ) -> Result<Body, Failure> {
        for (key, node) in entries {
            let misplaced = key.starts_with('+')
                || key == "_parallel"
                || (matches!(key.as_str(), "_do" | "_else_do") && operator != "if>")
                || (key.starts_with('_')
                    && !["_export", "_error", "_retry", "_env", "_do", "_else_do"].contains(&key.as_str()));
            if misplaced && !OTHER_OPERATORS.contains(&operator.trim_end_matches('>')) {
                let hint = "a task with an operator takes parameters, _export, _env, _retry and _error";
                return Err(node.place.refuse(format!("{key} on {name}, which has {operator}"), hint));
            }
            if key == "_env" {
                check_environment(node)?;
            }
        }
        Ok(match operator {
            "py>" => Body::Py,
            "sh>" => Body::Sh,
            "echo>" => Body::Echo,
            "call>" => Body::Call(Box::new(self.called(command)?)),
            "if>" => {
                let mut branch = |name: &str| {
                    let found = entries.iter().find(|(key, _)| key == name);
                    found.map(|(_, node)| self.generated("^sub", node)).transpose()
                };
                let (then, otherwise) = (branch("_do")?, branch("_else_do")?);
                if then.is_none() && otherwise.is_none() {
                    return Err(command.place.refuse(format!("{name} has neither _do nor _else_do"), "add _do:"));
                }
                Body::If { then, otherwise }
            }
            other if OTHER_OPERATORS.contains(&other.trim_end_matches('>')) => {
                return Err(command.place.refuse(format!("run-workflow has no operator {other}"), RUN_WITH_DIGDAG));
            }
            other => Body::Unknown(other.trim_end_matches('>').to_owned()),
        })
    }

    fn called(&mut self, command: &Node) -> Result<Task, Failure> {
        let place = &command.place;
        let Value::String(target) = command.value() else {
            return Err(place.refuse("call> wants the name of a workflow file", "write call>: other.dig"));
        };
        if target.contains("${") {
            return Err(place.refuse(format!("call> of '{target}'"), "write the name out: it is read before tasks run"));
        }
        let name = target.strip_suffix(".dig").unwrap_or(&target);
        if self.calls.iter().any(|outer| outer == name) {
            return Err(place.refuse(format!("'{target}' calls itself"), "break the circle"));
        }
        let file = Path::new(name).with_extension("dig");
        if name.contains('/') || !self.project.folder.join(&file).is_file() {
            let hint = format!("a called workflow lies in the project folder, {}", self.project.folder.display());
            return Err(place.refuse(format!("call> of '{target}', which does not exist"), hint));
        }
        let (mut task, ..) = self.file(name)?;
        task.name = "^sub".to_owned();
        Ok(task)
    }
}

const RUN_WITH_DIGDAG: &str = "write it without, or run the workflow with Digdag";

fn zone(node: &Node) -> Result<(String, TimeZone), Failure> {
    let hint = "write a name such as UTC or Europe/Berlin";
    let Value::String(name) = node.value() else { return Err(node.place.refuse("timezone is no text", hint)) };
    let zone = TimeZone::get(&name).map_err(|_| node.place.refuse(format!("timezone {name} is not known"), hint))?;
    Ok((name, zone))
}

fn retries(node: &Node) -> Result<u64, Failure> {
    let refuse = || node.place.refuse("_retry is supported as a plain number only", "write _retry: 3");
    node.value().as_u64().ok_or_else(refuse)
}

/// The tasks that run at a time; `None` for all of them. Digdag cuts a group with a limit into chunks, and a chunk
/// starts when all of the one before has ended (its `WorkflowCompiler`).
fn chunk(node: &Node) -> Result<Option<usize>, Failure> {
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

fn check_environment(node: &Node) -> Result<(), Failure> {
    let hint = "write _env: {name: text}";
    let entries = node.entries().ok_or_else(|| node.place.refuse("_env is no map", hint))?;
    for (name, value) in entries {
        if !matches!(value.value(), Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            return Err(value.place.refuse(format!("_env: {name} is neither text, number nor boolean"), hint));
        }
    }
    Ok(())
}

/// Numbers a task and its subtasks in the order of the file; gives the number behind them.
fn number(task: &mut Task, first: u64) -> u64 {
    task.index = first;
    let mut next = first + 1;
    if let Body::Group { children, .. } = &mut task.body {
        for child in children {
            next = number(child, next);
        }
    }
    task.size = next - first;
    next
}
