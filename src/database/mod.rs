//! `export-database`: a run as a database of people's own, in Postgres, SQLite or DuckDB.
//!
//! ```text
//! plan.rs            the tables of a schema: definitions, and queries over the tables of the run
//!   contract_schema  from sql/contract.yml
//!   ready_schema     from sql/databases/<schema>.yml and a query a table
//! held.rs            what the data allows: foreign keys that hold, values that a B-tree takes
//! into_postgres.rs   a schema beside, several connections, one swap
//!   changes.rs       or the changes since the month before, in place, in one transaction
//! into_sqlite.rs     a file beside, renamed once it is whole (file.rs)
//! into_duckdb.rs     the same, written by DuckDB itself
//! ```
//!
//! Each target records in itself what it holds (`_export`), so the same call again finds it done, and a call after a
//! kill resumes at the table that was being loaded.

mod changes;
mod contract_schema;
mod failure;
mod file;
mod held;
mod into_duckdb;
mod into_postgres;
mod into_sqlite;
mod loading;
mod plan;
mod ready_schema;
mod target;

pub use changes::{ChangedTable, Feed, FindFeed};
pub use held::NotHeld;
pub use plan::SchemaName;
pub use target::Target;

use serde::Serialize;

use crate::sql::DuckDb;
use digdag_task::{Observer, stop};
use plan::Plan;

/// The parameters of [`export`].
pub struct Request<'r> {
    /// The database.
    pub target: &'r Target,
    /// The names of tables and columns.
    pub schema: SchemaName,
    /// The tables to export; empty for all.
    pub tables: &'r [String],
    /// The run that is mounted in the engine.
    pub run_id: &'r str,
    /// Tells runs of one id apart: the digest of the manifest.
    pub manifest: &'r str,
    /// The name of the task, for locks.
    pub task: &'r str,
    /// Whether primary keys, foreign keys and indexes are created.
    pub keys: bool,
    /// The parameters of a Postgres target; other targets ignore them.
    pub server: ServerOptions,
    /// Finds the change feed from the run that a schema holds.
    pub find_feed: &'r FindFeed<'r>,
}

/// The parameters of a Postgres target.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The password of the login.
    pub password: Option<String>,
    /// The schema of the database that the tables are in.
    pub database_schema: String,
    /// The number of tables that are loaded at once.
    pub connections: usize,
    /// Whether tables are unlogged: faster, and empty after a crash of the server.
    pub unlogged: bool,
}

/// An export that is complete.
pub struct Exported {
    /// Its tables, in the order of the schema.
    pub tables: Vec<ExportedTable>,
    /// References that do not hold in this run.
    pub not_held: Vec<NotHeld>,
    /// The tables that an earlier call had loaded.
    pub resumed: usize,
    /// Whether an earlier call had done it all.
    pub was_there: bool,
    /// Whether the changes since the month before were applied, and not all rows loaded.
    pub by_changes: bool,
}

/// A table of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedTable {
    /// Its name in the database.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// The source of an export, as the target records it.
#[derive(Serialize)]
struct Identity<'i> {
    run_id: &'i str,
    manifest_sha256: &'i str,
    schema: SchemaName,
    tables: Vec<&'i str>,
    keys: bool,
    unlogged: bool,
    definitions: String,
}

/// Exports the mounted run. Until the export is complete, readers find the old tables.
///
/// # Errors
/// Fails if the target holds something else than an export, is locked by another process, or cannot be written.
pub fn export(engine: &DuckDb, request: &Request<'_>, observer: &dyn Observer) -> anyhow::Result<Exported> {
    let mut plan = Plan::new(engine, request.schema, request.tables)?;
    if !request.keys {
        for planned in &mut plan.tables {
            planned.table.primary_key.clear();
            planned.table.foreign_keys.clear();
            planned.table.unique.clear();
            planned.table.indexes.clear();
            planned.table.text_indexes.clear();
        }
    }
    let identity = serde_json::to_string(&Identity {
        run_id: request.run_id,
        manifest_sha256: request.manifest,
        schema: request.schema,
        tables: plan.tables.iter().map(|planned| planned.table.name.as_str()).collect(),
        keys: request.keys,
        unlogged: request.server.unlogged,
        definitions: plan.digest(),
    })?;
    let _resumable = stop::Resumable::new();
    match request.target {
        Target::Postgres(url) => into_postgres::export(url, plan, &identity, engine, request, observer),
        Target::Sqlite(path) => into_sqlite::export(path, plan, &identity, engine, request, observer),
        Target::DuckDb(path) => into_duckdb::export(path, plan, &identity, engine, request, observer),
    }
}

/// Returns an export that was done by an earlier call.
fn done_before() -> Exported {
    Exported { tables: Vec::new(), not_held: Vec::new(), resumed: 0, was_there: true, by_changes: false }
}

/// Removes the foreign keys that do not hold, and says which these are.
fn keep_held(plan: &mut Plan, engine: &DuckDb, observer: &dyn Observer) -> anyhow::Result<Vec<NotHeld>> {
    let not_held = held::keep_held(plan, engine)?;
    for NotHeld { reference, to, rows } in &not_held {
        observer.detail(format_args!("{reference} is no foreign key: {rows} rows refer to no {to}"));
    }
    Ok(not_held)
}
