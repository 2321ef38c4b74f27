//! The batches of a table, counted and shown as they are loaded.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::record_batch::RecordBatch;

use super::failure::failure;
use super::plan::Planned;
use crate::sql::{Batches, DuckDb};
use digdag_task::Meter;

/// The progress of a load, shared by its threads.
pub struct Progress<'p> {
    pub meter: &'p dyn Meter,
    /// The tables that are loaded.
    pub done: AtomicUsize,
    /// Set once a thread has failed, so that the others stop.
    pub failed: AtomicBool,
}

impl<'p> Progress<'p> {
    pub fn new(meter: &'p dyn Meter, done: usize) -> Self {
        Progress { meter, done: AtomicUsize::new(done), failed: AtomicBool::new(false) }
    }

    /// Shows that a table has its rows and its indexes.
    pub fn table_done(&self, name: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.meter.advance_to(done as u64, &|| name.to_owned());
    }
}

/// The rows of a table that is being loaded.
pub struct Loading<'l> {
    batches: Batches<'l>,
    name: &'l str,
    total: u64,
    rows: u64,
    progress: &'l Progress<'l>,
}

impl<'l> Loading<'l> {
    /// Starts to read a table, in the order of its primary key if `sorted` is set.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn start(
        planned: &'l Planned,
        total: u64,
        sorted: bool,
        engine: &'l DuckDb,
        progress: &'l Progress<'l>,
    ) -> anyhow::Result<Self> {
        let (sql, origin) = planned.select(sorted)?;
        Ok(Loading { batches: engine.select(&sql, &origin)?, name: &planned.table.name, total, rows: 0, progress })
    }

    /// Returns the next batch, or `None` at the end.
    ///
    /// # Errors
    /// Fails with DuckDB's error, if another thread has failed, and if the table has another number of rows than it had.
    pub fn next_batch(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        anyhow::ensure!(!self.progress.failed.load(Ordering::Relaxed), "another table failed");
        let batch = self.batches.next_batch()?;
        match &batch {
            Some(batch) => {
                self.rows += batch.num_rows() as u64;
                let done = self.progress.done.load(Ordering::Relaxed) as u64;
                let message = || format!("{}: {} of {} rows", self.name, self.rows, self.total);
                self.progress.meter.advance_to(done, &message);
            }
            None => anyhow::ensure!(
                self.rows == self.total,
                "{} has {} rows, of which {} were read",
                self.name,
                self.total,
                self.rows
            ),
        }
        Ok(batch)
    }
}

/// Why a load stopped: the source of the rows failed, or the database.
pub enum Stopped {
    Rows(anyhow::Error),
    Database(lake_database::Error),
}

impl Stopped {
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Stopped::Rows(error) => error,
            Stopped::Database(error) => failure(error),
        }
    }
}

impl From<lake_database::Error> for Stopped {
    fn from(error: lake_database::Error) -> Self {
        Stopped::Database(error)
    }
}
