//! `restore-dump`: writes the dumps of a month again, from the bronze tables.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::bronze::{self, Wanted};
use crate::dump::{Entity, require_folder};
use crate::lake::{DumpMonth, make_folder, refuse_kept};
use crate::sql::EngineParameters;
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Call, Switch};

/// Write the dumps of a month again, from the bronze tables alone
///
/// Writes <raw_root>/<dump_month>/discogs_YYYYMMDD_<entity>.xml.gz with the records of the dump, byte for byte and in its
/// order; the tables that are ingested from it are equal. Every record is compared with its MD5, and all of them with the
/// dump's. Of several dumps of a month, the one that was appended last is written.
#[derive(Debug, Parser)]
#[command(name = "restore-dump", version, after_help = EXAMPLE)]
pub struct RestoreDump {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,

    /// Month of the dumps, YYYY-MM
    #[arg(long)]
    pub(crate) dump_month: DumpMonth,

    /// Folder that holds a folder for each month
    #[arg(long, env = "DISCOGS_RAW", value_name = "FOLDER")]
    pub(crate) raw_root: PathBuf,

    /// Dumps to write, separated by commas [default: all four]
    #[arg(long, value_enum, value_name = "ENTITY,…", value_delimiter = ',')]
    pub(crate) entities: Vec<Entity>,

    /// Replace files that exist
    #[arg(long)]
    pub(crate) replace: Switch,

    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,

    #[command(flatten)]
    pub(crate) engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  restore-dump --lake /data/lake --dump-month 2026-11 --raw-root /data/restored --entities releases";

/// Runs `restore-dump`.
pub fn main() -> ExitCode {
    super::task(restore_dump)
}

/// Writes the dumps of a month.
///
/// # Errors
/// Fails if bronze lacks the month or rows of it, or if a file exists or cannot be written.
fn restore_dump(parameters: RestoreDump, call: &mut Call) -> anyhow::Result<()> {
    let lake = parameters.lake.open()?;
    require_folder(&parameters.raw_root)?;
    let folder = std::path::absolute(parameters.raw_root.join(parameters.dump_month.as_str()))?;
    refuse_kept(&folder)?;
    make_folder(&folder)?;
    let is_asked = |entity: &Entity| parameters.entities.is_empty() || parameters.entities.contains(entity);
    let mut records = 0;
    for entity in Entity::ALL.into_iter().filter(is_asked) {
        let wanted =
            Wanted { entity, month: &parameters.dump_month, folder: &folder, replace: parameters.replace.is_on() };
        let done = bronze::restore(&lake, call.name(), &wanted, &parameters.catalog, &parameters.engine, &*call)?;
        call.set_detail(&format!("{entity}_dump"), done.path.to_string_lossy().into_owned());
        call.set_metric(&format!("{entity}_records"), done.records);
        call.detail(format_args!("{}: {} records of {} loads", done.path.display(), done.records, done.loads));
        records += done.records;
    }
    call.set_metric("records", records);
    call.summary(format_args!("{records} records are in {}", folder.display()));
    Ok(())
}
