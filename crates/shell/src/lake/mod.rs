//! The lake behind the shell: a folder of this machine, or a server.

mod http;
mod local;
mod remote;

use discogs_lakehouse::query::{Cells, Format, Layout, RowSource};
use serde_json::Value;

pub use local::Local;
pub use remote::Remote;

/// The destination of a result, and how it is written.
pub struct Output<'o> {
    /// The format.
    pub format: Format,
    /// The destination.
    pub target: &'o mut (dyn std::io::Write + Send),
    /// The program that reads the cells of a CSV.
    pub cells: Cells,
    /// The bounds of a table.
    pub layout: Layout,
}

impl Output<'_> {
    /// Writes the rows of a source.
    ///
    /// # Errors
    /// Fails if the source does, or if the destination cannot be written.
    pub fn write(&mut self, source: &mut dyn RowSource) -> anyhow::Result<()> {
        self.format.write_rows(source, &mut *self.target, self.cells, self.layout)
    }
}

/// The outcome of a command that changes a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// A few words for people.
    pub summary: String,
    /// The outcome, as the task prints it.
    pub outcome: Value,
}

/// A table and its columns, for completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name, as a statement writes it.
    pub table: String,
    /// The names of the columns.
    pub columns: Vec<String>,
}

/// The requests of the shell to a lake. Listings are objects of the same fields, as the tasks have them in their results.
pub trait Lake {
    /// Runs a statement that reads, on the state that `travel` set, and writes its rows. Returns their number.
    ///
    /// # Errors
    /// Fails if the statement does more than read, with DuckDB's error, or if the output cannot be written.
    fn select(&mut self, sql: &str, output: &mut Output<'_>) -> anyhow::Result<usize>;

    /// Runs the last statement again, over the state that it read.
    ///
    /// # Errors
    /// Fails like [`Lake::select`], or if that state is gone.
    fn select_again(&mut self, output: &mut Output<'_>) -> anyhow::Result<usize>;

    /// Upserts a file into a table.
    ///
    /// # Errors
    /// Fails if the file does not fit the table. The table is unchanged then.
    fn insert(&mut self, table: &str, file: &str, options: &[(String, String)]) -> anyhow::Result<Changed>;

    /// Changes the columns or the arrangement of a table.
    ///
    /// # Errors
    /// Fails if a change is not allowed. The table is unchanged then.
    fn alter(&mut self, table: &str, changes: Option<&str>, options: &[(String, String)]) -> anyhow::Result<Changed>;

    /// Moves a table back, or all tables of runs.
    ///
    /// # Errors
    /// Fails if there is no such snapshot. Nothing is moved then.
    fn roll_back(&mut self, table: Option<&str>, to: &str, options: &[(String, String)]) -> anyhow::Result<Changed>;

    /// Reads a table, or the whole lake, as it was. Returns the state in words.
    ///
    /// # Errors
    /// Fails if there is no such state.
    fn travel(&mut self, table: Option<&str>, when: &str) -> anyhow::Result<String>;

    /// Reads a table, or everything, as it is now.
    fn travel_to_now(&mut self, table: Option<&str>);

    /// Returns the states that are read in place of the current ones, in words.
    fn states(&self) -> Vec<String>;

    /// Returns the tables.
    ///
    /// # Errors
    /// Fails if the lake cannot be read.
    fn tables(&mut self) -> anyhow::Result<Vec<Value>>;

    /// Returns the columns of a table.
    ///
    /// # Errors
    /// Fails if there is no such table.
    fn columns(&mut self, table: &str) -> anyhow::Result<Vec<Value>>;

    /// Returns the snapshots of a table, oldest first.
    ///
    /// # Errors
    /// Fails if there is no such table.
    fn history(&mut self, table: &str) -> anyhow::Result<Vec<Value>>;

    /// Passes the changes of a table after a state to `take`, oldest first: a line of NDJSON each, as `read-changes` writes
    /// it.
    ///
    /// # Errors
    /// Fails if the table or the state is missing, or with the first error that `take` returns.
    fn changes(
        &mut self,
        table: &str,
        from: &str,
        take: &mut dyn FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()>;

    /// Returns the runs, newest first.
    ///
    /// # Errors
    /// Fails if the lake cannot be read.
    fn runs(&mut self) -> anyhow::Result<Vec<Value>>;

    /// Returns the newest report of the checks of a run, or of the published one.
    ///
    /// # Errors
    /// Fails if there is no such run, or if it has no report.
    fn report(&mut self, run: Option<&str>) -> anyhow::Result<Value>;

    /// Returns the names of tables and columns, for completion.
    ///
    /// # Errors
    /// Fails if the lake cannot be read.
    fn names(&mut self) -> anyhow::Result<Vec<Names>>;
}
