//! `upload-run`: sends a sealed run to the warehouse in object storage.

use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use super::screen::{bytes, counted};
use crate::lake::RunId;
use crate::store::{UploadOptions, Uploaded, WarehouseArgs, upload};
use digdag_task::{ByteSize, Call, Failure, Switch};

/// Send a sealed run to object storage
///
/// Compares every file of the run with its manifest and sends it to <warehouse>/_runs/<run_id>/, in parallel and by parts,
/// each with the checksum that the server verifies; _manifest.json goes last. What is there is not sent again, and a file
/// whose bytes another run has there is copied by the server. Killed or cut off, it resumes where it was.
///
/// An object that is there and differs is named, and the exit status is 5. Skipped, with the reason, without a warehouse.
#[derive(Debug, Parser)]
#[command(name = "upload-run", version, after_help = EXAMPLE)]
pub struct UploadRun {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Sealed run to send, as created by preflight
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    /// Sealed run to send instead of run_id, as promote publishes it
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) promote_run_id: Option<RunId>,

    #[command(flatten)]
    pub(crate) warehouse: WarehouseArgs,

    /// Length of a part, from 5MiB up; recorded with the run, and kept from then on
    #[arg(long, value_name = "SIZE", default_value = "16MiB")]
    pub(crate) part_size: ByteSize,

    /// Parts in flight; memory holds so many
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) parallel: usize,

    /// Show what would be sent where, and send nothing
    #[arg(long)]
    pub(crate) dry_run: Switch,
}

/// The shortest part that S3 takes, and the longest.
const PART_BYTES: std::ops::RangeInclusive<u64> = 5 << 20..=5 << 30;

const EXAMPLE: &str = "\
Example:
  upload-run --lake /data/lake --run-id 2026-11__20261120_000000 --warehouse s3://bucket/discogs
  upload-run … --s3-endpoint https://s3.example.org          another server than Amazon's";

/// Runs `upload-run`.
pub fn main() -> ExitCode {
    super::task(upload_run)
}

/// Sends a sealed run.
///
/// # Errors
/// Fails if the run is not sealed or fails verification, if an object is there and differs, and if the server refuses or does
/// not answer.
fn upload_run(parameters: UploadRun, call: &mut Call) -> anyhow::Result<()> {
    let part_bytes = parameters.part_size.0;
    if !PART_BYTES.contains(&part_bytes) {
        return Err(Failure::parameters("parameter part_size: expected 5MiB to 5GiB, as S3 takes them").into());
    }
    let id = parameters.promote_run_id.as_ref().or(parameters.run_id.as_ref()).ok_or_else(|| {
        Failure::parameters("parameter run_id is missing").hint("name a sealed run; lake-status lists them")
    })?;
    call.set_run_id(id);
    let threads = parameters.parallel.max(1);
    let lake = parameters.lake.open()?;
    let Some(remote) = parameters.warehouse.of(&lake)?.open(threads, call.observer())? else {
        call.skipped("no warehouse is set");
        return Ok(());
    };
    call.set_detail("warehouse", remote.address().to_string());
    let run = lake.run(id)?.sendable(call.name())?;
    if parameters.dry_run.is_on() {
        let files = &run.sealed().manifest().files;
        let size = files.iter().map(|file| file.bytes).sum();
        call.skipped(format!(
            "dry_run: {} of {} would go to {}/_runs/{id}, unless they are there",
            bytes(size),
            counted(files.len(), "file"),
            remote.address()
        ));
        return Ok(());
    }
    let uploaded = upload(&run, &remote, UploadOptions { part_bytes, threads }, &*call)?;
    report(&uploaded, call);
    if uploaded.was_whole {
        call.already_done_because(format!("run {id} is whole in {}", remote.address()));
    } else {
        call.summary(format_args!(
            "run {id} is whole in {}: {} sent, {} copied by the server, {} were there",
            remote.address(),
            bytes(uploaded.sent_bytes),
            counted(uploaded.copied_files, "file"),
            uploaded.present_files
        ));
    }
    Ok(())
}

fn report(uploaded: &Uploaded, call: &mut Call) {
    call.set_metric("files", uploaded.files);
    call.set_metric("bytes", uploaded.bytes);
    call.set_metric("part_bytes", uploaded.part_bytes);
    call.set_metric("present_files", uploaded.present_files);
    call.set_metric("copied_files", uploaded.copied_files);
    call.set_metric("copied_bytes", uploaded.copied_bytes);
    call.set_metric("sent_bytes", uploaded.sent_bytes);
    call.set_metric("sent_parts", uploaded.sent_parts);
    call.set_metric("resumed_parts", uploaded.resumed_parts);
}
