//! `promote`.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::lake::{RunId, SealedRun};
use digdag_task::{Call, Failure, Switch};

/// Point active at a sealed run
///
/// Verifies every file of the run against its manifest, keeps the previous active run under active__prev_<timestamp>, and
/// moves active by one rename. Skipped, with the reason, unless run_mode is prod and allow_promote is true.
#[derive(Debug, Parser)]
#[command(name = "promote", version, after_help = EXAMPLE)]
pub struct Promote {
    #[command(flatten)]
    pub lake: LakeArgs,

    /// The run of this workflow
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<RunId>,

    /// Another run to promote instead
    #[arg(long, value_name = "RUN_ID")]
    pub promote_run_id: Option<RunId>,

    /// Only prod publishes
    #[arg(long, value_name = "dev|prod|history", default_value = "dev")]
    pub run_mode: RunMode,

    /// Has to be true as well
    #[arg(long)]
    pub allow_promote: Switch,

    /// Verify the run and say what would be done, and do not do it
    #[arg(long)]
    pub dry_run: Switch,
}

/// What a workflow is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RunMode {
    /// Ends with a sealed run.
    Dev,
    /// May publish.
    Prod,
    /// Looks back over the runs.
    History,
}

impl RunMode {
    /// The name as it is given.
    pub fn name(self) -> &'static str {
        match self {
            RunMode::Dev => "dev",
            RunMode::Prod => "prod",
            RunMode::History => "history",
        }
    }
}

const EXAMPLE: &str = "\
Example:
  promote --lake /data/lake --run-id 2026-11__20261120_000000 --run-mode prod --allow-promote=true";

/// Runs `promote`.
pub fn main() -> ExitCode {
    super::task(promote)
}

/// Points `active` at a sealed run whose files are what its manifest says. Skipped, with the reason, unless
/// `run_mode=prod` and `allow_promote=true`.
fn promote(parameters: Promote, call: &mut Call) -> anyhow::Result<()> {
    let id = parameters.promote_run_id.or(parameters.run_id).ok_or_else(|| {
        Failure::parameters("parameter run_id is missing").hint("name the run to promote; lake-status lists them")
    })?;
    call.set_run_id(&id);
    if parameters.run_mode != RunMode::Prod {
        call.skipped(format!("run_mode is {}, only prod publishes", parameters.run_mode.name()));
        return Ok(());
    }
    if !parameters.allow_promote.is_on() {
        call.skipped("allow_promote is not true");
        return Ok(());
    }
    let lake = parameters.lake.open()?;
    let locked = lake.lock(call.name())?;
    let before = lake.active()?;
    call.set_detail("active_before", before.as_ref().map(RunId::as_str));
    if before.as_ref() == Some(&id) {
        locked.flush()?;
        call.already_done_because(format!("active is {id} already"));
        return Ok(());
    }
    let sealed = SealedRun::open_verified(&lake.run(&id)?, call)?;
    let was = before.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
    if parameters.dry_run.is_on() {
        call.skipped(format!("dry_run: active would move from {was} to {id}"));
        return Ok(());
    }
    locked.switch_to(&sealed)?;
    call.say(format_args!("active is {id} now, it was {was}"));
    Ok(())
}
