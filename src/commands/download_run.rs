//! `download-run`: brings a run back from the warehouse in object storage.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::screen::{bytes, counted};
use crate::lake::{RunId, SealedRun};
use crate::store::{WarehouseArgs, download};
use digdag_task::{Call, Switch};

/// Bring a run back from object storage
///
/// Downloads every file of a run that upload-run sent, compares it with the run's _manifest.json, and moves the run into
/// <lake>/_runs by one rename. Files that an earlier call downloaded are not downloaded again. A file that differs is named,
/// and the exit status is 5.
///
/// prune-runs removes the digest of a run's manifest with the run, so the lake does not know the seal of a run that comes back,
/// and promote refuses it. If you trust the warehouse, pass accept_seal=true.
#[derive(Debug, Parser)]
#[command(name = "download-run", version, after_help = EXAMPLE)]
pub struct DownloadRun {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Run to bring back [default: the one that active.json names]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Files in flight; memory holds 8 MiB of each
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) parallel: usize,

    /// Trust the manifest of the run, once its files agree with it
    #[arg(long)]
    pub(crate) accept_seal: Switch,
}

const EXAMPLE: &str = "\
Example:
  download-run --lake /data/lake --run-id 2026-11__20261120_000000 --warehouse s3://bucket/discogs
  download-run --lake /data/new --warehouse s3://bucket/discogs --accept-seal=true      the published run";

/// Runs `download-run`.
pub fn main() -> ExitCode {
    super::task(download_run)
}

/// Brings a run back.
///
/// # Errors
/// Fails if the run is not whole in the warehouse, if a file differs from its manifest, and if the server or the disk refuses.
fn download_run(parameters: DownloadRun, call: &mut Call) -> anyhow::Result<()> {
    let threads = parameters.parallel.max(1);
    let lake = parameters.lake.create()?;
    let remote = parameters.warehouse.of(&lake)?.open_required(threads, call.observer())?;
    call.set_detail("warehouse", remote.address().to_string());
    let id = match parameters.run_id {
        Some(id) => id,
        None => remote.published()?,
    };
    call.set_run_id(&id);
    let downloaded = download(&remote, &lake, &id, call.name(), threads, &*call)?;
    let run = match &downloaded {
        Some(downloaded) => downloaded.run.clone(),
        None => lake.run(&id)?,
    };
    let mut sealed = SealedRun::open(&run)?;
    if parameters.accept_seal.is_on() && !sealed.is_anchored() {
        sealed.refuse_differences(&sealed.differences(&*call)?)?;
        sealed.accept(&lake.lock(call.name())?)?;
    }
    call.set_detail("seal", if sealed.is_anchored() { "known" } else { "unknown" });
    match downloaded {
        None => call.already_done_because(format!("the lake has run {id}")),
        Some(downloaded) => {
            call.set_metric("files", downloaded.files);
            call.set_metric("bytes", downloaded.bytes);
            call.set_metric("received_bytes", downloaded.received_bytes);
            call.summary(format_args!(
                "run {id} is back: {}, {}",
                counted(downloaded.files, "file"),
                bytes(downloaded.bytes)
            ));
        }
    }
    Ok(())
}
