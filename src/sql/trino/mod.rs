//! Trino over its statement protocol.
//!
//! ```text
//! POST /v1/statement ─▶ nextUri ─▶ nextUri … until there is none; `error` in a page says that it failed
//!                        └─ DELETE when this process is stopped, or goes on without the rest
//! ```
//!
//! A POST alone starts nothing: Trino runs the statement at the first GET of its nextUri, and forgets it without one. So a
//! task that is stopped in a POST has nothing to cancel, and a POST whose response was lost leaves nothing running.
//!
//! Requests are retried if that is safe (`client.rs`), and queries that only read are retried if their files have gone
//! (`answer.rs`). Messages name the SQL file with its line, and the query's id.

mod answer;
mod client;
mod parameters;
mod place;
mod reads;
mod watch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use answer::{Page, QueryError, text_of};
use client::Client;
use watch::Watch;

use serde_json::Value;

use super::{Engine, Rows, SqlFile};
use digdag_task::SharedObserver;
use digdag_task::stop::OnStop;

pub use parameters::{TrinoParameters, run_schema};
pub use reads::refuse_changes;

/// Attempts of a query that only reads, and the wait after the first.
const MAX_ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A session with Trino. Names without a schema belong to the schema it was opened with.
pub struct Trino {
    client: Client,
    schema: String,
    functions: Vec<SqlFile>,
    observer: SharedObserver,
}

impl Trino {
    /// Opens a session without a request. `schema` may be missing.
    ///
    /// # Errors
    /// Fails if a parameter of the connection is missing or malformed.
    pub fn open(parameters: &TrinoParameters, schema: &str, observer: SharedObserver) -> anyhow::Result<Self> {
        Ok(Trino {
            client: Client::new(parameters, schema)?,
            schema: schema.to_owned(),
            functions: SqlFile::folder("functions/trino")?,
            observer,
        })
    }

    /// Returns a session with a property of a catalog set.
    pub fn with_property(&self, catalog: &str, name: &str, value: &str) -> Self {
        Trino {
            client: self.client.with_header("X-Trino-Session", format!("{catalog}.{name}={value}")),
            schema: self.schema.clone(),
            functions: self.functions.clone(),
            observer: self.observer.clone(),
        }
    }

    /// Returns the address of Trino.
    pub fn address(&self) -> &str {
        self.client.address()
    }

    /// Returns the schema of the session.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Runs a statement that changes something. It is not retried once Trino may have received it.
    ///
    /// # Errors
    /// Fails with Trino's error, or if Trino cannot be reached.
    pub fn execute(&self, sql: &str, origin: &str) -> anyhow::Result<()> {
        self.run(sql, origin, false).map_err(|error| error.cause)?;
        Ok(())
    }

    /// Runs a query and returns the names of its columns and its rows.
    ///
    /// # Errors
    /// Fails with Trino's error, or if Trino cannot be reached.
    pub fn table(&self, sql: &str, origin: &str) -> anyhow::Result<(Vec<String>, Rows)> {
        let sql = self.with_functions(sql);
        let mut attempt = 1;
        loop {
            match self.run(&sql, origin, true) {
                Err(error) if error.transient && attempt < MAX_ATTEMPTS => sleep(PAUSE * attempt),
                result => return result.map_err(|error| error.cause),
            }
            attempt += 1;
        }
    }

    /// Returns the query behind the definitions of those functions of `sql/functions/trino` that it calls.
    pub fn with_functions(&self, query: &str) -> String {
        let called = self.functions.iter().filter(|function| query.contains(&format!("{}(", function.name)));
        let definitions: Vec<&str> = called.map(|function| function.text.trim_end()).collect();
        match definitions.is_empty() {
            true => query.to_owned(),
            false => format!("WITH\n{}\n{query}", definitions.join(",\n")),
        }
    }

    /// Runs a query and passes its pages to `take`, one of which is in memory; a page without rows comes about once a second
    /// while Trino works. The query is cancelled if `take` fails. A query whose rows were not taken yet is retried like that
    /// of [`Trino::table`].
    ///
    /// # Errors
    /// Fails with Trino's error, if Trino cannot be reached, or with the first error of `take`.
    pub fn stream(
        &self,
        sql: &str,
        origin: &str,
        mut take: impl FnMut(TrinoPage) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let sql = self.with_functions(sql);
        let mut attempt = 1;
        loop {
            let mut has_rows = false;
            let pages = self.pages(&sql, origin, true, |page| {
                has_rows |= !page.rows.is_empty();
                take(page)
            });
            match pages {
                Err(error) if error.transient && !has_rows && attempt < MAX_ATTEMPTS => sleep(PAUSE * attempt),
                result => return result.map_err(|error| error.cause),
            }
            attempt += 1;
        }
    }

    fn run(&self, sql: &str, origin: &str, again: bool) -> Result<(Vec<String>, Rows), RunError> {
        let (mut header, mut rows) = (Vec::new(), Rows::new());
        self.pages(sql, origin, again, |page| {
            if !page.columns.is_empty() {
                header = page.columns;
            }
            rows.extend(page.rows.into_iter().map(|row| row.into_iter().map(text_of).collect()));
            Ok(())
        })?;
        Ok((header, rows))
    }

    fn pages(
        &self,
        sql: &str,
        origin: &str,
        again: bool,
        mut take: impl FnMut(TrinoPage) -> anyhow::Result<()>,
    ) -> Result<(), RunError> {
        let mut page = self.client.begin(sql, again)?;
        let running = Running::new(&self.client, &page);
        let watch = Watch::new(origin, self.observer.as_ref());
        loop {
            if let Some(error) = &page.error {
                running.ended();
                return Err(RunError::of(error, &page.id, sql, origin));
            }
            let columns = page.columns.take().unwrap_or_default();
            let columns = columns.into_iter().map(|column| column.name).collect();
            take(TrinoPage { columns, rows: std::mem::take(&mut page.data) })?;
            watch.update(&page.stats);
            let Some(next) = page.next_uri.take() else { return Ok(()) };
            page = self.client.next(&next)?;
            running.is_at(&page);
        }
    }
}

/// A page of a query's result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrinoPage {
    /// The names of the columns; empty until Trino knows them.
    pub columns: Vec<String>,
    /// The rows, as Trino's JSON has their values.
    pub rows: Vec<Vec<Value>>,
}

impl Engine for Trino {
    fn name(&self) -> &'static str {
        "trino"
    }

    fn mount(&self, _name: &str, _files: &[PathBuf]) -> anyhow::Result<()> {
        Ok(())
    }

    fn alias(&self, _name: &str, _of: &str) -> anyhow::Result<()> {
        Ok(())
    }

    fn rows(&self, sql: &str, origin: &str) -> anyhow::Result<Rows> {
        Ok(self.table(sql, origin)?.1)
    }

    fn columns(&self, sql: &str, origin: &str) -> anyhow::Result<Vec<String>> {
        Ok(self.table(sql, origin)?.0)
    }
}

struct RunError {
    cause: anyhow::Error,
    transient: bool,
}

impl RunError {
    fn of(error: &QueryError, id: &str, sql: &str, origin: &str) -> Self {
        RunError { cause: error.failure(id, sql, origin).into(), transient: error.is_transient() }
    }
}

impl From<anyhow::Error> for RunError {
    fn from(error: anyhow::Error) -> Self {
        RunError { cause: error, transient: false }
    }
}

/// A running query. It is cancelled if the process is stopped or the value dropped before the end.
struct Running {
    client: Client,
    at: Arc<Mutex<Option<String>>>,
    _on_stop: OnStop,
}

impl Running {
    fn new(client: &Client, page: &Page) -> Self {
        let at = Arc::new(Mutex::new(page.next_uri.clone()));
        let (stopping, canceller) = (at.clone(), client.clone());
        let on_stop = OnStop::new(move || {
            if let Some(uri) = stopping.lock().unwrap_or_else(PoisonError::into_inner).take() {
                canceller.cancel(&uri);
            }
        });
        Running { client: client.clone(), at, _on_stop: on_stop }
    }

    fn is_at(&self, page: &Page) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = page.next_uri.clone();
    }

    fn ended(&self) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(uri) = self.at.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.client.cancel(&uri);
        }
    }
}
