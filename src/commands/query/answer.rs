//! The result of a statement, read once in one of three forms.

use anyhow::Context;
use arrow::record_batch::RecordBatch;

use crate::sql::{Column, Rows, Sandbox, texts};
use digdag_task::Failure;

/// A statement that DuckDB accepts. Its rows can be read once, as texts, as JSON or as Arrow batches.
pub struct Answer<'s> {
    sandbox: &'s Sandbox,
    sql: &'s str,
    origin: &'s str,
    /// Rows read so far.
    pub(crate) rows: usize,
}

impl<'s> Answer<'s> {
    /// Prepares a statement. `origin` names it in messages.
    ///
    /// # Errors
    /// Fails unless it is a single statement that only reads.
    pub fn new(sandbox: &'s Sandbox, sql: &'s str, origin: &'s str) -> anyhow::Result<Self> {
        sandbox.prepare(sql, origin).map_err(refused)?;
        Ok(Answer { sandbox, sql, origin, rows: 0 })
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
            self.rows += batch.num_rows();
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
            self.rows += batch.num_rows();
            for row in texts(&batch)? {
                take(row.first().and_then(Option::as_deref).context("DuckDB returned no JSON for a row")?)?;
            }
        }
        Ok(())
    }

    /// Runs the statement and passes its batches to `take` as DuckDB returns them.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `take` returns.
    pub fn batches(&mut self, mut take: impl FnMut(RecordBatch) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut batches = self.sandbox.prepare(self.sql, self.origin)?.run()?;
        while let Some(batch) = batches.next_batch()? {
            self.rows += batch.num_rows();
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

/// Adds a hint at the showcase queries to a failure of the statement that has no hint. Any other error is unchanged.
fn refused(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.hint.is_none() => {
            failure.hint("query --list names the showcase queries; their SQL is in sql/showcase_queries").into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}
