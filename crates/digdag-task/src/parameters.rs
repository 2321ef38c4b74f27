//! Flag over JSON over environment over default, under one name.
//!
//! Each parameter is a clap argument with a long flag. For those the command line does not give, the value is
//! looked up in the JSON and then in the environment, under the argument's id (`run_id`), and handed to clap as if it
//! had been typed. So there is one parser, one set of value checks, and one help text.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Args, Parser};
use serde_json::{Map, Value};

use super::{Failure, Switch, digdag};

// How Digdag's py> operator calls a task; the same flags serve scripts. Not a doc comment: clap would take it for the
// description of the task.
#[derive(Args)]
struct CallArgs {
    /// JSON file with parameters: an object, or Digdag's {"params": {…}}
    #[arg(long, value_name = "FILE", help_heading = "Calling")]
    params: Option<PathBuf>,

    /// Where to write the result for Digdag's py> operator
    #[arg(long, value_name = "FILE", help_heading = "Calling")]
    result: Option<PathBuf>,
}

const CONTRACT: &str = "\
Every parameter can be given as a flag, in the JSON file under its name with _ for -, or as an environment variable of \
that name; a flag beats the JSON, the JSON beats the environment. stdout carries one JSON line, the result.

Exit status: 0 done, already done or skipped; 1 unexpected; 2 parameters; 3 checks failed; 4 somebody else holds the \
lock; 5 bad or missing input; 6 an external service failed; 128+N stopped by signal N.";

pub(super) enum Resolved<P> {
    Task(P),
    /// What `--help` or `--version` asked for.
    Text(String),
}

/// Where the result goes, which is wanted even when the parameters turn out wrong.
pub(super) fn result_file(argv: &[OsString]) -> Option<PathBuf> {
    flag_value(argv, "result").map(PathBuf::from)
}

pub(super) fn resolve<P: Parser>(argv: Vec<OsString>) -> Result<Resolved<P>, Failure> {
    let json = match flag_value(&argv, "params") {
        Some(path) => digdag::read_parameters(&PathBuf::from(path))?,
        None => Map::new(),
    };
    let mut command = CallArgs::augment_args(P::command()).mut_args(switch).after_long_help_with_contract();
    command.build();

    let (values, sources) = values_behind_flags(&command, &argv, &json)?;
    let mut line: Vec<OsString> = argv.first().cloned().into_iter().collect();
    line.extend(values);
    line.extend(argv.into_iter().skip(1));

    let secrets = secrets(&command);
    // The environment was looked up already. Clap would take an empty variable for a value.
    let without_environment = command.clone().mut_args(|arg| arg.env(Resettable::Reset));
    match without_environment.try_get_matches_from(&line).and_then(|matches| P::from_arg_matches(&matches)) {
        Ok(task) => Ok(Resolved::Task(task)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // Again with the environment's names, which the help shows.
            let error = command.try_get_matches_from(&line).err().unwrap_or(error);
            Ok(Resolved::Text(error.render().to_string()))
        }
        Err(error) => Err(explain(&error, &sources, &secrets)),
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
    fn after_long_help_with_contract(self) -> Self;
}

impl WithContract for clap::Command {
    /// The task's own example, then what holds for every task.
    fn after_long_help_with_contract(self) -> Self {
        let own = self.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
        self.after_help(format!("{own}{CONTRACT}"))
    }
}

/// The value of `--name VALUE` or `--name=VALUE`, the last one, before any `--`.
fn flag_value(argv: &[OsString], name: &str) -> Option<OsString> {
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

type Sources = HashMap<String, String>;

/// The words that stand for parameters which the command line does not give, and where each came from.
fn values_behind_flags(
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
        // Digdag's sh> gives parameters under their own names; DISCOGS_DATA_LAKE and its like are set once by people.
        let names = [Some(OsStr::new(id)), arg.get_env()];
        for name in names.into_iter().flatten() {
            if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
                give(value, format!("the environment variable {}", name.display()));
                break;
            }
        }
    }
    Ok((words, sources))
}

fn is_parameter(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
        && arg.get_id() != "params"
        && arg.get_id() != "result"
}

/// A JSON value as the text that clap reads: a scalar, or a list of scalars where the parameter takes several.
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

fn secrets(command: &clap::Command) -> Vec<String> {
    command
        .get_arguments()
        .filter(|arg| arg.is_hide_env_values_set())
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect()
}

/// One line that names the parameter, says where its value came from and what is wrong with it.
fn explain(error: &clap::Error, sources: &Sources, secrets: &[String]) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let hint = "see --help for the parameters and an example";
    let Some(argument) = text(ContextKind::InvalidArg) else {
        return Failure::parameters(first_line(error)).hint(hint);
    };
    if error.kind() == ErrorKind::MissingRequiredArgument {
        let names = argument.split(", ").map(parameter_name).collect::<Vec<_>>().join(", ");
        return Failure::parameters(format!("parameter {names} is missing")).hint(hint);
    }
    let long = argument.trim_start_matches("--").split([' ', '=', '[']).next().unwrap_or_default().to_owned();
    let name = parameter_name(&argument);
    let source = sources.get(&long).cloned().unwrap_or_else(|| format!("the flag --{long}"));
    match (error.kind(), text(ContextKind::InvalidValue)) {
        (ErrorKind::ValueValidation | ErrorKind::InvalidValue, Some(value)) => {
            let shown = if secrets.contains(&long) { String::new() } else { format!(" \"{value}\"") };
            let reason = std::error::Error::source(error).map(|source| source.to_string());
            let choices = text(ContextKind::ValidValue).map(|values| format!("expected one of {values}"));
            let reason = reason.or(choices).unwrap_or_else(|| "not a value it takes".to_owned());
            Failure::parameters(format!("parameter {name} (from {source}):{shown}: {reason}")).hint(hint)
        }
        _ => Failure::parameters(first_line(error)).hint(hint),
    }
}

fn parameter_name(argument: &str) -> String {
    argument.trim_start_matches("--").split([' ', '=', '[']).next().unwrap_or_default().replace('-', "_")
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
