//! Postgres: tables are loaded into a schema beside, and one transaction puts it in the place of the old one.
//!
//! ```text
//! Postgres::open ─▶ prepare ─▶ Loader::load, index ─▶ declare_foreign_keys ─▶ Loader::validate ─▶ swap
//!                              several connections                                several connections
//! ```
//!
//! If few rows changed since the month that the schema holds, `Postgres::begin_changes` applies these in place instead.
//!
//! An advisory lock on the schema's name keeps a second process out; the server releases it with the connection. A
//! killed process leaves `<schema>__loading`, in which each table is whole or absent and `_export_tables` says which.

mod binary;
mod changes;
mod loader;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, GenericClient, Transaction};

pub use changes::Changes;
pub use loader::Loader;
pub use server::Server;

use crate::definition::{list, literal, quoted, with};
use crate::{Error, ForeignKey, Loaded, Result, Table};

/// How often the swap is tried while readers hold locks on the old tables, and the pause between two attempts, in which
/// those who wait behind it go on.
const SWAP_ATTEMPTS: u32 = 600;
const SWAP_PAUSE: Duration = Duration::from_millis(500);

/// The tables in which a schema records its export.
const RECORDS: [&str; 2] = ["_export", "_export_tables"];

/// A schema of a database, locked for this process.
pub struct Postgres {
    server: Server,
    client: Client,
    schema: String,
    application: String,
}

impl Postgres {
    /// Connects and locks the schema, and ends what a killed process left running on the server.
    ///
    /// # Errors
    /// Fails with [`Error::Locked`] if another process holds the lock, and if the server cannot be reached.
    pub fn open(server: Server, schema: &str) -> Result<Self> {
        let application = format!("export-database {schema}");
        let client = server.connect(&application)?;
        let mut opened = Postgres { server, client, schema: schema.to_owned(), application };
        if !opened.ask::<bool>(statement!("postgres/try_lock"), schema)? {
            let found = opened.query_opt(statement!("postgres/lock_holder"), schema)?;
            let holder = found.unwrap_or_else(|| "another process".to_owned());
            return Err(Error::Locked { place: opened.server.place(), schema: schema.to_owned(), holder });
        }
        let application = opened.application.clone();
        opened.ask::<i64>(statement!("postgres/end_left_over"), &application)?;
        Ok(opened)
    }

    /// Returns the identity of the export that the schema holds, or `None` if there is no such schema.
    ///
    /// # Errors
    /// Fails with [`Error::Foreign`] if the schema holds something else, and with [`Error::Dependents`] if replacing it
    /// would drop what is not of an export.
    pub fn identity(&mut self) -> Result<Option<String>> {
        let schema = self.schema.clone();
        if !self.ask::<bool>(statement!("postgres/schema_exists"), &schema)? {
            return Ok(None);
        }
        if !self.ask::<bool>(statement!("postgres/has_record"), &schema)? {
            return Err(Error::Foreign(format!("schema {schema} at {}", self.server.place())));
        }
        let server = self.server.clone();
        let failed = |error| server.failed(error);
        refuse_dependents(&mut self.client, &schema).map_err(|error| error.of(&server))?;
        let identity = with(statement!("postgres/identity"), &[("schema", &quoted(&schema))]);
        Ok(self.client.query_opt(&identity, &[]).map_err(failed)?.map(|row| row.get(0)))
    }

    /// Creates the schema to load into, or resumes the one that a killed process left if it is of the same identity.
    /// Returns the tables that are loaded already.
    ///
    /// # Errors
    /// Fails with the server's error.
    pub fn prepare(&mut self, run_id: &str, identity: &str) -> Result<BTreeMap<String, Loaded>> {
        let server = self.server.clone();
        let failed = |error| server.failed(error);
        let loading = self.loading();
        let place = [("schema", quoted(&loading))];
        let place = [(place[0].0, place[0].1.as_str())];
        if self.ask::<bool>(statement!("postgres/has_record"), &loading)? {
            let found = self.client.query_opt(&with(statement!("postgres/identity"), &place), &[]).map_err(failed)?;
            if found.is_some_and(|row| row.get::<_, String>(0) == identity) {
                let rows = self.client.query(&with(statement!("postgres/loaded_tables"), &place), &[]);
                let loaded = |row: &postgres::Row| {
                    let rows: i64 = row.get(1);
                    (row.get(0), Loaded { rows: rows.unsigned_abs(), indexed: row.get(2) })
                };
                return Ok(rows.map_err(failed)?.iter().map(loaded).collect());
            }
        }
        let mut transaction = self.client.transaction().map_err(failed)?;
        for statement in [
            statement!("postgres/drop_schema"),
            statement!("postgres/create_schema"),
            statement!("postgres/create_record"),
            statement!("postgres/create_tables_record"),
        ] {
            transaction.batch_execute(&with(statement, &place)).map_err(failed)?;
        }
        let record = with(statement!("postgres/insert_record"), &place);
        transaction.execute(&record, &[&run_id, &identity]).map_err(failed)?;
        let comment = literal(&format!("Discogs, run {run_id}"));
        let places = [place[0], ("comment", comment.as_str())];
        transaction.batch_execute(&with(statement!("postgres/comment_schema"), &places)).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(BTreeMap::new())
    }

    /// Opens a further connection, which loads tables.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub fn loader(&self, unlogged: bool) -> Result<Loader> {
        Loader::open(&self.server, &self.application, &self.loading(), unlogged)
    }

    /// Declares the foreign keys of a loaded table that are missing. The server reads no row before
    /// [`Loader::validate`]: to declare a key locks both tables, so keys of one table would wait for each other.
    ///
    /// # Errors
    /// Fails with the server's error.
    pub fn declare_foreign_keys(&mut self, table: &Table) -> Result<()> {
        let server = self.server.clone();
        let failed = |error| server.failed(error);
        let loading = self.loading();
        for ForeignKey { columns, table: other, fields } in &table.foreign_keys {
            let name = table.part_name(columns, "fkey");
            let found = self.client.query_one(statement!("postgres/has_constraint"), &[&loading, &name]);
            if found.map_err(failed)?.get(0) {
                continue;
            }
            let (child, parent) = (of_schema(&loading, &table.name), of_schema(&loading, other));
            let places = [
                ("table", child.as_str()),
                ("name", &quoted(&name)),
                ("columns", &list(columns)),
                ("other", &parent),
                ("fields", &list(fields)),
            ];
            self.client.batch_execute(&with(statement!("postgres/foreign_key"), &places)).map_err(failed)?;
        }
        Ok(())
    }

    /// Puts the loaded schema in the place of the old one, in one transaction. Roles that could use the old schema may
    /// read the new one. `on_wait` is called once if readers hold locks on the old tables.
    ///
    /// # Errors
    /// Fails with [`Error::Readers`] if the locks could not be had in five minutes or more, and with
    /// [`Error::Unknown`] if the connection broke during the commit.
    pub fn swap(&mut self, mut on_wait: impl FnMut()) -> Result<()> {
        let mut contended = Vec::new();
        for attempt in 0..SWAP_ATTEMPTS {
            match self.try_swap(&mut contended) {
                Err(Failed::Server(error)) if is_blocked(&error) => {
                    if attempt == 0 {
                        on_wait();
                    }
                    std::thread::sleep(SWAP_PAUSE);
                }
                result => return result.map_err(|error| error.of(&self.server)),
            }
        }
        Err(Error::Readers(self.schema.clone(), u64::from(SWAP_ATTEMPTS)))
    }

    /// `contended` has the tables whose locks an earlier attempt did not get, the latest first.
    fn try_swap(&mut self, contended: &mut Vec<String>) -> std::result::Result<(), Failed> {
        let (schema, loading) = (self.schema.clone(), self.loading());
        let place = self.server.place();
        let mut transaction = self.client.transaction()?;
        transaction.batch_execute(statement!("postgres/lock_timeout"))?;
        let readers = replace_old(&mut transaction, &schema, contended)?;
        let places = [("schema", quoted(&loading)), ("name", quoted(&schema))];
        let places = places.each_ref().map(|(place, name)| (*place, name.as_str()));
        transaction.batch_execute(&with(statement!("postgres/rename_schema"), &places))?;
        for role in readers {
            let places = [("schema", quoted(&schema)), ("role", role)];
            let places = places.each_ref().map(|(place, name)| (*place, name.as_str()));
            transaction.batch_execute(&with(statement!("postgres/grant_usage"), &places))?;
            transaction.batch_execute(&with(statement!("postgres/grant_select"), &places))?;
        }
        // A connection lost before this statement rolls back; if it is lost during the statement, the outcome is
        // unknown.
        transaction.commit().map_err(|error| match error.as_db_error() {
            Some(_) => Failed::Server(error),
            None => Failed::Other(Error::Unknown(place, error.to_string())),
        })
    }

    fn loading(&self) -> String {
        format!("{}__loading", self.schema)
    }

    fn ask<T: for<'a> postgres::types::FromSql<'a>>(&mut self, statement: &str, name: &str) -> Result<T> {
        let row = self.client.query_one(statement, &[&name]).map_err(|error| self.server.failed(error))?;
        Ok(row.get(0))
    }

    fn query_opt(&mut self, statement: &str, name: &str) -> Result<Option<String>> {
        let row = self.client.query_opt(statement, &[&name]).map_err(|error| self.server.failed(error))?;
        Ok(row.map(|row| row.get(0)))
    }
}

/// An error inside the swap, which is tried again after some errors of the server.
enum Failed {
    Server(postgres::Error),
    Other(Error),
}

impl Failed {
    fn of(self, server: &Server) -> Error {
        match self {
            Failed::Server(error) => server.failed(error),
            Failed::Other(error) => error,
        }
    }
}

impl From<postgres::Error> for Failed {
    fn from(error: postgres::Error) -> Self {
        Failed::Server(error)
    }
}

/// Drops the old schema once no reader is inside it, and returns the roles that could use it.
fn replace_old(
    transaction: &mut Transaction<'_>,
    schema: &str,
    contended: &mut Vec<String>,
) -> std::result::Result<Vec<String>, Failed> {
    if !transaction.query_one(statement!("postgres/schema_exists"), &[&schema])?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    refuse_dependents(transaction, schema)?;
    let loaded = with(statement!("postgres/loaded_tables"), &[("schema", &quoted(schema))]);
    let tables = transaction.query(&loaded, &[])?;
    // The records of the export are tables as well, which readers join with the others.
    let records = RECORDS.iter().map(|name| of_schema(schema, name));
    let mut tables: Vec<String> = records.chain(tables.iter().map(|row| of_schema(schema, row.get(0)))).collect();
    // Readers that join two tables lock them in an order of their own. In the opposite order, each would wait for the other
    // until the timeout; so a table that readers held is locked first, and those that come later wait there.
    tables.sort_by_key(|table| contended.iter().position(|other| other == table).unwrap_or(usize::MAX));
    for table in tables {
        // Otherwise a reader could resolve one name in the old schema and the next in the new one.
        if let Err(error) = transaction.batch_execute(&with(statement!("postgres/lock_table"), &[("table", &table)])) {
            contended.retain(|other| *other != table);
            contended.insert(0, table);
            return Err(error.into());
        }
    }
    let readers = transaction.query(statement!("postgres/readers"), &[&schema])?;
    transaction.batch_execute(&with(statement!("postgres/drop_schema"), &[("schema", &quoted(schema))]))?;
    Ok(readers.iter().map(|row| row.get(0)).collect())
}

fn refuse_dependents(client: &mut impl GenericClient, schema: &str) -> std::result::Result<(), Failed> {
    let depends = |dependent: String, on: String| {
        Err(Failed::Other(Error::Dependents { schema: schema.to_owned(), on, dependent }))
    };
    if let Some(row) = client.query_opt(statement!("postgres/dependents"), &[&schema])? {
        return depends(row.get(1), format!("depends on {schema}.{}", row.get::<_, String>(0)));
    }
    let others = with(statement!("postgres/others"), &[("schema", &quoted(schema))]);
    match client.query_opt(&others, &[&schema])? {
        Some(row) => depends(format!("relation {}", row.get::<_, String>(0)), "is not of the export".to_owned()),
        None => Ok(()),
    }
}

/// Returns whether readers were in the way: the lock timed out, or the server ended a deadlock.
fn is_blocked(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(code))
}

/// Returns the quoted name of a table in a schema.
fn of_schema(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}
