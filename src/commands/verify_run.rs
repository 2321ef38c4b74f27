//! `verify-run`: compares every file of a run with its manifest.

use std::process::ExitCode;

use clap::Parser;
use lake_catalog::Access;

use super::LakeArgs;
use super::screen::{bytes, counted};
use crate::lake::{Lake, Run, RunId, SealedRun};
use crate::store::{RemoteLake, WarehouseArgs, verify};
use crate::tables::iceberg::{CatalogArgs, Tables};
use digdag_task::{Call, Failure, Switch};

/// Compare every file of a run with what was written
///
/// Reads every file of a sealed run and compares it with the run's _manifest.json, and that with the digest that the
/// lake keeps in _meta/seals. A file that was changed, added, removed or swapped is named, and the exit status is 5. A
/// run that is not sealed is compared with the descriptions of its datasets. Also counts the run's snapshots in the
/// Iceberg tables.
///
/// With a warehouse, verifies the copy of the run there instead: its manifest, and the length and the checksum that the server
/// keeps of each object. full=true reads all bytes.
///
/// A run that was copied from another lake has no digest here, and is not promoted. If you trust it, pass
/// accept_seal=true: the digest of its manifest is kept, provided that all its files agree with it. To carry the trust
/// along, copy <lake>/_meta/seals with the run.
#[derive(Debug, Parser)]
#[command(name = "verify-run", version, after_help = EXAMPLE)]
pub struct VerifyRun {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Run to verify [default: the active run]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    /// Trust the manifest of a run that was copied here, if its files agree with it
    #[arg(long)]
    pub(crate) accept_seal: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Read all bytes in the warehouse, not the checksums of the server alone
    #[arg(long)]
    pub(crate) full: Switch,

    /// Requests to the warehouse at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) parallel: usize,
}

const EXAMPLE: &str = "\
Example:
  verify-run --lake /data/lake --run-id 2026-11__20261120_000000
  verify-run --lake /data/lake                               the active run
  verify-run --lake /data/lake --warehouse s3://bucket/discogs --full=true";

/// Runs `verify-run`.
pub fn main() -> ExitCode {
    super::task(verify_run)
}

/// Reads every file of a run and compares it with its description: a sealed run with its manifest, and the manifest
/// with the digest that the lake keeps; an open run with the descriptions of its datasets.
fn verify_run(parameters: VerifyRun, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    let threads = parameters.parallel.max(1);
    if parameters.warehouse.warehouse.is_some() || parameters.full.is_on() {
        let remote = parameters.warehouse.of(&lake)?.open(threads, call.observer())?;
        let remote = remote.ok_or_else(|| {
            Failure::parameters("parameter full is for a warehouse; all bytes of a run in the lake are read")
                .hint("name it, such as --warehouse s3://bucket/prefix")
        })?;
        return verify_remote(&remote, &lake, &parameters, threads, call);
    }
    let active = lake.active();
    let id = match (&parameters.run_id, &active) {
        (Some(id), _) => id.clone(),
        (None, Ok(Some(id))) => id.clone(),
        (None, _) => lake.published()?,
    };
    call.set_run_id(&id);
    let run = lake.run(&id)?;
    if !run.is_sealed()? {
        return verify_open(&run, active.ok().flatten() == Some(id), call);
    }
    let mut sealed = SealedRun::open(&run)?;
    let differences = sealed.differences(call)?;
    call.set_detail("state", "sealed");
    call.set_detail("differences", differences.clone());
    for difference in &differences {
        call.say(difference);
    }
    sealed.refuse_differences(&differences)?;
    let unknown = !sealed.is_anchored();
    if parameters.accept_seal.is_on() && unknown {
        sealed.accept(&lake.lock(call.name())?)?;
    }
    sealed.refuse_unknown_seal()?;
    call.set_detail("seal", if unknown { "accepted" } else { "known" });
    for dataset in &sealed.manifest().datasets {
        call.add_table(dataset.count());
    }
    let files = &sealed.manifest().files;
    let size: u64 = files.iter().map(|file| file.bytes).sum();
    let snapshots = match Tables::open(&lake, Access::Read, &parameters.catalog)? {
        Some(mut tables) => tables.count_of_run(run.id())?,
        None => 0,
    };
    call.set_metric("snapshots", snapshots);
    call.summary(format_args!(
        "run {} agrees with its seal: {} files, {}, {}",
        run.id(),
        files.len(),
        bytes(size),
        counted(snapshots, "snapshot")
    ));
    Ok(())
}

/// Verifies the copy of a run in the warehouse.
fn verify_remote(
    remote: &RemoteLake,
    lake: &Lake,
    parameters: &VerifyRun,
    threads: usize,
    call: &mut Call,
) -> anyhow::Result<()> {
    let id = match &parameters.run_id {
        Some(id) => id.clone(),
        None => remote.published()?,
    };
    call.set_run_id(&id);
    call.set_detail("warehouse", remote.address().to_string());
    let is_full = parameters.full.is_on();
    let verified = verify(remote, lake, &id, is_full, threads, &*call)?;
    call.set_detail("state", "sealed");
    call.set_detail("differences", verified.differences.clone());
    call.set_metric("by_checksum", verified.by_checksum);
    call.set_metric("by_digest", verified.by_digest);
    call.set_metric("by_size", verified.by_size);
    for difference in &verified.differences {
        call.say(difference);
    }
    verified.refuse_differences(remote)?;
    for dataset in &verified.manifest.datasets {
        call.add_table(dataset.count());
    }
    let files = &verified.manifest.files;
    let how = match (is_full, verified.by_digest + verified.by_size) {
        (true, _) => "all bytes read".to_owned(),
        (false, 0) => "by the server's checksums".to_owned(),
        (false, unchecked) => {
            format!("{unchecked} of them without a checksum of the server; full=true reads their bytes")
        }
    };
    call.summary(format_args!(
        "run {id} in {} agrees with its seal: {}, {}, {how}",
        remote.address(),
        counted(files.len(), "file"),
        bytes(files.iter().map(|file| file.bytes).sum())
    ));
    Ok(())
}

/// Verifies an open run against the descriptions of its datasets.
fn verify_open(run: &Run, active: bool, call: &mut Call) -> anyhow::Result<()> {
    call.set_detail("state", "open");
    if active {
        return Err(Failure::input(format!("run {} is active and has no manifest", run.id()))
            .hint("restore the run that was published before: rollback")
            .into());
    }
    let datasets = run.verify_datasets(call)?;
    for dataset in &datasets {
        call.add_table(dataset.count());
    }
    call.summary(format_args!(
        "run {} is not sealed; its {} tables agree with their descriptions",
        run.id(),
        datasets.len()
    ));
    Ok(())
}
