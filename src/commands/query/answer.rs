//! The rows of a statement, on their way to people.

use anyhow::Context;
use arrow::record_batch::RecordBatch;

use crate::sql::{Column, Rows, Sandbox, texts};
use digdag_task::Failure;

/// A statement that DuckDB accepts, whose rows are read once, as texts, as JSON or as Arrow batches.
pub struct Answer<'s> {
    sandbox: &'s Sandbox,
    sql: &'s str,
    origin: &'s str,
    /// Rows read so far.
    pub rows: usize,
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

    /// Runs the statement and passes its rows on as texts, NULL as `None`. `begin` receives the names of the columns first.
    pub fn texts(
        &mut self,
        begin: impl FnOnce(Vec<String>) -> anyhow::Result<()>,
        mut take: impl FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // Before the rows: DuckDB ends a running query when its connection gets another one.
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

    /// Runs the statement and passes each row on as the text of a JSON object.
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

    /// Runs the statement and passes its batches on as DuckDB returns them.
    pub fn batches(&mut self, mut take: impl FnMut(RecordBatch) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut batches = self.sandbox.prepare(self.sql, self.origin)?.run()?;
        while let Some(batch) = batches.next_batch()? {
            self.rows += batch.num_rows();
            take(batch)?;
        }
        Ok(())
    }

    /// Returns the names and types of the columns, which only a SELECT has before it runs.
    pub fn columns(&self) -> anyhow::Result<Vec<Column>> {
        self.sandbox.columns(self.sql, self.origin)
    }
}

/// Adds where to look for statements that work. An error that is not of the statement stays as it is.
fn refused(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.hint.is_none() => {
            failure.hint("query --list names the showcase queries; their SQL is in sql/showcase_queries").into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}
