//! A SQLite file, filled table by table, each in one transaction.
//!
//! The file is written under the name of the caller, who renames it once it is whole. It uses a rollback journal, so
//! that a killed process leaves whole tables, and flushes at each commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Statement, params};

use crate::definition::{list, quoted, with};
use crate::values::Values;
use crate::{Column, DataType, Error, Index, Loaded, Result, Table};

/// Memory for pages and for sorting an index, in KiB; a negative number is how SQLite tells it from a number of pages.
const CACHE: i64 = -65_536;

/// A SQLite file that is being filled.
pub struct Sqlite {
    path: PathBuf,
    connection: Connection,
}

impl Sqlite {
    /// Returns the identity of the export in a finished file.
    ///
    /// # Errors
    /// Fails with [`Error::Foreign`] if the file holds no export.
    pub fn identity_of(path: &Path) -> Result<String> {
        let read = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?.query_row(statement!("sqlite/identity"), [], |row| row.get(0))
        };
        read().map_err(|_| Error::Foreign(format!("file {}", path.display())))
    }

    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// Fails if the file cannot be opened or is not a database.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::Sqlite(path.to_owned(), error);
        let connection = Connection::open(path).map_err(failed)?;
        for (pragma, value) in [("page_size", 8192_i64), ("cache_size", CACHE), ("foreign_keys", 0)] {
            connection.pragma_update(None, pragma, value).map_err(failed)?;
        }
        for (pragma, value) in [("journal_mode", "TRUNCATE"), ("synchronous", "FULL"), ("locking_mode", "EXCLUSIVE")] {
            connection.pragma_update(None, pragma, value).map_err(failed)?;
        }
        Ok(Sqlite { path: path.to_owned(), connection })
    }

    /// Returns the tables that are loaded already if the file is of the same identity, otherwise `None`: the file is
    /// new or of another export.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn loaded(&mut self, identity: &str) -> Result<Option<BTreeMap<String, Loaded>>> {
        let has_record = self.connection.table_exists(None, "_export").map_err(self.failed())?;
        if !has_record {
            return Ok(None);
        }
        let found = self.connection.query_row(statement!("sqlite/identity"), [], |row| row.get::<_, String>(0));
        if found.optional().map_err(self.failed())?.as_deref() != Some(identity) {
            return Ok(None);
        }
        let loaded = |row: &rusqlite::Row<'_>| {
            let rows: i64 = row.get(1)?;
            Ok((row.get(0)?, Loaded { rows: rows.unsigned_abs(), indexed: row.get(2)? }))
        };
        let mut query = self.connection.prepare(statement!("sqlite/loaded_tables")).map_err(self.failed())?;
        let rows = query.query_map([], loaded).map_err(self.failed())?;
        rows.collect::<rusqlite::Result<_>>().map(Some).map_err(self.failed())
    }

    /// Records in a new file what it will hold.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn begin(&mut self, run_id: &str, identity: &str) -> Result<()> {
        let path = self.path.clone();
        let failed = |error| Error::Sqlite(path.clone(), error);
        let transaction = self.connection.transaction().map_err(failed)?;
        transaction.execute(statement!("sqlite/create_record"), []).map_err(failed)?;
        transaction.execute(statement!("sqlite/create_tables_record"), []).map_err(failed)?;
        transaction.execute(statement!("sqlite/insert_record"), [run_id, identity]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Creates a table, loads the batches that `next` returns, and records it as loaded, all in one transaction. Returns
    /// the number of rows.
    ///
    /// # Errors
    /// Fails if the file cannot be written, or with the first error that `next` returns.
    pub fn load<E: From<Error>>(
        &mut self,
        table: &Table,
        mut next: impl FnMut() -> std::result::Result<Option<RecordBatch>, E>,
    ) -> std::result::Result<u64, E> {
        let path = self.path.clone();
        let failed = |error| Error::Sqlite(path.clone(), error);
        let transaction = self.connection.transaction().map_err(failed)?;
        transaction.execute(&create(table), []).map_err(failed)?;
        let mut count = 0;
        {
            let mut insert = transaction.prepare(&insert(table)).map_err(failed)?;
            while let Some(batch) = next()? {
                let values = Values::of(table, &batch)?;
                for row in 0..batch.num_rows() {
                    insert_row(&mut insert, &values, row).map_err(failed)?;
                }
                count += batch.num_rows() as u64;
            }
        }
        transaction.execute(statement!("sqlite/insert_table"), params![table.name, count as i64]).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(count)
    }

    /// Creates the indexes of a loaded table, gathers statistics, and records it, all in one transaction.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn index(&mut self, table: &Table) -> Result<()> {
        let path = self.path.clone();
        let failed = |error| Error::Sqlite(path.clone(), error);
        let transaction = self.connection.transaction().map_err(failed)?;
        let name = quoted(&table.name);
        for columns in &table.unique {
            let index = quoted(&table.part_name(columns, "key"));
            let places = [("name", index.as_str()), ("table", &name), ("columns", &list(columns))];
            transaction.execute(&with(statement!("sqlite/create_unique_index"), &places), []).map_err(failed)?;
        }
        for Index { columns, .. } in &table.indexes {
            let index = quoted(&table.part_name(columns, "idx"));
            let places = [("name", index.as_str()), ("table", &name), ("columns", &list(columns))];
            transaction.execute(&with(statement!("sqlite/create_index"), &places), []).map_err(failed)?;
        }
        transaction.execute(&with(statement!("sqlite/analyze"), &[("table", &name)]), []).map_err(failed)?;
        transaction.execute(statement!("sqlite/set_indexed"), [&table.name]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Closes the file, which leaves no journal.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn close(self) -> Result<()> {
        let failed = |error| Error::Sqlite(self.path.clone(), error);
        self.connection.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
        self.connection.close().map_err(|(_, error)| failed(error))
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |error| Error::Sqlite(path.clone(), error)
    }
}

fn insert_row(insert: &mut Statement<'_>, columns: &[Values<'_>], row: usize) -> rusqlite::Result<()> {
    for (index, values) in columns.iter().enumerate() {
        let place = index + 1;
        if values.is_null(row) {
            insert.raw_bind_parameter(place, rusqlite::types::Null)?;
            continue;
        }
        match values {
            Values::Bigint(array) => insert.raw_bind_parameter(place, array.value(row))?,
            Values::Integer(array) => insert.raw_bind_parameter(place, array.value(row))?,
            Values::Text(array) | Values::Numeric(array) => insert.raw_bind_parameter(place, array.value(row))?,
            Values::Boolean(array) => insert.raw_bind_parameter(place, array.value(row))?,
        }
    }
    insert.raw_execute().map(drop)
}

/// Returns the statement that creates a table. SQLite keeps its text, comments included, and takes keys only here.
fn create(table: &Table) -> String {
    let whole_number = |name: &String| table.columns.iter().any(|column| column.name == *name && is_whole(column));
    let row_id = table.primary_key.len() == 1 && table.primary_key.iter().all(whole_number);
    let mut lines: Vec<(String, String)> =
        table.columns.iter().map(|column| line(column, row_id && table.primary_key[0] == column.name)).collect();
    if !row_id && !table.primary_key.is_empty() {
        lines.push((format!("PRIMARY KEY ({})", list(&table.primary_key)), String::new()));
    }
    for key in &table.foreign_keys {
        let reference = format!("REFERENCES {} ({})", quoted(&key.table), list(&key.fields));
        lines.push((format!("FOREIGN KEY ({}) {reference}", list(&key.columns)), String::new()));
    }
    let last = lines.len() - 1;
    let lines: Vec<String> = lines
        .into_iter()
        .enumerate()
        .map(|(index, (definition, comment))| {
            let comma = if index == last { "" } else { "," };
            let comment = if comment.is_empty() { comment } else { format!(" -- {comment}") };
            format!("{definition}{comma}{comment}")
        })
        .collect();
    // Such a table is its own primary key, so a key of several columns takes no second tree.
    let options = if !row_id && !table.primary_key.is_empty() { "WITHOUT ROWID" } else { "" };
    let places = [
        ("table", quoted(&table.name)),
        ("comment", one_line(&table.comment)),
        ("columns", lines.join("\n    ")),
        ("options", options.to_owned()),
    ];
    with(statement!("sqlite/create_table"), &places.each_ref().map(|(place, value)| (*place, value.as_str())))
}

fn is_whole(column: &Column) -> bool {
    matches!(column.data_type, DataType::Bigint | DataType::Integer)
}

fn line(column: &Column, is_row_id: bool) -> (String, String) {
    let data_type = match column.data_type {
        DataType::Bigint | DataType::Integer => "INTEGER",
        DataType::Text => "TEXT",
        DataType::Boolean => "BOOLEAN",
        DataType::Numeric => "NUMERIC",
    };
    let constraint = match (is_row_id, column.not_null) {
        (true, _) => " PRIMARY KEY",
        (false, true) => " NOT NULL",
        (false, false) => "",
    };
    (format!("{} {data_type}{constraint}", quoted(&column.name)), one_line(&column.comment))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn insert(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let values = vec!["?"; names.len()].join(", ");
    let places = [("table", quoted(&table.name)), ("columns", list(&names)), ("values", values)];
    with(statement!("sqlite/insert"), &places.each_ref().map(|(place, value)| (*place, value.as_str())))
}
