use std::path::PathBuf;

use clap::Args;

use super::screen::bytes;
use crate::lake::{Lake, Run, RunId, SealedRun};
use digdag_task::{Call, Failure, boolean};

/// What verify-run takes.
#[derive(Args, Debug)]
pub struct VerifyParameters {
    /// The lake's folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: PathBuf,

    /// The run to verify [default: the active one]
    #[arg(long, value_name = "RUN_ID")]
    pub run_id: Option<RunId>,

    /// Take the manifest of a run that was copied here for the one it was sealed with, if its files agree with it
    #[arg(long, value_name = "BOOLEAN", default_value = "false", num_args = 0..=1,
          default_missing_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    pub accept_seal: bool,
}

/// Reads every file of a run and holds it to what was written: a sealed run to its manifest, the manifest to the digest
/// that the lake keeps; an open run to its datasets.
pub fn verify_run(parameters: VerifyParameters, call: &mut Call) -> anyhow::Result<()> {
    let lake = Lake::open(&parameters.lake)?;
    let active = lake.active();
    let id = match (&parameters.run_id, &active) {
        (Some(id), _) => id.clone(),
        (None, Ok(Some(id))) => id.clone(),
        (None, _) => lake.published("name the run with --run-id; lake-status lists them")?,
    };
    call.set_run_id(&id);
    let run = lake.run(&id)?;
    if !run.is_sealed()? {
        return verify_open(&run, active.ok().flatten() == Some(id), call);
    }
    let mut sealed = SealedRun::open(&run)?;
    let differences = sealed.differences()?;
    call.set_detail("state", "sealed");
    call.set_detail("differences", differences.clone());
    for difference in &differences {
        call.say(difference);
    }
    sealed.hold_to(&differences)?;
    let unknown = !sealed.is_anchored();
    if parameters.accept_seal && unknown {
        sealed.accept(&lake.lock(call.name())?)?;
    }
    sealed.refuse_unknown_seal()?;
    call.set_detail("seal", if unknown { "accepted" } else { "known" });
    for dataset in &sealed.manifest().datasets {
        call.add_table(dataset.count());
    }
    let files = &sealed.manifest().files;
    let size: u64 = files.iter().map(|file| file.bytes).sum();
    call.say(format_args!("run {} is what was sealed: {} files, {}", run.id(), files.len(), bytes(size)));
    Ok(())
}

fn verify_open(run: &Run, active: bool, call: &mut Call) -> anyhow::Result<()> {
    call.set_detail("state", "open");
    if active {
        return Err(Failure::input(format!("run {} is active and has no manifest", run.id()))
            .hint("rollback brings back what was published before")
            .into());
    }
    let datasets = run.verify_datasets()?;
    for dataset in &datasets {
        call.add_table(dataset.count());
    }
    call.say(format_args!("run {} is not sealed; its {} tables are what was written", run.id(), datasets.len()));
    Ok(())
}
