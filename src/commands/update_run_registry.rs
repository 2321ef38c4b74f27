//! `update-run-registry`: appends new, changed and removed runs to the registry.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::screen::counted;
use crate::history::update_registry;
use digdag_task::{Call, Switch};

/// Keep the registry of runs up to date
///
/// Reads the manifest of every run in the lake, and appends an event for each run that is new, gone or changed to
/// <lake>/_meta/discogs_history/registry/run_registry_events/. Appends nothing if nothing changed. The runs themselves
/// are not touched.
#[derive(Debug, Parser)]
#[command(name = "update-run-registry", version, after_help = EXAMPLE)]
pub struct UpdateRunRegistry {
    #[command(flatten)]
    lake: LakeArgs,

    /// Append an event for every run, changed or not
    #[arg(long)]
    confirm: Switch,

    /// Commit of this software, kept in the events [default: the commit named when it was built]
    #[arg(long, env = "DISCOGS_GIT_SHA", value_name = "SHA")]
    git_sha: Option<String>,

    /// Trino schema over the active run; the schema of another run is named after it
    #[arg(long, value_name = "NAME", default_value = "discogs", help_heading = "Trino")]
    trino_schema: String,
}

const EXAMPLE: &str = "\
Example:
  update-run-registry --lake /data/lake";

/// Runs `update-run-registry`.
pub fn main() -> ExitCode {
    super::task(update_run_registry)
}

fn update_run_registry(parameters: UpdateRunRegistry, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let git_sha = parameters.git_sha.as_deref().or(option_env!("DISCOGS_GIT_SHA"));
    let confirm = parameters.confirm.is_on();
    let update =
        update_registry(&lake, call.name(), &parameters.trino_schema, git_sha, confirm, call, call.observer())?;
    call.set_detail("runs", serde_json::to_value(&update.runs)?);
    call.set_metric("events", update.events);
    let runs: Vec<String> = update.runs.iter().map(|(status, count)| format!("{count} {status}")).collect();
    call.summary(format_args!("{} appended; runs: {}", counted(update.events, "event"), runs.join(", ")));
    if update.events == 0 {
        call.already_done();
    }
    Ok(())
}
