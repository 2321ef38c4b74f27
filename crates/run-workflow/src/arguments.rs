use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::Value;

use super::include;
use super::parameters::{Parameters, merge, set_dotted};
use digdag_task::Failure;

/// Runs a Digdag workflow on this machine, without Java and without Digdag.
///
/// It knows py>, sh>, echo>, call>, if>, _export, !include, ${name}, _parallel, _retry, _error and _env, and refuses
/// everything else by file and line before anything runs. A session that is run again goes on where it failed.
#[derive(Debug, Parser)]
#[command(
    name = "run-workflow",
    version,
    after_help = "\
Examples:
  run-workflow main.dig --session now -p dump_month=2026-11
  run-workflow main.dig -P production.yml --session '2026-11-20 00:00:00'

Exit status: 0 done, 1 a task failed, 2 the command line or a file is not understood, 128 + N stopped by signal N."
)]
pub struct Arguments {
    /// The workflow: main.dig, or main
    #[arg(value_name = "WORKFLOW")]
    pub workflow: String,

    /// Sets a parameter, as text; a.b=text sets b in a. It loses against _export
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE", value_parser = key_value, allow_hyphen_values = true)]
    given: Vec<(String, String)>,

    /// Reads parameters from a YAML file, with their types; -p wins against it
    #[arg(short = 'P', long, value_name = "FILE")]
    params_file: Option<PathBuf>,

    /// The session: last, today, daily, hourly, now, YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS"
    #[arg(short = 't', long, alias = "session-time", value_name = "TIME", default_value = "last")]
    pub session: String,

    /// The folder with the workflow files, in which tasks run [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,

    /// Runs all tasks, also those that succeeded in this session before
    #[arg(short = 'a', long, alias = "all")]
    pub rerun: bool,

    /// Where the state of sessions is kept, relative to the project folder
    #[arg(short = 'o', long, value_name = "DIR", default_value = ".digdag/status")]
    pub save: PathBuf,

    /// Keeps no state: neither skips tasks nor remembers them
    #[arg(long)]
    pub no_save: bool,
}

/// What a command line asks for.
pub enum Invocation {
    Run(Arguments),
    /// Help or version.
    Text(String),
}

impl Arguments {
    /// Reads the command line. A leading `run` is accepted, as in `digdag run main.dig`.
    ///
    /// # Errors
    /// The first thing that is wrong with it, on one line.
    pub fn parse(argv: impl Iterator<Item = OsString>) -> Result<Invocation, Failure> {
        let mut argv: Vec<OsString> = argv.collect();
        if argv.len() > 2 && argv[1] == "run" {
            argv.remove(1);
        }
        match Arguments::try_parse_from(argv) {
            Ok(arguments) => Ok(Invocation::Run(arguments)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                Ok(Invocation::Text(error.render().to_string()))
            }
            Err(error) => {
                let text = error.render().to_string();
                let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>();
                Err(Failure::parameters(lines.join(" ").trim_start_matches("error: "))
                    .hint("see --help for the options and an example"))
            }
        }
    }

    /// The parameters of `-P` and `-p`.
    ///
    /// # Errors
    /// The file cannot be read or is no YAML map; a dotted key leads into something that is no object.
    pub fn parameters(&self) -> Result<Parameters, Failure> {
        let mut params = Parameters::new();
        if let Some(path) = &self.params_file {
            let shown = path.display().to_string();
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::parameters(format!("-P {shown}: {error}")).hint("the path is relative to the current folder")
            })?;
            let folder = path.parent().unwrap_or(Path::new(""));
            match include::resolve(folder, &shown, &text)?.value() {
                Value::Object(fields) => merge(&mut params, &fields),
                Value::Null => {}
                _ => return Err(Failure::parameters(format!("-P {shown}: not a map")).hint("write key: value lines")),
            }
        }
        for (key, value) in &self.given {
            set_dotted(&mut params, key, Value::String(value.clone())).map_err(|part| {
                Failure::parameters(format!("-p {key}={value}: the parameter {part} is no object"))
                    .hint("set it whole in a file and give that with -P")
            })?;
        }
        Ok(params)
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.split('.').any(str::is_empty) => Ok((key.into(), value.into())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
