//! The catalog's pointers in a SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};

use super::pointers::{Pointers, Row, Statements, Swap};
use super::{Contents, TableRow, statement};
use crate::{Access, Error, Result, TableName};

/// How long a statement waits for another process's transaction, which takes milliseconds.
const BUSY: Duration = Duration::from_secs(30);

/// The embedded catalog. It uses a rollback journal, because a write-ahead log needs shared memory and leaves further
/// files beside the database.
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
}

impl Sqlite {
    /// Opens the file; creates it only for [`Access::Write`].
    ///
    /// # Errors
    /// Fails if the file cannot be opened or is not a database.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let failed = |error| Error::Sqlite(path.to_owned(), error);
        let connection = match access {
            Access::Read => read_only(path).or_else(|error| after_a_kill(path, error)),
            Access::Write => Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            ),
        };
        let connection = connection.map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        if access == Access::Write {
            // EXTRA also flushes the folder after the journal is removed, so that a commit survives a loss of power.
            connection.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
            connection.pragma_update(None, "synchronous", "EXTRA").map_err(failed)?;
        }
        Ok(Sqlite { path: path.to_owned(), connection })
    }

    /// Runs a query. If a writer was killed since the file was opened, its transaction is rolled back first.
    fn read<T>(&mut self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let failed = self.failed();
        match query(&self.connection) {
            Err(error) => {
                self.connection = after_a_kill(&self.path, error).map_err(&failed)?;
                query(&self.connection).map_err(failed)
            }
            Ok(found) => Ok(found),
        }
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |error| Error::Sqlite(path.clone(), error)
    }
}

/// Opens the file for reading and reads once, because only the first statement detects the journal of a killed writer.
fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    Ok(connection)
}

/// Rolls back the unfinished transaction of a killed writer, by opening the file for writing, and opens it for reading.
fn after_a_kill(path: &Path, error: rusqlite::Error) -> rusqlite::Result<Connection> {
    if !matches!(&error, rusqlite::Error::SqliteFailure(error, _) if error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
    {
        return Err(error);
    }
    let writer =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    writer.busy_timeout(BUSY)?;
    writer.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    drop(writer);
    read_only(path)
}

/// A transaction that has begun.
struct InTransaction<'t> {
    path: &'t Path,
    transaction: &'t Transaction<'t>,
}

impl Statements for InTransaction<'_> {
    fn execute(&mut self, statement: &str, parameters: &[&str]) -> Result<u64> {
        let changed = self.transaction.execute(statement, params_from_iter(parameters));
        Ok(changed.map_err(|error| Error::Sqlite(self.path.to_owned(), error))? as u64)
    }

    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>> {
        rows(self.transaction, statement, parameters).map_err(|error| Error::Sqlite(self.path.to_owned(), error))
    }
}

fn rows(connection: &Connection, statement: &str, parameters: &[&str]) -> rusqlite::Result<Vec<Row>> {
    let mut query = connection.prepare(statement)?;
    let columns = query.column_count();
    let rows =
        query.query_map(params_from_iter(parameters), |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

impl Pointers for Sqlite {
    fn prepare(&mut self) -> Result<()> {
        let failed = self.failed();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        for statement in [statement!("create_tables"), statement!("create_namespaces"), statement!("create_properties")]
        {
            transaction.execute(statement, []).map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
    }

    fn property(&mut self, key: &str) -> Result<Option<String>> {
        self.read(|connection| connection.query_row(statement!("property"), [key], |row| row.get(0)).optional())
    }

    fn record(&mut self, key: &str, value: &str) -> Result<()> {
        self.connection.execute(statement!("set_property"), [key, value]).map_err(self.failed()).map(drop)
    }

    fn tables(&mut self) -> Result<Vec<(TableName, String)>> {
        self.read(|connection| {
            let mut query = connection.prepare(statement!("tables"))?;
            let rows = query.query_map([], |row| {
                let (namespace, name): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((TableName { namespace, name }, row.get(2)?))
            })?;
            rows.collect()
        })
    }

    fn table(&mut self, table: &TableName) -> Result<Option<String>> {
        let name = [&table.namespace, &table.name];
        self.read(|connection| connection.query_row(statement!("table"), name, |row| row.get(0)).optional())
    }

    fn swap(&mut self, swaps: &[Swap]) -> Result<()> {
        let failed = self.failed();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        for Swap { table, expected, new } in swaps {
            let changed = match expected {
                Some(expected) if expected == new => transaction
                    .execute(statement!("hold_table"), params![table.namespace, table.name, expected])
                    .map_err(&failed)?,
                Some(expected) => transaction
                    .execute(statement!("swap_table"), params![new, expected, table.namespace, table.name])
                    .map_err(&failed)?,
                None => {
                    transaction.execute(statement!("insert_namespace"), [&table.namespace]).map_err(&failed)?;
                    transaction
                        .execute(statement!("insert_table"), [&table.namespace, &table.name, new])
                        .map_err(&failed)?
                }
            };
            if changed != 1 {
                return Err(Error::Conflict(table.clone()));
            }
        }
        transaction.commit().map_err(failed)
    }

    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>> {
        self.read(|connection| rows(connection, statement, parameters))
    }

    fn transact(&mut self, work: &mut dyn FnMut(&mut dyn Statements) -> Result<()>) -> Result<()> {
        let failed = self.failed();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        work(&mut InTransaction { path: &self.path, transaction: &transaction })?;
        transaction.commit().map_err(failed)
    }

    fn contents(&mut self) -> Result<Contents> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        let mut contents = Contents::default();
        {
            let mut query = transaction.prepare(statement!("all_tables")).map_err(&failed)?;
            let rows = query.query_map([], |row| {
                let name = TableName { namespace: row.get(0)?, name: row.get(1)? };
                Ok(TableRow { name, location: row.get(2)?, previous: row.get(3)?, kind: row.get(4)? })
            });
            contents.tables = rows.and_then(Iterator::collect).map_err(&failed)?;
            let mut query = transaction.prepare(statement!("all_namespaces")).map_err(&failed)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            contents.namespaces = rows.and_then(Iterator::collect).map_err(&failed)?;
            let mut query = transaction.prepare(statement!("all_properties")).map_err(&failed)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            contents.properties = rows.and_then(Iterator::collect).map_err(&failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(contents)
    }

    fn replace(&mut self, contents: &Contents) -> Result<()> {
        let failed = self.failed();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        for statement in [statement!("delete_tables"), statement!("delete_namespaces"), statement!("delete_properties")]
        {
            transaction.execute(statement, []).map_err(&failed)?;
        }
        for TableRow { name, location, previous, kind } in &contents.tables {
            let row = params![name.namespace, name.name, location, previous, kind];
            transaction.execute(statement!("copy_table"), row).map_err(&failed)?;
        }
        for (namespace, key, value) in &contents.namespaces {
            transaction.execute(statement!("copy_namespace"), params![namespace, key, value]).map_err(&failed)?;
        }
        for (key, value) in &contents.properties {
            transaction.execute(statement!("set_property"), [key, value]).map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
    }
}
