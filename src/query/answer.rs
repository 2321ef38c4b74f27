//! The result of a statement, read once in one of three forms.

use anyhow::Context;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use crate::sql::{Column, Rows, Sandbox, texts};

/// A statement that DuckDB accepts. Its rows can be read once, as texts, as JSON or as Arrow batches.
pub struct Answer<'s> {
    sandbox: &'s Sandbox,
    sql: &'s str,
    origin: &'s str,
    /// Rows read so far.
    pub(crate) rows: usize,
    /// The number of rows beyond which the statement fails.
    max_rows: usize,
}

impl<'s> Answer<'s> {
    /// Prepares a statement. `origin` names it in messages.
    ///
    /// # Errors
    /// Fails unless it is a single statement that only reads.
    pub fn new(sandbox: &'s Sandbox, sql: &'s str, origin: &'s str) -> anyhow::Result<Self> {
        sandbox.prepare(sql, origin)?;
        Ok(Answer { sandbox, sql, origin, rows: 0, max_rows: usize::MAX })
    }

    /// Lets the statement fail if it returns more rows than this.
    pub fn at_most(self, max_rows: usize) -> Self {
        Answer { max_rows, ..self }
    }

    /// Returns the number of rows that were read so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn count(&mut self, rows: usize) -> anyhow::Result<()> {
        self.rows += rows;
        match self.rows > self.max_rows {
            true => Err(TooManyRows(self.max_rows).into()),
            false => Ok(()),
        }
    }

    /// Runs the statement and passes its rows to `take` as texts, NULL as `None`. `begin` receives the column names
    /// first.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `begin` or `take` returns.
    pub fn texts(
        &mut self,
        begin: impl FnOnce(Vec<String>) -> anyhow::Result<()>,
        mut take: impl FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // The columns are read first, because DuckDB ends a running query when its connection starts another one.
        let described = self.columns().unwrap_or_default();
        let mut batches = self.sandbox.prepare_as_text(self.sql, self.origin)?.run()?;
        let found = batches.columns();
        begin(match described.len() == found.len() {
            true => described.into_iter().map(|column| column.name).collect(),
            false => found,
        })?;
        while let Some(batch) = batches.next_batch()? {
            self.count(batch.num_rows())?;
            take(texts(&batch)?)?;
        }
        Ok(())
    }

    /// Runs the statement and passes each row to `take` as the text of a JSON object.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `take` returns.
    pub fn json(&mut self, mut take: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut batches = self.sandbox.prepare_as_json(self.sql, self.origin)?.run()?;
        while let Some(batch) = batches.next_batch()? {
            self.count(batch.num_rows())?;
            for row in texts(&batch)? {
                take(row.first().and_then(Option::as_deref).context("DuckDB returned no JSON for a row")?)?;
            }
        }
        Ok(())
    }

    /// Runs the statement and passes its batches to `take` as DuckDB returns them. `begin` receives their schema first.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `begin` or `take` returns.
    pub fn batches(
        &mut self,
        begin: impl FnOnce(SchemaRef) -> anyhow::Result<()>,
        mut take: impl FnMut(RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut batches = self.sandbox.prepare(self.sql, self.origin)?.run()?;
        begin(batches.schema())?;
        while let Some(batch) = batches.next_batch()? {
            self.count(batch.num_rows())?;
            take(batch)?;
        }
        Ok(())
    }

    /// Returns the names and types of the columns.
    ///
    /// # Errors
    /// Fails unless the statement is a SELECT: DuckDB describes no other statement before it runs.
    pub fn columns(&self) -> anyhow::Result<Vec<Column>> {
        self.sandbox.columns(self.sql, self.origin)
    }
}

/// A statement returned more rows than its caller takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the statement returns more than {0} rows")]
pub struct TooManyRows(pub usize);
