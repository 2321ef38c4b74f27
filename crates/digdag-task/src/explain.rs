//! Converts an error of clap into one line.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Failure;
use super::parameters::Sources;

/// Returns a failure that names the parameter, the source of its value, and the error.
pub(super) fn explain(error: &clap::Error, sources: &Sources, command: &Command) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let suggested = text(ContextKind::SuggestedArg).or_else(|| text(ContextKind::SuggestedValue));
    let hint = match suggested {
        Some(suggested) => format!("did you mean {suggested}? --help lists the parameters"),
        None => "--help lists the parameters and an example".to_owned(),
    };
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
            let shown = if is_secret(command, &long) { String::new() } else { format!(" \"{value}\"") };
            let reason = std::error::Error::source(error).map(|source| source.to_string());
            let choices = text(ContextKind::ValidValue).filter(|values| !values.is_empty());
            let choices = choices.map(|values| format!("expected one of {values}"));
            let otherwise = if value.is_empty() { "the value is empty" } else { "not a value it takes" };
            let reason = reason.or(choices).unwrap_or_else(|| otherwise.to_owned());
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

/// Returns whether the value of a parameter must not be shown.
fn is_secret(command: &Command, long: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some(long) && arg.is_hide_env_values_set())
}
