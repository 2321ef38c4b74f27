//! The interface of rows that are written in a format.

use std::sync::Arc;

use anyhow::Context;
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::answer::Answer;
use crate::sql::{Column, Rows};

/// Rows that are read once, in one of three forms.
pub trait RowSource {
    /// Passes the rows to `take` as texts, NULL as `None`. `begin` receives the names of the columns first.
    ///
    /// # Errors
    /// Fails if the rows cannot be read, or with the first error that `begin` or `take` returns.
    fn texts(
        &mut self,
        begin: &mut dyn FnMut(Vec<String>) -> anyhow::Result<()>,
        take: &mut dyn FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()>;

    /// Passes each row to `take` as the text of a JSON object.
    ///
    /// # Errors
    /// Fails like [`RowSource::texts`].
    fn json(&mut self, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()>;

    /// Passes the rows to `take` as Arrow batches, by default of texts. `begin` receives their schema first.
    ///
    /// # Errors
    /// Fails like [`RowSource::texts`].
    fn batches(
        &mut self,
        begin: &mut dyn FnMut(SchemaRef) -> anyhow::Result<()>,
        take: &mut dyn FnMut(RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let known = std::cell::RefCell::new(None);
        self.texts(
            &mut |names| {
                let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
                let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                *known.borrow_mut() = Some(Arc::clone(&schema));
                begin(schema)
            },
            &mut |rows| {
                let schema = known.borrow().clone().context("rows without columns")?;
                let column = |at: usize| -> ArrayRef {
                    Arc::new(rows.iter().map(|row| row.get(at).and_then(Option::as_deref)).collect::<StringArray>())
                };
                let columns = (0..schema.fields().len()).map(column).collect();
                take(RecordBatch::try_new(schema, columns)?)
            },
        )
    }

    /// Returns the names and types of the columns, if they are known before the rows.
    ///
    /// # Errors
    /// Fails if they are not.
    fn columns(&self) -> anyhow::Result<Vec<Column>> {
        Ok(Vec::new())
    }
}

impl RowSource for Answer<'_> {
    fn texts(
        &mut self,
        begin: &mut dyn FnMut(Vec<String>) -> anyhow::Result<()>,
        take: &mut dyn FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        Answer::texts(self, begin, take)
    }

    fn json(&mut self, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        Answer::json(self, take)
    }

    fn batches(
        &mut self,
        begin: &mut dyn FnMut(SchemaRef) -> anyhow::Result<()>,
        take: &mut dyn FnMut(RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        Answer::batches(self, begin, take)
    }

    fn columns(&self) -> anyhow::Result<Vec<Column>> {
        Answer::columns(self)
    }
}
