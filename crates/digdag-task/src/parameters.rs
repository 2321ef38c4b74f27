//! Resolves parameters: a flag beats the JSON, the JSON beats the environment, that beats the default.
//!
//! Each parameter is a clap argument with a long flag. For arguments that the command line lacks, the value is read
//! from the JSON and then from the environment, and passed to clap as if it had been typed. So there is one parser, one
//! set of value checks, and one help text.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Args, Parser};
use serde_json::{Map, Value};

use super::{Failure, Project, Switch, digdag, environment, explain};

// How Digdag's py> operator calls a task; the same flags serve scripts. Not a doc comment: clap would take it for the
// description of the task.
#[derive(Args)]
struct CallArgs {
    /// JSON file with parameters: an object, or Digdag's {"params": {…}}
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    params: Option<PathBuf>,

    /// File for the result, as Digdag's py> operator reads it; - is stdout
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    result: Option<PathBuf>,

    /// Show details on stderr
    #[arg(long, help_heading = HEADING)]
    verbose: Switch,
}

const HEADING: &str = "Calling";

const CONTRACT: &str = "\
Every parameter is read from its flag, from the JSON file under its name with _ for -, or from the environment variable \
beside it; a flag beats the JSON, the JSON beats the environment. Inside Digdag's sh> operator, which sets session_uuid, \
every parameter is also read from the variable of its own name. stdout carries one JSON line, the result.

Exit status: 0 done, already done or skipped; 1 unexpected; 2 parameters; 3 checks failed; 4 another process holds the \
lock; 5 bad or missing input; 6 an external service failed; 128+N stopped by signal N.";

pub(super) enum Resolved<P> {
    Task {
        task: P,
        /// The whole JSON.
        json: Map<String, Value>,
        verbose: bool,
    },
    /// The text of `--help` or `--version`.
    Text(String),
}

/// Returns the command of a task with the flags of every task.
pub(super) fn command<P: Parser>(project: &Project) -> clap::Command {
    let command = CallArgs::augment_args(P::command()).mut_args(switch).with_contract();
    command.mut_args(|arg| if is_parameter(&arg) { environment::shown(project, arg) } else { arg })
}

/// Returns the command of a program that is no task: without the flags of every task.
pub(super) fn program<P: Parser>(project: &Project) -> clap::Command {
    let command = P::command().mut_args(switch);
    command.mut_args(|arg| if is_parameter(&arg) { environment::shown(project, arg) } else { arg })
}

/// Resolves the parameters of a task.
///
/// # Errors
/// Returns a failure of class `Parameters` that names the parameter and where its value came from.
pub(super) fn resolve<P: Parser>(project: &Project, argv: Vec<OsString>) -> Result<Resolved<P>, Failure> {
    let json = match flag_value(&argv, "params") {
        Some(path) => digdag::read_parameters(&PathBuf::from(path))?,
        None => Map::new(),
    };
    let plain = CallArgs::augment_args(P::command()).mut_args(switch);
    resolve_as(project, argv, json, plain, command::<P>)
}

/// Resolves the parameters of a program that is no task.
///
/// # Errors
/// Like [`resolve`].
pub(super) fn resolve_program<P: Parser>(project: &Project, argv: Vec<OsString>) -> Result<Resolved<P>, Failure> {
    resolve_as(project, argv, Map::new(), P::command().mut_args(switch), program::<P>)
}

fn resolve_as<P: Parser>(
    project: &Project,
    argv: Vec<OsString>,
    json: Map<String, Value>,
    mut plain: clap::Command,
    with_help: fn(&Project) -> clap::Command,
) -> Result<Resolved<P>, Failure> {
    plain.build();
    let (values, sources) = values_behind_flags(project, &plain, &argv, &json)?;
    let mut words: Vec<OsString> = argv.first().cloned().into_iter().collect();
    words.extend(values);
    words.extend(argv.into_iter().skip(1));

    // The environment was read already; clap would accept an empty variable as a value.
    let without_environment = plain.clone().mut_args(|arg| arg.env(Resettable::Reset));
    let matched = without_environment.try_get_matches_from(&words).and_then(|matches| {
        // A program that is no task has no such flag.
        let verbose = matches.try_get_one::<Switch>("verbose").ok().flatten().is_some_and(|verbose| verbose.is_on());
        Ok((P::from_arg_matches(&matches)?, verbose))
    });
    match matched {
        Ok((task, verbose)) => Ok(Resolved::Task { task, json, verbose }),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // Parsed again, because only this command lists the variables in its help.
            let error = with_help(project).try_get_matches_from(&words).err().unwrap_or(error);
            Ok(Resolved::Text(error.render().to_string()))
        }
        Err(error) => Err(explain::explain(&error, &sources, &plain)),
    }
}

/// Completes an argument of type [`Switch`].
fn switch(arg: Arg) -> Arg {
    if arg.get_value_parser().type_id() != std::any::TypeId::of::<Switch>() {
        return arg;
    }
    let has_default = !arg.get_default_values().is_empty();
    let arg = arg.required(false).value_name("BOOLEAN").num_args(0..=1).default_missing_value("true");
    if has_default { arg } else { arg.default_value("false") }
}

trait WithContract {
    fn with_contract(self) -> Self;
}

impl WithContract for clap::Command {
    /// Appends the part of the help that every task shares to the task's own example.
    fn with_contract(self) -> Self {
        let own = self.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
        self.after_help(format!("{own}{CONTRACT}"))
    }
}

/// Returns the value of the last `--name VALUE` or `--name=VALUE` before any `--`.
pub(super) fn flag_value(argv: &[OsString], name: &str) -> Option<OsString> {
    let flag = format!("--{name}");
    let mut found = None;
    let mut words = argv.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if *word == *OsStr::new(&flag) {
            found = words.next().cloned();
        } else if let Some(value) = word.to_str().and_then(|word| word.strip_prefix(&format!("{flag}="))) {
            found = Some(value.into());
        }
    }
    found
}

fn typed(argv: &[OsString], long: &str) -> bool {
    let flag = format!("--{long}");
    argv.iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .filter_map(|word| word.to_str())
        .any(|word| word == flag || word.strip_prefix(&flag).is_some_and(|rest| rest.starts_with('=')))
}

/// The source of each value that is not from the command line, by long flag.
pub(super) type Sources = HashMap<String, String>;

/// Returns the command-line words for parameters that the command line lacks, and the source of each.
fn values_behind_flags(
    project: &Project,
    command: &clap::Command,
    argv: &[OsString],
    json: &Map<String, Value>,
) -> Result<(Vec<OsString>, Sources), Failure> {
    let mut words = Vec::new();
    let mut sources = Sources::new();
    for arg in command.get_arguments().filter(|arg| is_parameter(arg)) {
        let (id, Some(long)) = (arg.get_id().as_str(), arg.get_long()) else { continue };
        if typed(argv, long) {
            continue;
        }
        let mut give = |value: OsString, source: String| {
            let mut word = OsString::from(format!("--{long}="));
            word.push(value);
            words.push(word);
            sources.insert(long.to_owned(), source);
        };
        match json.get(id) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) => {
                for text in json_texts(id, arg, value)? {
                    give(text.into(), "the JSON parameters".to_owned());
                }
                continue;
            }
        }
        if let Some((name, value)) = environment::value(project, arg) {
            give(value, format!("the environment variable {}", name.display()));
        }
    }
    Ok((words, sources))
}

fn is_parameter(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
        && arg.get_id() != "params"
        && arg.get_id() != "result"
}

/// Converts a JSON value to the texts that clap parses: a scalar, or a list of scalars if the parameter takes several.
fn json_texts(id: &str, arg: &Arg, value: &Value) -> Result<Vec<String>, Failure> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let texts = match (value, arg.get_action()) {
        (Value::Array(values), ArgAction::Append) => values.iter().map(scalar).collect(),
        _ => scalar(value).map(|text| vec![text]),
    };
    texts.ok_or_else(|| {
        Failure::parameters(format!(
            "parameter {id} (from the JSON parameters): expected a text, a number or a boolean"
        ))
    })
}
