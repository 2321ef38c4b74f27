//! Loads single tables, each in one transaction.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use postgres::{Client, CopyInWriter};

use super::binary::Rows;
use super::{Server, of_schema};
use crate::definition::{list, literal, quoted, with};
use crate::{Column, DataType, Error, Index, Result, Table};

/// Encoded rows are sent in pieces of about this size.
const PIECE: usize = 1 << 20;

/// A connection that loads tables into a schema.
pub struct Loader {
    server: Server,
    client: Client,
    schema: String,
    unlogged: bool,
}

impl Loader {
    /// Opens a connection.
    pub(super) fn open(server: &Server, application: &str, schema: &str, unlogged: bool) -> Result<Self> {
        let mut client = server.connect(application)?;
        client.batch_execute(statement!("postgres/maintenance_memory")).map_err(|error| server.failed(error))?;
        Ok(Loader { server: server.clone(), client, schema: schema.to_owned(), unlogged })
    }

    /// Creates a table, loads the batches that `next` returns, and records it as loaded, all in one transaction. Returns
    /// the number of rows.
    ///
    /// The rows are frozen, so a transaction whose snapshot is older than the load sees them as well: after the swap it
    /// finds the new month and no empty table.
    ///
    /// # Errors
    /// Fails with the server's error, or the first that `next` returns.
    pub fn load<E: From<Error>>(
        &mut self,
        table: &Table,
        mut next: impl FnMut() -> std::result::Result<Option<RecordBatch>, E>,
    ) -> std::result::Result<u64, E> {
        let server = self.server.clone();
        let failed = |error| server.failed(error);
        let name = of_schema(&self.schema, &table.name);
        let mut transaction = self.client.transaction().map_err(failed)?;
        transaction.batch_execute(&with(statement!("postgres/drop_table"), &[("table", &name)])).map_err(failed)?;
        transaction.batch_execute(&create(table, &name, self.unlogged)).map_err(failed)?;
        transaction.batch_execute(&comments(table, &name)).map_err(failed)?;
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let copy = with(statement!("postgres/copy"), &[("table", &name), ("columns", &list(&names))]);
        let writer = transaction.copy_in(&copy).map_err(failed)?;
        let count = send(writer, &self.server, table, &mut Rows::new(), &mut next)?;
        let record = with(statement!("postgres/insert_table"), &[("schema", &quoted(&self.schema))]);
        transaction.execute(&record, &[&table.name, &(count as i64)]).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(count)
    }

    /// Creates the primary key and the indexes of a loaded table, gathers statistics, and records it, all in one
    /// transaction.
    ///
    /// # Errors
    /// Fails with the server's error: the primary key repeats, for example.
    pub fn index(&mut self, table: &Table) -> Result<()> {
        let failed = |error| self.server.failed(error);
        let name = of_schema(&self.schema, &table.name);
        let mut transaction = self.client.transaction().map_err(failed)?;
        for statement in indexes(table, &name) {
            transaction.batch_execute(&statement).map_err(failed)?;
        }
        transaction.batch_execute(&with(statement!("postgres/analyze"), &[("table", &name)])).map_err(failed)?;
        let record = with(statement!("postgres/set_indexed"), &[("schema", &quoted(&self.schema))]);
        transaction.execute(&record, &[&table.name]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Lets the server prove the declared foreign keys of a table.
    ///
    /// # Errors
    /// Fails with the server's error: a reference does not hold, for example.
    pub fn validate(&mut self, table: &Table) -> Result<()> {
        let failed = |error| self.server.failed(error);
        let name = of_schema(&self.schema, &table.name);
        let found = self.client.query(statement!("postgres/not_validated"), &[&self.schema, &table.name]);
        for row in found.map_err(failed)? {
            let places = [("table", name.as_str()), ("name", &quoted(row.get(0)))];
            self.client.batch_execute(&with(statement!("postgres/validate_foreign_key"), &places)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Sends the batches that `next` returns, and returns the number of rows.
pub(super) fn send<E: From<Error>>(
    mut writer: CopyInWriter<'_>,
    server: &Server,
    table: &Table,
    rows: &mut Rows,
    next: &mut impl FnMut() -> std::result::Result<Option<RecordBatch>, E>,
) -> std::result::Result<u64, E> {
    let mut count = 0;
    while let Some(batch) = next()? {
        rows.append(table, &batch)?;
        count += batch.num_rows() as u64;
        if rows.bytes.len() >= PIECE {
            writer.write_all(&rows.bytes).map_err(|error| server.sending(table, error))?;
            rows.bytes.clear();
        }
    }
    rows.end();
    writer.write_all(&rows.bytes).map_err(|error| server.sending(table, error))?;
    writer.finish().map_err(|error| server.failed(error))?;
    Ok(count)
}

impl Server {
    fn sending(&self, table: &Table, error: std::io::Error) -> Error {
        Error::Sending(self.place(), table.name.clone(), error)
    }
}

fn create(table: &Table, name: &str, unlogged: bool) -> String {
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    let persistence = if unlogged { "UNLOGGED" } else { "" };
    let places = [("persistence", persistence), ("table", name), ("columns", &columns.join(",\n    "))];
    with(statement!("postgres/create_table"), &places)
}

fn column(column: &Column) -> String {
    let data_type = match column.data_type {
        DataType::Bigint => "bigint",
        DataType::Integer => "integer",
        DataType::Text => "text",
        DataType::Boolean => "boolean",
        DataType::Numeric => "numeric",
    };
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!("{} {data_type}{not_null}", quoted(&column.name))
}

fn comments(table: &Table, name: &str) -> String {
    let of_table =
        with(statement!("postgres/comment_table"), &[("table", name), ("comment", &literal(&table.comment))]);
    let of_column = |column: &Column| {
        let places = [("table", name), ("column", &quoted(&column.name)), ("comment", &literal(&column.comment))];
        with(statement!("postgres/comment_column"), &places)
    };
    std::iter::once(of_table).chain(table.columns.iter().map(of_column)).collect::<Vec<_>>().join(";\n")
}

fn indexes(table: &Table, name: &str) -> Vec<String> {
    let mut statements = Vec::new();
    if !table.primary_key.is_empty() {
        let constraint = quoted(&format!("{}_pkey", table.name));
        let places = [("table", name), ("name", &constraint), ("columns", &list(&table.primary_key))];
        statements.push(with(statement!("postgres/primary_key"), &places));
    }
    for columns in &table.unique {
        let index = quoted(&table.part_name(columns, "key"));
        let places = [("name", index.as_str()), ("table", name), ("columns", &list(columns))];
        statements.push(with(statement!("postgres/create_unique_index"), &places));
    }
    for Index { columns, long_values } in &table.indexes {
        let method = if *long_values { "hash" } else { "btree" };
        let index = quoted(&table.part_name(columns, "idx"));
        let places = [("name", index.as_str()), ("table", name), ("method", method), ("columns", &list(columns))];
        statements.push(with(statement!("postgres/create_index"), &places));
    }
    for column in &table.text_indexes {
        let index = quoted(&table.part_name(std::slice::from_ref(column), "words_idx"));
        let places = [("name", index.as_str()), ("table", name), ("column", &quoted(column))];
        statements.push(with(statement!("postgres/create_text_index"), &places));
    }
    statements
}
