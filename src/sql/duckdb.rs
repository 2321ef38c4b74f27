//! DuckDB inside this process, in bounded memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use duckdb::types::{TimeUnit, ToSql, ToSqlOutput, ValueRef};
use duckdb::{Appender, Config, Connection, InterruptHandle, appender_params_from_iter};

use super::cancellation::Cancellation;
use super::sandbox::FILES_HINT;
use super::{Engine, Rows, SqlFile, quoted, text_literal};
use digdag_task::{ByteSize, Failure};

/// The limits of the embedded DuckDB.
#[derive(Args, Clone, Debug)]
pub struct EngineParameters {
    /// Memory that DuckDB may take; what needs more is spilled to disk
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    pub memory_limit: ByteSize,

    /// Worker threads [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,

    /// Ends the statements of the engine from another thread.
    #[arg(skip)]
    pub cancellation: Cancellation,
}

impl EngineParameters {
    /// Returns limits; without a number of threads, as many as there are cores.
    pub fn new(memory_limit: ByteSize, threads: Option<u16>) -> Self {
        EngineParameters { memory_limit, threads, cancellation: Cancellation::default() }
    }

    /// Returns the parameters with at most this much memory for each worker thread.
    pub fn with_memory_a_thread(&self, bytes: u64) -> Self {
        let most = bytes.saturating_mul(self.worker_threads() as u64);
        EngineParameters { memory_limit: ByteSize(self.memory_limit.0.min(most)), ..self.clone() }
    }

    /// Returns the number of threads: as given, or one for each core.
    pub fn worker_threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// DuckDB inside this process.
pub struct DuckDb {
    connection: Connection,
    is_cancelled: Arc<AtomicBool>,
    is_open: Arc<Mutex<bool>>,
}

impl Drop for DuckDb {
    /// Closes the connection for its cancellers: the crate's handle would use a connection while it is being closed.
    fn drop(&mut self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// Cancels the statements of a [`DuckDb`] from another thread.
#[derive(Clone)]
pub struct Canceller {
    handle: Arc<InterruptHandle>,
    is_cancelled: Arc<AtomicBool>,
    is_open: Arc<Mutex<bool>>,
}

impl Canceller {
    /// Ends the statement that runs with [`Cancelled`]; later ones do not start. DuckDB forgets an interrupt that arrives
    /// just before a statement starts, so a caller repeats the call until the statement has ended.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_open {
            self.handle.interrupt();
        }
    }

    /// Returns whether the engine is open.
    pub(super) fn is_open(&self) -> bool {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Canceller`] ended a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the statement was cancelled")]
pub struct Cancelled;

impl DuckDb {
    /// Opens an empty database in memory, with the functions of `sql/functions/duckdb`. DuckDB spills to the folder
    /// `spill` when it reaches the memory limit.
    ///
    /// # Errors
    /// Fails if DuckDB cannot start or refuses a setting.
    pub fn open(parameters: &EngineParameters, spill: &Path) -> anyhow::Result<Self> {
        parameters.cancellation.check()?;
        let config = Config::default()
            .enable_autoload_extension(false)?
            .max_memory(&format!("{}B", parameters.memory_limit.0))?
            .with("autoinstall_known_extensions", "false")?
            .with("temp_directory", spill.to_string_lossy())?;
        let config = match parameters.threads {
            Some(threads) => config.threads(i64::from(threads))?,
            None => config,
        };
        let connection = Connection::open_in_memory_with_flags(config).context("DuckDB cannot be started")?;
        let engine = DuckDb { connection, is_cancelled: Arc::default(), is_open: Arc::new(Mutex::new(true)) };
        parameters.cancellation.register(engine.canceller());
        engine.execute_file("engine/remember_footers")?;
        for function in SqlFile::folder("functions/duckdb")? {
            engine.execute(&function.text, &function.path)?;
        }
        Ok(engine)
    }

    /// Opens a database in memory that spills to a folder of its own in `folder`, the scratch folder of a task.
    ///
    /// # Errors
    /// Fails if the folder cannot be made, and as [`DuckDb::open`] does.
    pub fn open_in(parameters: &EngineParameters, folder: &Path) -> anyhow::Result<Self> {
        let spill = folder.join("spill");
        std::fs::create_dir(&spill).with_context(|| format!("cannot make the folder {}", spill.display()))?;
        DuckDb::open(parameters, &spill)
    }

    /// Limits the space on the disk that DuckDB spills to.
    ///
    /// # Errors
    /// Fails if DuckDB refuses the setting.
    pub fn limit_spill(&self, size: ByteSize) -> anyhow::Result<()> {
        let limit = SqlFile::load("engine/max_spill")?;
        self.execute(&limit.with(&[("size", &text_literal(&format!("{}B", size.0)))]), &limit.path)
    }

    /// Opens a small database for a unit test, and the folder that it spills to.
    #[cfg(test)]
    pub(crate) fn of_test() -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let parameters = EngineParameters::new(ByteSize(100 << 20), Some(1));
        (DuckDb::open(&parameters, folder.path()).expect("DuckDB opens"), folder)
    }

    /// Opens another connection to the same database, for another thread. Memory and threads are shared.
    ///
    /// # Errors
    /// Fails if DuckDB opens no further connection.
    pub fn another(&self) -> anyhow::Result<Self> {
        let connection = self.connection.try_clone().context("DuckDB opens no further connection")?;
        Ok(DuckDb { connection, is_cancelled: self.is_cancelled.clone(), is_open: Arc::new(Mutex::new(true)) })
    }

    /// Returns a handle that cancels the statements of this connection.
    pub fn canceller(&self) -> Canceller {
        Canceller {
            handle: self.connection.interrupt_handle(),
            is_cancelled: self.is_cancelled.clone(),
            is_open: self.is_open.clone(),
        }
    }

    fn refuse_if_cancelled(&self) -> Result<(), Cancelled> {
        match self.is_cancelled.load(Ordering::SeqCst) {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// Creates the view in a file, under the file's name.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn view(&self, file: &SqlFile) -> anyhow::Result<()> {
        let view = SqlFile::load("engine/view")?;
        self.execute(&view.with(&[("name", &quoted(&file.name)), ("query", &file.text)]), &file.path)
    }

    /// Runs the statement of `sql/<path>.sql`.
    ///
    /// # Errors
    /// Fails if there is no such file, or with DuckDB's error.
    pub fn execute_file(&self, path: &str) -> anyhow::Result<()> {
        let file = SqlFile::load(path)?;
        self.execute(&file.text, &file.path)
    }

    /// Runs a statement that returns no rows. `origin` names it in messages.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn execute(&self, sql: &str, origin: &str) -> anyhow::Result<()> {
        self.refuse_if_cancelled()?;
        self.connection.execute_batch(sql).map_err(|error| match self.refuse_if_cancelled() {
            Err(cancelled) => cancelled.into(),
            Ok(()) => explain(error, origin),
        })
    }

    /// Starts a query, whose rows are read batch by batch.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn select(&self, sql: &str, origin: &str) -> anyhow::Result<Batches<'_>> {
        self.prepare(sql, origin)?.run()
    }

    /// Prepares a statement and does not run it. `origin` names it in messages.
    ///
    /// # Errors
    /// Fails if DuckDB cannot parse or bind the statement.
    pub(super) fn prepare(&self, sql: &str, origin: &str) -> anyhow::Result<Prepared<'_>> {
        self.refuse_if_cancelled()?;
        let statement = self.connection.prepare(sql).map_err(|error| explain(error, origin))?;
        Ok(Prepared { statement, query: Query { engine: self, sql: sql.to_owned(), origin: origin.to_owned() } })
    }

    /// Runs a query and passes its rows to `take`, batch by batch.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `take` returns.
    pub fn stream(
        &self,
        sql: &str,
        origin: &str,
        mut take: impl FnMut(RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut batches = self.select(sql, origin)?;
        while let Some(batch) = batches.next_batch()? {
            take(batch)?;
        }
        Ok(())
    }

    /// Fills a table with the rows that `rows` passes on. DuckDB takes them in batches, and spills like for any table.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or the first that `rows` returns.
    pub fn fill(&self, table: &str, rows: impl FnOnce(&mut Filler<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let explained = |error| explain(error, table);
        let mut filler = Filler { appender: self.connection.appender(table).map_err(explained)?, table };
        rows(&mut filler)?;
        filler.appender.flush().map_err(explained)
    }

    /// Runs a query and returns the names of its columns and its rows as texts, all in memory.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn table(&self, sql: &str, origin: &str) -> anyhow::Result<(Vec<String>, Rows)> {
        let mut rows = Vec::new();
        let mut batches = self.select(sql, origin)?;
        while let Some(batch) = batches.next_batch()? {
            rows.extend(texts(&batch)?);
        }
        Ok((batches.columns(), rows))
    }
}

/// A table that is being filled.
pub struct Filler<'e> {
    appender: Appender<'e>,
    table: &'e str,
}

impl Filler<'_> {
    /// Adds a row: a cell for each column.
    ///
    /// # Errors
    /// Fails if a cell does not fit its column.
    pub fn row<const N: usize>(&mut self, cells: [Cell<'_>; N]) -> anyhow::Result<()> {
        let table = self.table;
        self.appender.append_row(appender_params_from_iter(cells)).map_err(|error| explain(error, table))
    }
}

/// A cell of a table that is being filled.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'c> {
    /// NULL.
    Null,
    /// A boolean.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A time in UTC, in milliseconds since 1970.
    Time(i64),
    /// A text.
    Text(&'c str),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Flag(flag) => ValueRef::Boolean(*flag),
            Cell::Number(number) => ValueRef::BigInt(*number),
            Cell::Time(milliseconds) => ValueRef::Timestamp(TimeUnit::Millisecond, *milliseconds),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl<'c> From<Option<&'c str>> for Cell<'c> {
    fn from(text: Option<&'c str>) -> Self {
        text.map_or(Cell::Null, Cell::Text)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Cell::Null, Cell::Number)
    }
}

/// A statement that DuckDB has parsed and bound.
pub struct Prepared<'e> {
    statement: duckdb::Statement<'e>,
    query: Query<'e>,
}

/// The text of a statement, the engine that runs it, and the name that messages have for it.
struct Query<'e> {
    engine: &'e DuckDb,
    sql: String,
    origin: String,
}

impl Query<'_> {
    /// Returns the error that ended the query.
    ///
    /// A [`Canceller`] interrupts a query, and DuckDB does: the first thread that fails stops the others, and a reader
    /// that then asks for the next rows of a result without an order gets the interrupt in place of the error
    /// (`SimpleBufferedData::ExecuteTaskInternal` of 1.5.5 checks the one before the other). The result is closed by then, so
    /// the query is run again without a reader.
    fn cause(&self, error: duckdb::Error) -> anyhow::Error {
        if let Err(cancelled) = self.engine.refuse_if_cancelled() {
            return cancelled.into();
        }
        let is_interrupt =
            matches!(&error, duckdb::Error::DuckDBFailure(_, Some(message)) if message.starts_with("INTERRUPT Error"));
        if !is_interrupt {
            return explain(error, &self.origin);
        }
        let again = SqlFile::load("engine/run_to_error")
            .and_then(|file| self.engine.execute(&file.with(&[("query", &self.sql)]), &self.origin));
        match again {
            // DuckDB cannot explain every statement.
            Err(found) if !found.to_string().contains("Parser Error") => found,
            _ => anyhow::anyhow!(
                "{}: a thread of DuckDB failed, and DuckDB does not say why; --threads 1 shows the error",
                self.origin
            ),
        }
    }
}

impl<'e> Prepared<'e> {
    /// Starts the statement.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn run(mut self) -> anyhow::Result<Batches<'e>> {
        // The iterator of `stream_arrow` panics if a fetch fails; `step`, which it calls, returns the error.
        drop(self.statement.stream_arrow([]).map_err(|error| self.query.cause(error))?);
        Ok(Batches { statement: self.statement, query: self.query })
    }
}

/// The result of a running query, of which one batch is in memory.
pub struct Batches<'e> {
    statement: duckdb::Statement<'e>,
    query: Query<'e>,
}

impl Batches<'_> {
    /// Returns the names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.statement.column_names()
    }

    /// Returns the schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.statement.schema()
    }

    /// Fetches the next batch, or `None` at the end.
    ///
    /// # Errors
    /// Fails with DuckDB's error.
    pub fn next_batch(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        self.query.engine.refuse_if_cancelled()?;
        let batch = self.statement.step().map_err(|error| self.query.cause(error))?;
        Ok(batch.map(|batch| RecordBatch::from(&batch)))
    }
}

/// Returns the rows of a batch as texts, NULL as `None`.
///
/// # Errors
/// Fails for a type that Arrow cannot show.
pub fn texts(batch: &RecordBatch) -> anyhow::Result<Rows> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let row = |row: usize| {
        let cells = columns.iter().zip(batch.columns());
        cells.map(|(cell, column)| column.is_valid(row).then(|| cell.value(row).to_string())).collect()
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

impl Engine for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    /// Creates a view over Parquet files.
    fn mount(&self, name: &str, files: &[PathBuf]) -> anyhow::Result<()> {
        let files: Vec<String> = files.iter().map(|file| text_literal(&file.to_string_lossy())).collect();
        let view = SqlFile::load("engine/mount")?;
        self.execute(&view.with(&[("name", &quoted(name)), ("files", &files.join(", "))]), &view.path)
    }

    /// Creates a view over another one.
    fn alias(&self, name: &str, of: &str) -> anyhow::Result<()> {
        let view = SqlFile::load("engine/alias")?;
        self.execute(&view.with(&[("name", &quoted(name)), ("of", &quoted(of))]), &view.path)
    }

    fn rows(&self, sql: &str, origin: &str) -> anyhow::Result<Rows> {
        Ok(self.table(sql, origin)?.1)
    }

    fn columns(&self, sql: &str, origin: &str) -> anyhow::Result<Vec<String>> {
        Ok(self.table(sql, origin)?.0)
    }
}

/// Returns an error with the origin of the statement and DuckDB's message, without DuckDB's numeric code.
fn explain(error: duckdb::Error, origin: &str) -> anyhow::Error {
    match error {
        // Only a sandbox disables file access.
        duckdb::Error::DuckDBFailure(_, Some(message)) if message.contains("disabled by configuration") => {
            let message = message.split("\nLINE ").next().unwrap_or(&message);
            Failure::parameters(format!("{origin}: {message}")).hint(FILES_HINT).into()
        }
        duckdb::Error::DuckDBFailure(_, Some(message)) => anyhow::anyhow!("{origin}: {message}"),
        other => anyhow::anyhow!("{origin}: {other}"),
    }
}
