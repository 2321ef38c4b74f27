//! `export-database`: exports a run into Postgres, SQLite or DuckDB.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::LakeArgs;
use crate::contract::Contract;
use crate::database::{self, ChangedTable, Exported, Feed, Request, SchemaName, ServerOptions, Target};
use crate::history::{self, DiffRequest, WrittenDiff};
use crate::lake::{Lake, RunId, SealedRun};
use crate::query::tables_of;
use crate::sql::{DuckDb, EngineParameters, ObjectParameters};
use crate::tables::iceberg::{AsOf, CatalogArgs, mount_as_of};
use crate::tables::{mount_run, server};
use digdag_task::{Call, Scratch, Switch, TableCount};

/// Export a run into Postgres, a SQLite file or a DuckDB file
///
/// Every table with types, primary and foreign keys that hold, indexes and comments. Postgres is loaded by binary COPY
/// over several connections into a schema beside, which replaces the old one in one transaction; a file is written
/// beside and renamed. Until then readers find the old tables. A call after a kill resumes at the table that was
/// being loaded.
#[derive(Debug, Parser)]
#[command(name = "export-database", version, after_help = EXAMPLE)]
pub struct ExportDatabase {
    #[command(flatten)]
    lake: LakeArgs,

    /// Database: postgres://USER@HOST:PORT/DATABASE without the password, FILE.sqlite or FILE.duckdb
    #[arg(long, value_name = "DATABASE")]
    to: Target,

    /// Sealed run to export [default: the run that active points at]
    #[arg(long, value_name = "RUN_ID")]
    run_id: Option<RunId>,

    /// State of the tables to export: a month (2026-10), a run, a time, a day, or a snapshot id
    #[arg(long, value_name = "WHEN", conflicts_with = "run_id")]
    as_of: Option<AsOf>,

    #[command(flatten)]
    catalog: CatalogArgs,

    /// Names of tables and columns: the contract's, or those that the queries of discogs-xml2db's users have
    #[arg(long, value_enum, value_name = "SCHEMA", default_value = "contract")]
    schema: SchemaName,

    /// Tables to export, separated by commas [default: all]
    #[arg(long, value_name = "TABLE,…", value_delimiter = ',')]
    tables: Vec<String>,

    /// Create primary keys, foreign keys and indexes [default: true, for a DuckDB file false]
    #[arg(long, value_name = "BOOLEAN", value_parser = digdag_task::boolean, num_args = 0..=1, default_missing_value = "true")]
    keys: Option<bool>,

    /// File with the password of the Postgres server; PGPASSWORD is read if it is not given
    #[arg(long, env = "DISCOGS_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    database_password_file: Option<PathBuf>,

    /// Schema of the Postgres database that the export replaces
    #[arg(long, value_name = "NAME", default_value = "discogs")]
    database_schema: String,

    /// Tables to load into Postgres at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,

    /// Create unlogged tables in Postgres, which load faster and are empty after a crash of the server
    #[arg(long)]
    unlogged: Switch,

    /// Bring Postgres to the next month by the changes: auto uses a feed of diff-runs if the history has it, make writes
    /// it first, never loads every row
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    changes: UseChanges,

    #[command(flatten)]
    engine: EngineParameters,
}

/// When the changes since the month before are applied. Many changes are never applied, because a load is faster then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum UseChanges {
    /// If the history has the feed
    Auto,
    /// Write the feed if it is missing
    Make,
    /// Load every row
    Never,
}

const EXAMPLE: &str = "\
Examples: the published run as a file, and into a server
  export-database --lake /data/lake --to discogs.sqlite
  export-database --lake /data/lake --to postgres://discogs@localhost/discogs --database-password-file ~/.discogs";

/// Runs `export-database`.
pub fn main() -> ExitCode {
    super::task(export_database)
}

fn export_database(parameters: ExportDatabase, call: &mut Call) -> anyhow::Result<()> {
    let password = match &parameters.to {
        Target::Postgres(url) => {
            server::refuse_password(url, "to", "--database-password-file")?;
            server::password(parameters.database_password_file.as_deref())?
        }
        _ => None,
    };
    let lake = parameters.lake.open()?;
    let scratch = Scratch::of_the_system("discogs-export.")?;
    let engine = DuckDb::open(&parameters.engine, scratch.path())?;
    let sealed = mount(&engine, &lake, &parameters)?;
    let id = sealed.run().id();
    call.set_run_id(id);
    let request = Request {
        target: &parameters.to,
        schema: parameters.schema,
        tables: &parameters.tables,
        run_id: id.as_str(),
        manifest: &sealed.manifest().manifest_sha256,
        task: call.name(),
        keys: parameters.keys.unwrap_or(!matches!(parameters.to, Target::DuckDb(_))),
        server: ServerOptions {
            password,
            database_schema: parameters.database_schema.clone(),
            connections: parameters.connections.into(),
            unlogged: parameters.unlogged.is_on(),
        },
        find_feed: &|before| find_feed(&lake, before, id, &parameters, call),
    };
    let exported = database::export(&engine, &request, call)?;
    report(exported, call);
    Ok(())
}

/// Mounts the run to export in the engine.
fn mount(engine: &DuckDb, lake: &Lake, parameters: &ExportDatabase) -> anyhow::Result<SealedRun> {
    if let Some(as_of) = &parameters.as_of {
        let id =
            mount_as_of(engine, &mut tables_of(lake, &parameters.catalog)?, as_of, None, &ObjectParameters::default())?
                .run;
        return SealedRun::open(&lake.run(&id)?);
    }
    let id = parameters.run_id.clone().map_or_else(|| lake.published(), Ok)?;
    let sealed = SealedRun::open(&lake.run(&id)?)?;
    mount_run(engine, &Contract::load()?, sealed.run())?;
    Ok(sealed)
}

/// Returns the change feed between two runs of the contract's tables.
fn find_feed(
    lake: &Lake,
    before: &str,
    id: &RunId,
    parameters: &ExportDatabase,
    call: &Call,
) -> anyhow::Result<Option<Feed>> {
    let Ok(before) = before.parse::<RunId>() else { return Ok(None) };
    let sealed = lake.run(&before).is_ok_and(|run| run.is_sealed().unwrap_or_default());
    if !sealed || parameters.schema != SchemaName::Contract {
        return Ok(None);
    }
    let written = match parameters.changes {
        UseChanges::Never => None,
        UseChanges::Auto => history::kept_diff(lake, &before, id)?,
        UseChanges::Make => {
            let (engine, rows_at_once) = (&parameters.engine, DiffRequest::ROWS_AT_ONCE);
            let request =
                DiffRequest { from_run_id: before, to_run_id: id.clone(), output: None, rows_at_once, engine };
            Some(history::diff_runs(lake, &request, call.name(), call)?)
        }
    };
    let Some(WrittenDiff { diff, output, .. }) = written else { return Ok(None) };
    let contract = Contract::load()?;
    let table = |table: &history::TableDiff| {
        let known = contract.tables.iter().find(|known| known.folder() == table.table)?;
        Some(ChangedTable {
            name: known.sql_name().to_owned(),
            file: output.join(&table.table).join(history::CHANGES_FILE),
            changes: table.inserted + table.deleted + 2 * table.updated,
            rows: table.rows_after,
        })
    };
    Ok(Some(Feed { tables: diff.tables.iter().filter_map(table).collect() }))
}

fn report(exported: Exported, call: &mut Call) {
    if exported.was_there {
        call.already_done_because("the database holds this run");
        return;
    }
    let rows: u64 = exported.tables.iter().map(|table| table.rows).sum();
    for table in &exported.tables {
        call.add_table(TableCount { name: table.name.clone(), rows: table.rows, files: 0, bytes: 0 });
    }
    call.set_metric("rows", rows);
    call.set_detail("loaded_by", if exported.by_changes { "changes" } else { "copy" });
    call.set_metric("tables_resumed", exported.resumed);
    call.set_detail("foreign_keys_not_held", serde_json::json!(exported.not_held));
    call.summary(format_args!(
        "{} tables, {rows} rows; {} references do not hold and are no foreign keys",
        exported.tables.len(),
        exported.not_held.len()
    ));
}
