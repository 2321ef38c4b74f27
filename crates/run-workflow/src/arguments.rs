//! The command line of run-workflow: the options of `digdag run` that it has.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::Value;

use super::include;
use super::parameters::{Parameters, merge, set_dotted};
use super::state::Resume;
use digdag_task::Failure;

/// Run a Digdag workflow on this machine, without Java and without Digdag
///
/// Supports py>, sh>, echo>, call>, if>, _export, !include, ${name}, _parallel, _retry, _error and _env, and refuses
/// everything else by file and line before any task runs. A session that is run again resumes where it failed.
#[derive(Debug, Parser)]
#[command(
    name = "run-workflow",
    version,
    after_help = "\
Examples:
  run-workflow main.dig --session \"$(date -u '+%F %T')\" -p dump_month=2026-11
  run-workflow main.dig -P production.yml --session '2026-11-20 00:00:00'

Exit status: 0 done, 1 a task failed, 2 an error in the command line or in a file, 4 another process runs the session,
128 + N stopped by signal N."
)]
pub struct Arguments {
    /// Workflow to run: main.dig, or main
    #[arg(value_name = "WORKFLOW")]
    pub workflow: String,

    /// Set a parameter, as text; a.b=text sets b in a. An _export overrides it
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE", value_parser = key_value, allow_hyphen_values = true)]
    given: Vec<(String, String)>,

    /// Read parameters from a YAML file, with their types; -p overrides them
    #[arg(short = 'P', long, value_name = "FILE")]
    params_file: Option<PathBuf>,

    /// Session: hourly, daily, last, "yyyy-MM-dd" or "yyyy-MM-dd HH:mm:SS"
    #[arg(short = 't', long, alias = "session-time", value_name = "TIME", default_value = "last")]
    pub session: String,

    /// Folder of the workflow files, in which tasks run [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,

    /// Run all tasks, also those that succeeded in this session before
    #[arg(short = 'a', long, alias = "all")]
    rerun: bool,

    /// What a session that is run again takes from its last attempt
    #[arg(long, value_name = "run|server", default_value = "run", value_parser = resume_mode, conflicts_with = "rerun")]
    resume_as: Resume,

    /// Folder for the state of sessions, relative to the project folder
    #[arg(short = 'o', long, value_name = "DIR", default_value = super::state::FOLDER)]
    pub save: PathBuf,

    /// Keep no state: neither skip tasks nor remember them
    #[arg(long)]
    pub no_save: bool,

    /// Show the start of each task, and all that the tasks of this project report
    #[arg(long)]
    pub verbose: bool,
}

/// The action of a command line.
pub enum Invocation {
    Run(Arguments),
    /// Help or version.
    Text(String),
}

impl Arguments {
    /// Parses the command line. A leading `run` is accepted, as in `digdag run main.dig`.
    ///
    /// # Errors
    /// Returns the first error in the command line, on one line.
    pub fn parse(mut argv: Vec<OsString>) -> Result<Invocation, Failure> {
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

    /// Returns the part of the last attempt that a session restores when it is run again.
    pub fn resume(&self) -> Resume {
        if self.rerun { Resume::None } else { self.resume_as }
    }

    /// Returns the parameters of `-P` and `-p`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is not a YAML map, or a dotted key leads into a value that is not
    /// an object.
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
                Failure::parameters(format!("-p {key}={value}: the parameter {part} is not an object"))
                    .hint("set it whole in a file and give that with -P")
            })?;
        }
        Ok(params)
    }
}

fn resume_mode(text: &str) -> Result<Resume, String> {
    match text {
        "run" => Ok(Resume::Run),
        "server" => Ok(Resume::Server),
        _ => Err("expected run or server".to_owned()),
    }
}

/// Digdag trims the argument of `-p`.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.trim_matches(|c| c <= ' ').split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.split('.').any(str::is_empty) => Ok((key.into(), value.into())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
