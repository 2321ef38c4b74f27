//! `preflight`: checks what a run needs, and creates it.

mod known;
mod verify;

pub use known::known_names;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;

use crate::commands::{LakeArgs, RunMode};
use crate::dump::{DumpSet, Entity};
use crate::lake::{Dataset, DumpMonth, InputIdentity, Lake, Run, RunDescription, RunId, free_bytes};
use crate::store::S3Args;
use digdag_task::{ByteSize, Call, Failure, Switch};

/// Upper bound of the disk space that a month takes (Parquet, warehouse and spill) per byte of its dumps.
const SPACE_PER_DUMP_BYTE: u64 = 3;

/// Check what a run needs, and create it
///
/// Finds the four dumps of the month, compares them with the month's CHECKSUM file if there is one (their hashes are
/// cached beside them, so the next time costs nothing), checks the lake and the free disk space, and writes
/// <lake>/_runs/<run_id>/_run.json. The run id is made of dump_month and session_time, so a rerun of a session
/// continues its run. Exports run_id, dump_date, lake and <entity>_dump to the tasks that follow.
#[derive(Debug, Parser)]
#[command(name = "preflight", version, after_help = EXAMPLE)]
pub struct Preflight {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Month of the dumps
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) dump_month: DumpMonth,

    /// Folder of the dumps, in <raw_root>/<dump_month>/discogs_YYYYMMDD_<entity>.xml.gz, or s3://BUCKET/PREFIX; the newest date
    /// counts
    #[arg(long, env = "DISCOGS_RAW", value_name = "FOLDER")]
    pub(crate) raw_root: Option<PathBuf>,

    /// Time that names the run; the same time continues the same run [default: now]
    #[arg(long, value_name = "TIME", value_parser = session_time)]
    pub(crate) session_time: Option<DateTime>,

    /// Name of the run [default: made of dump_month and session_time]
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run_id: Option<RunId>,

    /// Mode of the workflow
    #[arg(long, value_name = "MODE", default_value = "dev")]
    pub(crate) run_mode: RunMode,

    /// Free disk space to require, less what the run holds already; a sealed run needs none [default: three times the
    /// size of the dumps]
    #[arg(long, value_name = "SIZE")]
    pub(crate) min_free: Option<ByteSize>,

    /// Compare the dumps with the CHECKSUM file beside them if there is one; false leaves that to the ingests
    #[arg(long, default_value = "true")]
    pub(crate) verify_dumps: Switch,

    /// Artists dump [default: the one in raw_root]
    #[arg(long, env = "DISCOGS_ARTISTS_DUMP", value_name = "FILE")]
    pub(crate) artists_dump: Option<PathBuf>,

    /// Labels dump [default: the one in raw_root]
    #[arg(long, env = "DISCOGS_LABELS_DUMP", value_name = "FILE")]
    pub(crate) labels_dump: Option<PathBuf>,

    /// Masters dump [default: the one in raw_root]
    #[arg(long, env = "DISCOGS_MASTERS_DUMP", value_name = "FILE")]
    pub(crate) masters_dump: Option<PathBuf>,

    /// Releases dump [default: the one in raw_root]
    #[arg(long, env = "DISCOGS_RELEASES_DUMP", value_name = "FILE")]
    pub(crate) releases_dump: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// Parses a session time of Digdag. Its local time names the run; the offset is ignored.
fn session_time(text: &str) -> Result<DateTime, String> {
    let pieces = Pieces::parse(text).map_err(|_| "expected a time such as 2026-11-20T00:00:00+00:00".to_owned())?;
    Ok(pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight())))
}

const EXAMPLE: &str = "\
Example:
  preflight --lake /data/lake --raw-root /data/raw --dump-month 2026-11";

/// Runs `preflight`.
pub fn main() -> ExitCode {
    super::task(preflight)
}

/// Finds the dumps of the month, creates the run, and exports its name and the paths for the tasks that follow.
fn preflight(parameters: Preflight, call: &mut Call) -> anyhow::Result<()> {
    known::check_names(call)?;
    if let Some(other) = parameters.run_id.as_ref().and_then(RunId::dump_month)
        && other != parameters.dump_month
    {
        return Err(Failure::parameters(format!(
            "a run_id of {other} is not one of dump_month {}",
            parameters.dump_month
        ))
        .hint("leave run_id out: it is made of dump_month and session_time")
        .into());
    }
    let dumps = find_dumps(&parameters)?;
    let lake = parameters.lake.create()?;
    // Reports an `active` that is not a pointer now; otherwise only promote, at the end of the workflow, would.
    lake.active()?;
    let run_id = match &parameters.run_id {
        Some(id) => id.clone(),
        None => {
            let now = || jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
            RunId::for_session(&parameters.dump_month, parameters.session_time.unwrap_or_else(now))
        }
    };
    call.set_run_id(&run_id);
    let packed: u64 = dumps.files.values().map(|file| file.bytes).sum();
    let wanted = parameters.min_free.map_or(packed.saturating_mul(SPACE_PER_DUMP_BYTE), |size| size.0);
    let free = check_free_space(&lake, wanted.saturating_sub(space_not_needed(&lake, &run_id)?))?;

    let verified = if parameters.verify_dumps.is_on() { verify::dumps(&dumps, call)? } else { 0 };

    let description = describe(&parameters, &run_id, &dumps);
    let (run, made) = Run::create(&lake, &description)?;
    if !made {
        call.already_done();
    }
    call.export("run_id", run_id.as_str());
    call.export("dump_date", dumps.date.as_str());
    call.export("lake", lake.root().to_string_lossy());
    for (entity, file) in &dumps.files {
        call.export(&format!("{entity}_dump"), file.path.to_string_lossy());
        call.set_detail(&format!("{entity}_dump"), file.path.to_string_lossy());
    }
    call.set_detail("dump_date", dumps.date.as_str());
    call.set_metric("dumps_verified", verified);
    call.set_metric("dump_bytes", packed);
    call.set_metric("free_bytes", free);
    call.summary(format_args!("run {run_id} in {}, dumps of {}", run.folder().display(), dumps.date));
    Ok(())
}

fn find_dumps(parameters: &Preflight) -> anyhow::Result<DumpSet> {
    let given = [
        (Entity::Artists, &parameters.artists_dump),
        (Entity::Labels, &parameters.labels_dump),
        (Entity::Masters, &parameters.masters_dump),
        (Entity::Releases, &parameters.releases_dump),
    ];
    let given: BTreeMap<Entity, PathBuf> =
        given.into_iter().filter_map(|(entity, path)| Some((entity, path.clone()?))).collect();
    let raw_root = match &parameters.raw_root {
        Some(folder) => folder.clone(),
        None if given.len() == Entity::ALL.len() => PathBuf::new(),
        None => {
            return Err(Failure::parameters("parameter raw_root is missing")
                .hint("set raw_root to the folder that holds <dump_month>/, or name all four dumps")
                .into());
        }
    };
    DumpSet::find(&raw_root, &parameters.dump_month, &given, &parameters.s3)
}

fn describe(parameters: &Preflight, run_id: &RunId, dumps: &DumpSet) -> RunDescription {
    let published = dumps.files.iter().filter_map(|(entity, file)| {
        let sha256 = file.published_sha256.clone()?;
        let identity = InputIdentity { name: file.name(), bytes: file.bytes, sha256, modified: Some(file.modified) };
        Some((entity.name().to_owned(), identity))
    });
    RunDescription {
        format: RunDescription::FORMAT,
        run_id: run_id.clone(),
        dump_month: parameters.dump_month.clone(),
        dump_date: dumps.date.clone(),
        run_mode: parameters.run_mode.name().to_owned(),
        created: jiff::Timestamp::now(),
        dumps: dumps.files.iter().map(|(entity, file)| (entity.name().to_owned(), file.path.clone())).collect(),
        checksums: published.collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Returns the space that the run takes already: the bytes of an open run. A sealed run needs no further space, so
/// `u64::MAX` stands for it.
fn space_not_needed(lake: &Lake, run_id: &RunId) -> anyhow::Result<u64> {
    if !lake.run_ids()?.contains(run_id) {
        return Ok(0);
    }
    let run = lake.run(run_id)?;
    if run.is_sealed()? { Ok(u64::MAX) } else { Ok(run.datasets()?.iter().map(Dataset::bytes).sum()) }
}

fn check_free_space(lake: &Lake, wanted: u64) -> anyhow::Result<u64> {
    let free = free_bytes(lake.root())?;
    if free < wanted {
        let (free, wanted) = (free >> 20, wanted >> 20);
        return Err(Failure::unexpected(format!(
            "{} has {free} MiB free, {wanted} MiB are wanted",
            lake.root().display()
        ))
        .hint("free some space, or set min_free if you know that less is enough")
        .into());
    }
    Ok(free)
}
