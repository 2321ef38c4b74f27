//! Applies the changes of a month to the tables in place, in one transaction: readers see the rows before or after it.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use postgres::Transaction;

use super::binary::Rows;
use super::loader::send;
use super::{Postgres, Server, of_schema};
use crate::definition::{list, literal, quoted, with};
use crate::{Column, DataType, Error, Result, Table};

/// A transaction that turns the tables of one run into those of another.
pub struct Changes<'c> {
    server: Server,
    schema: String,
    transaction: Transaction<'c>,
}

impl Postgres {
    /// Returns whether the schema has the foreign keys and the kinds of indexes that these tables would get. Only then
    /// can changes be applied to it.
    ///
    /// # Errors
    /// Fails with the server's error.
    pub fn has_shape(&mut self, tables: &[&Table]) -> Result<bool> {
        let names = |tables: &[&Table], of: &dyn Fn(&Table) -> Vec<String>| -> BTreeSet<String> {
            tables.iter().flat_map(|table| of(table)).collect()
        };
        let keys = names(tables, &|table| {
            table.foreign_keys.iter().map(|key| table.part_name(&key.columns, "fkey")).collect()
        });
        let hashes = names(tables, &|table| {
            let long = table.indexes.iter().filter(|index| index.long_values);
            long.map(|index| table.part_name(&index.columns, "idx")).collect()
        });
        let schema = self.schema.clone();
        Ok(self.names(statement!("postgres/foreign_keys"), &schema)? == keys
            && self.names(statement!("postgres/hash_indexes"), &schema)? == hashes)
    }

    fn names(&mut self, statement: &str, schema: &str) -> Result<BTreeSet<String>> {
        let rows = self.client.query(statement, &[&schema]).map_err(|error| self.server.failed(error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Begins to apply changes to the schema.
    ///
    /// # Errors
    /// Fails with the server's error.
    pub fn begin_changes(&mut self) -> Result<Changes<'_>> {
        let (server, schema) = (self.server.clone(), self.schema.clone());
        let failed = |error| server.failed(error);
        let mut transaction = self.client.transaction().map_err(failed)?;
        // A row may come before the one that it refers to.
        transaction.batch_execute(statement!("postgres/defer_constraints")).map_err(failed)?;
        Ok(Changes { server, schema, transaction })
    }
}

impl Changes<'_> {
    /// Applies the changes of a table. The batches that `next` returns have its columns and then `_change`: `insert`,
    /// `delete`, `update_before` or `update_after`. Returns the number of changed rows, an update counted twice.
    ///
    /// # Errors
    /// Fails with [`Error::Changed`] if the table has not the rows that the changes take away, with the server's error,
    /// and with the first error that `next` returns.
    pub fn apply<E: From<Error>>(
        &mut self,
        table: &Table,
        mut next: impl FnMut() -> std::result::Result<Option<RecordBatch>, E>,
    ) -> std::result::Result<u64, E> {
        let server = self.server.clone();
        let failed = |error| server.failed(error);
        let name = of_schema(&self.schema, &table.name);
        let mut with_change = table.clone();
        with_change.columns.push(Column {
            name: "_change".to_owned(),
            data_type: DataType::Text,
            not_null: true,
            comment: String::new(),
        });
        let names = |table: &Table| -> String {
            list(&table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>())
        };
        let place = [("table", name.as_str())];
        let create = with(statement!("postgres/create_changes"), &place);
        self.transaction.batch_execute(&create).map_err(failed)?;
        let copy = with(statement!("postgres/copy_changes"), &[("columns", &names(&with_change))]);
        let writer = self.transaction.copy_in(&copy).map_err(failed)?;
        let count = send(writer, &self.server, &with_change, &mut Rows::new(), &mut next)?;
        self.transaction.batch_execute(statement!("postgres/analyze_changes")).map_err(failed)?;
        let columns = names(table);
        let places = [place[0], ("columns", columns.as_str())];
        let delete = if table.primary_key.is_empty() {
            with(statement!("postgres/delete_copies"), &places)
        } else {
            let agrees = table.primary_key.iter().map(|name| format!("held.{0} = changes.{0}", quoted(name)));
            let agrees = agrees.collect::<Vec<_>>().join(" AND ");
            with(statement!("postgres/delete_by_key"), &[place[0], ("agrees", agrees.as_str())])
        };
        let deleted = self.transaction.execute(&delete, &[]).map_err(failed)?;
        let insert = with(statement!("postgres/insert_changes"), &places);
        let inserted = self.transaction.execute(&insert, &[]).map_err(failed)?;
        if deleted + inserted != count {
            return Err(Error::Changed(name).into());
        }
        self.transaction.batch_execute(statement!("postgres/drop_changes")).map_err(failed)?;
        let update = with(statement!("postgres/update_table"), &[("schema", &quoted(&self.schema))]);
        let difference = inserted.cast_signed() - deleted.cast_signed();
        self.transaction.execute(&update, &[&table.name, &difference]).map_err(failed)?;
        Ok(count)
    }

    /// Records the run whose rows the tables have now, and commits.
    ///
    /// # Errors
    /// Fails with [`Error::Unknown`] if the connection broke during the commit, and with the server's error: a
    /// reference does not hold, for example.
    pub fn commit(mut self, run_id: &str, identity: &str) -> Result<()> {
        let failed = |error| self.server.failed(error);
        let place = [("schema", quoted(&self.schema))];
        let place = place.each_ref().map(|(place, value)| (*place, value.as_str()));
        let update = with(statement!("postgres/update_record"), &place);
        self.transaction.execute(&update, &[&run_id, &identity]).map_err(failed)?;
        let comment = literal(&format!("Discogs, run {run_id}"));
        let places = [place[0], ("comment", comment.as_str())];
        self.transaction.batch_execute(&with(statement!("postgres/comment_schema"), &places)).map_err(failed)?;
        let place = self.server.place();
        self.transaction.commit().map_err(|error| match error.as_db_error() {
            Some(_) => self.server.failed(error),
            None => Error::Unknown(place, error.to_string()),
        })
    }
}
