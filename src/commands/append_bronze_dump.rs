//! `append-bronze-dump`: appends the records of a month's dumps, as they came, to the bronze tables.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use super::RunArgs;
use super::ingest_dump::find_dump;
use crate::bronze::{self, Appended, Mode, Request};
use crate::dump::{DumpFile, Entity};
use crate::lake::{DumpMonth, Run};
use crate::sql::EngineParameters;
use crate::store::S3Args;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{ByteSize, Call, Failure, InputFile, TableCount};

/// Append the records of a month's dumps, as they came, to the bronze tables
///
/// bronze.artists, bronze.labels, bronze.masters and bronze.releases have each record's XML byte for byte, with its id, its
/// position, the MD5 of its bytes and the name and SHA-256 of the dump's file. Rows are appended, one commit a table and
/// dump, and never changed. With bronze=full, every record is appended. With bronze=changes, only those that differ from the
/// latest of their ids, and a row without XML for each id that is gone; all records, if there is no full load that
/// retention keeps until the next month. restore-dump gives the dumps back. The same dump again changes nothing.
#[derive(Debug, Parser)]
#[command(name = "append-bronze-dump", version, after_help = EXAMPLE)]
pub struct AppendBronzeDump {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Records to append: those that changed, all, or none
    #[arg(long, value_enum, value_name = "MODE", default_value = "off")]
    pub(crate) bronze: BronzeMode,

    /// Dumps to append, separated by commas [default: all four]
    #[arg(long, value_enum, value_name = "ENTITY,…", value_delimiter = ',')]
    pub(crate) bronze_entities: Vec<Entity>,

    /// Days for which bronze is kept, if not as in sql/layers.yml; a full load that is gone before the next month is no base
    /// of changes
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) bronze_retention_days: Option<u32>,

    /// Dump of artists [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_ARTISTS_DUMP", value_name = "FILE")]
    pub(crate) artists_dump: Option<PathBuf>,

    /// Dump of labels [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_LABELS_DUMP", value_name = "FILE")]
    pub(crate) labels_dump: Option<PathBuf>,

    /// Dump of masters [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_MASTERS_DUMP", value_name = "FILE")]
    pub(crate) masters_dump: Option<PathBuf>,

    /// Dump of releases [default: the one that preflight found for the run]
    #[arg(long, env = "DISCOGS_RELEASES_DUMP", value_name = "FILE")]
    pub(crate) releases_dump: Option<PathBuf>,

    /// XML to read and cut at once; affects speed and memory, never the result
    #[arg(long, value_name = "SIZE", default_value = "2MiB")]
    pub(crate) block_size: ByteSize,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) s3: S3Args,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

/// The records to append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BronzeMode {
    /// Records that differ from the latest of their ids, and ids that are gone
    Changes,
    /// All records
    Full,
    /// None
    Off,
}

const EXAMPLE: &str = "\
Example:
  append-bronze-dump --lake /data/lake --run-id 2026-11__20261120_000000 --bronze changes";

/// Runs `append-bronze-dump`.
pub fn main() -> ExitCode {
    super::task(append_bronze_dump)
}

/// Appends the dumps of a run to the bronze tables, one after the other.
///
/// # Errors
/// Fails if a dump is damaged, if another task writes to a table, or if the catalog refuses a commit. The tables of the
/// dumps before it have their rows then.
fn append_bronze_dump(parameters: AppendBronzeDump, call: &mut Call) -> anyhow::Result<()> {
    let mode = match parameters.bronze {
        BronzeMode::Changes => Mode::Changes,
        BronzeMode::Full => Mode::Full,
        BronzeMode::Off => {
            call.set_run_id(&parameters.run.run_id);
            call.skipped("bronze is off");
            return Ok(());
        }
    };
    let run = parameters.run.open(call)?;
    let month = month_of(&run)?;
    let all = Entity::ALL.into_iter();
    let is_asked =
        |entity: &Entity| parameters.bronze_entities.is_empty() || parameters.bronze_entities.contains(entity);
    // A dump that is missing is found before the first one is read.
    let dumps = all.filter(is_asked).map(|entity| Ok((entity, dump_of(&run, entity, &parameters)?)));
    let dumps = dumps.collect::<anyhow::Result<Vec<_>>>()?;
    let mut appended = Vec::new();
    for (entity, file) in &dumps {
        let request = Request {
            entity: *entity,
            file,
            month: &month,
            mode,
            retention_days: bronze::retention_days(parameters.bronze_retention_days)?,
            block_bytes: usize::try_from(parameters.block_size.0)?,
        };
        let done = bronze::append(run.lake(), call.name(), &request, &parameters.catalog, &parameters.engine, &*call)?;
        tell(*entity, file, &done, call);
        appended.push(done);
    }
    finish(&appended, call);
    Ok(())
}

fn dump_of(run: &Run, entity: Entity, parameters: &AppendBronzeDump) -> anyhow::Result<DumpFile> {
    let given = match entity {
        Entity::Artists => &parameters.artists_dump,
        Entity::Labels => &parameters.labels_dump,
        Entity::Masters => &parameters.masters_dump,
        Entity::Releases => &parameters.releases_dump,
    };
    find_dump(run, entity, given.clone(), &parameters.s3)
}

fn month_of(run: &Run) -> anyhow::Result<DumpMonth> {
    let described = run.description_if_there()?.map(|description| description.dump_month);
    let month = described.or_else(|| run.id().dump_month()).ok_or_else(|| {
        Failure::parameters(format!("run {} has no month", run.id())).hint("preflight makes runs that have one")
    })?;
    Ok(month)
}

fn tell(entity: Entity, file: &DumpFile, done: &Appended, call: &mut Call) {
    let Appended { load, counts, .. } = done;
    call.add_input(InputFile { path: file.path.clone(), bytes: file.bytes, sha256: load.sha256.clone() });
    let table = format!("bronze.{entity}");
    if done.is_old {
        call.detail(format_args!("{table}: has this dump"));
    } else {
        let (files, bytes) = done.files;
        call.add_table(TableCount { name: table.clone(), rows: load.rows, files, bytes });
        call.detail(format_args!(
            "{table}: {} of {} records; {} inserted, {} updated, {} moved, {} deleted",
            load.rows, counts.records, counts.inserted, counts.updated, counts.moved, counts.deleted
        ));
        if let Some(why) = &done.why_full {
            call.say(format_args!("{table}: all records, because {why}"));
        }
    }
    let load = json!({
        "mode": load.mode.name(),
        "already_done": done.is_old,
        "ingested_at": load.ingested_at.to_string(),
        "snapshot_id": done.snapshot.map(|id| id.to_string()),
        "records": load.records,
        "rows": load.rows,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "moved": counts.moved,
        "unchanged": counts.unchanged,
        "deleted": counts.deleted,
        "why_full": done.why_full,
    });
    call.set_detail(entity.name(), load);
}

fn finish(appended: &[Appended], call: &mut Call) {
    let new: Vec<_> = appended.iter().filter(|done| !done.is_old).collect();
    let sum = |of: fn(&Appended) -> u64| new.iter().map(|done| of(done)).sum::<u64>();
    call.set_metric("records", sum(|done| done.load.records));
    call.set_metric("rows", sum(|done| done.load.rows));
    call.set_metric("bytes", sum(|done| done.files.1));
    call.set_metric("xml_bytes", sum(|done| done.xml_bytes));
    if new.is_empty() {
        call.already_done_because("the bronze tables have these dumps");
    } else {
        let (rows, records) = (sum(|done| done.load.rows), sum(|done| done.load.records));
        call.summary(format_args!("{rows} rows of {records} records"));
    }
}
