//! Compiles a valid workflow file into a tree of tasks, and refuses everything that run-workflow does not support.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::definition::{Body, Project, Task, Workflow};
use super::directives::{check_environment, chunk, retries, timezone};
use super::document::{Content, Node, as_object};
use super::parameters::Parameters;
use super::{condition, template, validity};
use digdag_task::Failure;

/// Operators of Digdag 0.10 that run-workflow does not support. Any other unknown operator fails its task, as in
/// Digdag.
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

/// Directives that change how Digdag runs a task and that run-workflow does not support.
const OTHER_DIRECTIVES: [&str; 9] =
    ["_background", "_check", "_secrets", "_disable", "_after", "_type", "_command", "sla", "_reset_store"];

const RUN_WITH_DIGDAG: &str = "write it without, or run the workflow with Digdag";

/// Compiles the workflow files of a project into trees of tasks.
pub struct Compiler<'a> {
    project: &'a Project,
    /// The workflows that lead to the current one by `call>`.
    calls: Vec<String>,
}

impl<'a> Compiler<'a> {
    /// Returns a compiler for the workflows of a project.
    pub fn new(project: &'a Project) -> Self {
        Compiler { project, calls: Vec::new() }
    }

    /// Compiles the workflow with this name, and those that it calls.
    ///
    /// # Errors
    /// Returns an error if a file is invalid, or uses something that run-workflow does not support.
    pub fn workflow(&mut self, name: &str) -> Result<Workflow, Failure> {
        let (root, timezone_name, timezone) = self.file(name)?;
        Ok(Workflow { name: name.to_owned(), timezone, timezone_name, root })
    }

    fn file(&mut self, name: &str) -> Result<(Task, String, TimeZone), Failure> {
        let document = self.project.document(name)?;
        document.texts(&mut |place, text| {
            template::check(text).map_err(|what| {
                let hint = "use a plain parameter or one comparison such as ${artists.rows > 0}, or run it with Digdag";
                place.refuse(format!("run-workflow does not evaluate {what}"), hint)
            })
        })?;
        let mut zone = ("UTC".to_owned(), TimeZone::UTC);
        let mut rest = Vec::new();
        for (key, node) in self.entries(&document)? {
            match key.as_str() {
                "timezone" => zone = timezone(node)?,
                "schedule" => {
                    // Digdag takes the session time of `last` from it, and adds last_session_time and
                    // next_session_time.
                    let hint = "run the workflow with Digdag, or put the schedule into a workflow that calls this one";
                    return Err(node.place.refuse("run-workflow has no schedule", hint));
                }
                _ => rest.push((key.clone(), node)),
            }
        }
        if let Some((key, node)) = rest.iter().find(|(key, _)| key.ends_with('>')) {
            return Err(node.place.refuse(format!("{key} is outside of any task"), "put it under +name:"));
        }
        self.calls.push(name.to_owned());
        let mut root = self.task(&format!("+{name}"), &document, &rest)?;
        self.calls.pop();
        number(&mut root, 0);
        Ok((root, zone.0, zone.1))
    }

    fn entries<'n>(&self, node: &'n Node) -> Result<&'n [(String, Node)], Failure> {
        node.entries().ok_or_else(|| node.place.refuse("keys are expected here", "write a task as a YAML map"))
    }

    /// Compiles a task that Digdag generates while it runs; its numbers start at 0.
    fn generated(&mut self, name: &str, node: &Node) -> Result<Box<Task>, Failure> {
        validity::check_generated(name, node)?;
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
        let operator = entries.iter().find(|(key, _)| key.ends_with('>'));
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
        match operator {
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
                key if key.starts_with('+') => children.push(self.subtask(key, node)?),
                // Digdag ignores an unknown directive.
                _ => return Err(node.place.refuse(format!("{key} on {name}, which has no operator"), RUN_WITH_DIGDAG)),
            }
        }
        let chunk = parallel.unwrap_or(children.len()).max(1);
        Ok(Body::Group { children, chunk })
    }

    fn operator(
        &mut self,
        name: &str,
        operator: &str,
        command: &Node,
        entries: &[(String, &Node)],
    ) -> Result<Body, Failure> {
        for (key, node) in entries {
            let misplaced = key == "_parallel"
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
            "py>" | "sh>" | "echo>" => {
                require_text(name, operator, command)?;
                match operator {
                    "py>" => Body::Py,
                    "sh>" => Body::Sh,
                    _ => Body::Echo,
                }
            }
            "call>" => Body::Call(Box::new(self.called(command)?)),
            "if>" => {
                if !matches!(&command.content, Content::Scalar(Value::String(text)) if text.contains("${")) {
                    let hint = "write true, false or one ${expression}";
                    condition::read(&command.value()).map_err(|message| command.place.refuse(message, hint))?;
                }
                let mut branch = |name: &str| {
                    let found = entries.iter().find(|(key, node)| key == name && !node.is_empty());
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
            return Err(place.refuse("call> takes the name of a workflow file", "write call>: other.dig"));
        };
        if target.contains("${") {
            return Err(place
                .refuse(format!("call> of '{target}'"), "write the name out: run-workflow loads it before tasks run"));
        }
        let name = target.strip_suffix(".dig").unwrap_or(&target);
        if self.calls.iter().any(|outer| outer == name) {
            return Err(place.refuse(format!("'{target}' calls itself"), "break the circle"));
        }
        let file = Path::new(name).with_extension("dig");
        if name.contains('/') || !self.project.folder().join(&file).is_file() {
            let hint = format!("a called workflow lies in the project folder, {}", self.project.folder().display());
            return Err(place.refuse(format!("call> of '{target}', which does not exist"), hint));
        }
        let (mut task, ..) = self.file(name)?;
        task.name = "^sub".to_owned();
        Ok(task)
    }
}

/// Checks the command of an operator that runs a process or writes a text: Digdag fails a list, a map, and an empty
/// command.
fn require_text(name: &str, operator: &str, command: &Node) -> Result<(), Failure> {
    let found = match &command.content {
        Content::Scalar(Value::Null) => "nothing",
        Content::Scalar(_) => return Ok(()),
        Content::List(_) => "a list",
        Content::Map(_) => "a map",
    };
    Err(command.place.refuse(format!("{operator} of {name} expects text, found {found}"), "write one text"))
}

/// Numbers a task and its subtasks in the order of the file, and returns the next number.
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
