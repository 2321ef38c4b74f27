//! Reads and appends the events of the history.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::contract::HistoryContract;
use crate::lake::{HistoryFolder, Lake};
use crate::parquet::TableFile;
use crate::sql::{DuckDb, Engine, EngineParameters, SqlFile};
use digdag_task::{ByteSize, Scratch, SharedObserver};
use parquet::file::reader::SerializedFileReader;

/// Reads and appends the events of the history.
pub struct Events {
    contract: HistoryContract,
    folder: HistoryFolder,
    observer: SharedObserver,
    /// Unreadable files that were reported, so each is reported once.
    unreadable: RefCell<BTreeSet<PathBuf>>,
    /// The last field, so that the folder is removed after everything else is closed.
    scratch: Scratch,
}

/// A cell of an event.
pub enum Cell<'c> {
    Time(Timestamp),
    Text(Option<&'c str>),
    Number(Option<i64>),
    Flag(bool),
}

/// Cells as texts, NULL as `None`.
pub type Rows = Vec<Vec<Option<String>>>;

impl Events {
    /// Opens the history of a lake.
    ///
    /// # Errors
    /// Returns an error if the contract of the history is invalid, or if the temporary folder cannot be created.
    pub fn open(lake: &Lake, task: &str, observer: SharedObserver) -> anyhow::Result<Self> {
        Ok(Events {
            contract: HistoryContract::load()?,
            folder: lake.history(),
            observer,
            unreadable: RefCell::default(),
            scratch: lake.scratch(task)?,
        })
    }

    /// Returns the folder of the history.
    pub fn folder(&self) -> &HistoryFolder {
        &self.folder
    }

    /// Returns the folder for temporary files, which is removed with this value.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns the version of the contract of the history, which every event carries.
    pub fn schema_version(&self) -> i64 {
        self.contract.version.into()
    }

    /// Runs a query of `sql/history/queries` over the current events, and returns the column names and the rows.
    ///
    /// # Errors
    /// Returns an error if there is no such query, if the events cannot be listed, or if DuckDB fails.
    pub fn query(&self, name: &str) -> anyhow::Result<(Vec<String>, Rows)> {
        // The events of ten years are a few megabytes, so 1 GiB and one thread suffice.
        let engine = EngineParameters::new(ByteSize(1 << 30), Some(1));
        let engine = DuckDb::open(&engine, &self.scratch().join("spill"))?;
        for table in &self.contract.tables {
            let mut files = self.folder.event_files(self.contract.folder(&table.name)?)?;
            files.retain(|file| self.is_readable(file));
            if files.is_empty() {
                files.push(self.without_rows(&table.name)?);
            }
            engine.mount(&table.name, &files)?;
        }
        for view in SqlFile::folder("history")? {
            engine.view(&view)?;
        }
        let query = SqlFile::load(&format!("history/queries/{name}"))?;
        engine.table(&query.text, &query.path)
    }

    /// Returns whether a file of events can be read. Reports an unreadable file once; the other files are still read.
    fn is_readable(&self, path: &Path) -> bool {
        let footer = File::open(path).map_err(anyhow::Error::from);
        let footer = footer.and_then(|file| Ok(SerializedFileReader::new(file)?));
        if let Err(error) = &footer
            && self.unreadable.borrow_mut().insert(path.to_owned())
        {
            let path = path.display();
            self.observer.note(format_args!(
                "{path} cannot be read and is left aside: {error:#}; restore it from a copy, or remove it"
            ));
        }
        footer.is_ok()
    }

    /// Commits rows as one file of events. Each row has a cell for each column of the table.
    ///
    /// # Errors
    /// Returns an error if the contract has no such table, or if the file cannot be written.
    pub fn append(&self, table: &str, rows: &[Vec<Cell<'_>>]) -> anyhow::Result<()> {
        let staged = self.scratch().join(format!("{table}.parquet"));
        self.write(table, rows, &staged)?;
        self.folder.append_events(self.contract.folder(table)?, &self.scratch, &staged)?;
        Ok(())
    }

    /// Writes rows of a table to a file outside of the history.
    ///
    /// # Errors
    /// Returns an error if the contract has no such table, or if the file cannot be written.
    pub fn write(&self, table: &str, rows: &[Vec<Cell<'_>>], path: &Path) -> anyhow::Result<()> {
        let mut file = TableFile::create(path, self.contract.table(table)?)?;
        let columns = (0..file.schema().fields().len()).map(|index| column(rows, index));
        let batch = RecordBatch::try_new(file.schema().clone(), columns.collect())
            .with_context(|| format!("the events of {table} are not those of the contract"))?;
        file.append(batch)?;
        file.finish()?;
        Ok(())
    }

    /// Returns a file without rows, so that DuckDB knows the columns of a table without events.
    fn without_rows(&self, table: &str) -> anyhow::Result<PathBuf> {
        let path = self.scratch().join(format!("{table}.none.parquet"));
        if !path.exists() {
            TableFile::create(&path, self.contract.table(table)?)?.finish()?;
        }
        Ok(path)
    }
}

/// Returns the current time, or the microsecond after the last of `times` if the clock has gone back: the latest event
/// of a run is its state, so a new one must not sort before an old one.
pub fn after_all<'t>(times: impl Iterator<Item = &'t str>) -> Timestamp {
    let last = times.filter_map(|time| time.parse::<DateTime>().ok()).max();
    let last = last.and_then(|time| time.to_zoned(TimeZone::UTC).ok()).map(|time| time.timestamp());
    let next = last.and_then(|last| last.checked_add(SignedDuration::from_micros(1)).ok());
    next.map_or_else(Timestamp::now, |next| next.max(Timestamp::now()))
}

fn column(rows: &[Vec<Cell<'_>>], index: usize) -> ArrayRef {
    let cells = || rows.iter().filter_map(move |row| row.get(index));
    match cells().next() {
        Some(Cell::Time(_)) => {
            let times = cells().map(|cell| match cell {
                Cell::Time(time) => Some(time.as_microsecond()),
                _ => None,
            });
            Arc::new(times.collect::<TimestampMicrosecondArray>())
        }
        Some(Cell::Number(_)) => {
            let numbers = cells().map(|cell| match cell {
                Cell::Number(number) => *number,
                _ => None,
            });
            Arc::new(numbers.collect::<Int64Array>())
        }
        Some(Cell::Flag(_)) => {
            let flags = cells().map(|cell| match cell {
                Cell::Flag(flag) => Some(*flag),
                _ => None,
            });
            Arc::new(flags.collect::<BooleanArray>())
        }
        Some(Cell::Text(_)) | None => {
            let texts = cells().map(|cell| match cell {
                Cell::Text(text) => *text,
                _ => None,
            });
            Arc::new(texts.collect::<StringArray>())
        }
    }
}
