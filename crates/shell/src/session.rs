//! A session of the shell: runs commands, one after the other, and shows their results.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use digdag_task::{Failure, printable_json, say_line};
use discogs_lakehouse::commands::classified;
use discogs_lakehouse::lake::{Output as OutputPath, output_file, write_new, write_whole};
use discogs_lakehouse::query::{Cells, Format, Layout};
use discogs_lakehouse::sql::Cancelled;
use serde_json::Value;

use crate::command::{self, Command, Travel};
use crate::help;
use crate::interrupts::Interrupts;
use crate::lake::{Changed, Lake, Names, Output};
use crate::listing::{Changes, Listing};
use crate::pager::{Screen, Size};
use crate::waiting::Waiting;

/// The fields that a table shows of a listing.
const OF_TABLES: &[&str] = &["table", "rows", "bytes", "row"];
const OF_COLUMNS: &[&str] = &["name", "type", "description"];
const OF_SNAPSHOTS: &[&str] = &["snapshot_id", "time", "rows", "run_id", "refs"];
const OF_RUNS: &[&str] = &["run_id", "state", "active", "tables", "rows", "bytes", "sealed"];
const OF_CHECKS: &[&str] = &["check_name", "severity", "ok", "value", "details"];

/// The settings of a session.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The format of results.
    pub format: Format,
    /// Whether the time of each command is shown.
    pub timing: bool,
    /// The most rows of a table.
    pub max_rows: usize,
    /// Whether cells of a CSV are left as they are that a spreadsheet would run as formulas.
    pub raw: bool,
    /// Whether a person types the commands.
    pub is_interactive: bool,
}

/// The result that `export` writes.
enum Last {
    Statement,
    Listing(Listing),
    Changes { table: String, from: String },
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Goes on.
    Continue,
    /// Ends.
    Quit,
}

/// A session over a lake.
pub struct Session {
    lake: Box<dyn Lake>,
    interrupts: Arc<Interrupts>,
    settings: Settings,
    last: Option<Last>,
    /// The line about the command that runs, which is shown at its end.
    note: Option<String>,
    /// Whether a table was changed since the names were read.
    is_changed: bool,
}

impl Session {
    /// Begins a session.
    pub fn new(lake: Box<dyn Lake>, interrupts: Arc<Interrupts>, settings: Settings) -> Self {
        Session { lake, interrupts, settings, last: None, note: None, is_changed: true }
    }

    /// Returns the names of tables and columns, for completion, if they may be others than the last time. A lake that cannot
    /// be read has none.
    pub fn changed_names(&mut self) -> Option<Vec<Names>> {
        std::mem::take(&mut self.is_changed).then(|| self.lake.names().unwrap_or_default())
    }

    /// Returns the states that are read in place of the current ones, in words.
    pub fn states(&self) -> Vec<String> {
        self.lake.states()
    }

    /// Runs a command, and shows its result.
    ///
    /// # Errors
    /// Fails with the failure of the command, or with [`Cancelled`].
    pub fn run(&mut self, text: &str) -> anyhow::Result<Flow> {
        let began = Instant::now();
        self.note = None;
        let flow = self.execute(command::parse(text)?).map_err(|error| match error.is::<Cancelled>() {
            true => error,
            false => classified(error),
        })?;
        match self.note.take() {
            Some(note) if self.settings.timing => {
                say_line(format_args!("{note}, {:.3} s", began.elapsed().as_secs_f64()));
            }
            Some(note) => say_line(note),
            None => {}
        }
        Ok(flow)
    }

    fn execute(&mut self, command: Command) -> anyhow::Result<Flow> {
        match command {
            Command::Sql(sql) => self.select(&sql)?,
            Command::Insert { table, file, options } => {
                self.change(|lake| lake.insert(&table, &file, &options))?;
            }
            Command::Alter { table, changes, options } => {
                self.change(|lake| lake.alter(&table, changes.as_deref(), &options))?;
            }
            Command::Rollback { table, to, options } => {
                self.change(|lake| lake.roll_back(table.as_deref(), &to, &options))?;
            }
            Command::Travel(travel) => self.travel(travel)?,
            Command::History { table } => self.list(OF_SNAPSHOTS, |lake| lake.history(&table))?,
            Command::Tables => self.list(OF_TABLES, |lake| lake.tables())?,
            Command::Describe { table } => self.list(OF_COLUMNS, |lake| lake.columns(&table))?,
            Command::Runs => self.list(OF_RUNS, |lake| lake.runs())?,
            Command::Checks { run, all } => self.checks(run.as_deref(), all)?,
            Command::Changes { table, from } => self.changes(table, from)?,
            Command::Export { file, force } => self.export(&file, force)?,
            Command::Format(Some(format)) => self.settings.format = format,
            Command::Format(None) => self.print(&format!("{}\n", name(self.settings.format)))?,
            Command::Timing(is_on) => self.settings.timing = is_on,
            Command::Help(None) => self.print(&help::overview())?,
            Command::Help(Some(topic)) => self.help(&topic)?,
            Command::Quit => return Ok(Flow::Quit),
        }
        Ok(Flow::Continue)
    }

    fn select(&mut self, sql: &str) -> anyhow::Result<()> {
        self.last = None;
        let rows = self.show(|lake, output| lake.select(sql, output))?;
        self.last = Some(Last::Statement);
        rows.into_iter().for_each(|rows| self.tell_rows(rows));
        Ok(())
    }

    fn changes(&mut self, table: String, from: String) -> anyhow::Result<()> {
        let rows = self.show(|lake, output| {
            let mut changes = Changes { lake, table: &table, from: &from, rows: 0 };
            output.write(&mut changes)?;
            Ok(changes.rows)
        })?;
        self.last = Some(Last::Changes { table, from });
        rows.into_iter().for_each(|rows| self.tell_rows(rows));
        Ok(())
    }

    fn list(
        &mut self,
        fields: &'static [&'static str],
        objects: impl FnOnce(&mut dyn Lake) -> anyhow::Result<Vec<Value>>,
    ) -> anyhow::Result<()> {
        let lake = &mut self.lake;
        let listing = Listing::new(fields, self.interrupts.run(|| objects(&mut **lake))?);
        self.show_listing(listing)
    }

    fn show_listing(&mut self, mut listing: Listing) -> anyhow::Result<()> {
        self.show(|_, output| output.write(&mut listing))?;
        self.tell_rows(listing.len());
        self.last = Some(Last::Listing(listing));
        Ok(())
    }

    fn checks(&mut self, run: Option<&str>, all: bool) -> anyhow::Result<()> {
        let lake = &mut self.lake;
        let report = self.interrupts.run(|| lake.report(run))?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let count = findings.len();
        let failed = |finding: &Value| finding["ok"] == false;
        let number = findings.iter().filter(|finding| failed(finding)).count();
        let shown = findings.into_iter().filter(|finding| all || failed(finding)).collect();
        self.show_listing(Listing::new(OF_CHECKS, shown))?;
        let text = |field: &str| report[field].as_str().unwrap_or_default().to_owned();
        self.note = Some(format!("{}: {number} of {count} checks failed, {}", text("run_id"), text("written")));
        Ok(())
    }

    fn change(&mut self, change: impl FnOnce(&mut dyn Lake) -> anyhow::Result<Changed>) -> anyhow::Result<()> {
        let lake = &mut self.lake;
        self.is_changed = true;
        let changed = self.interrupts.run(|| change(&mut **lake))?;
        match self.settings.format {
            Format::Json | Format::Ndjson => self.print(&format!("{}\n", printable_json(&changed.outcome.to_string()))),
            _ => {
                self.note = Some(changed.summary);
                Ok(())
            }
        }
    }

    fn travel(&mut self, travel: Travel) -> anyhow::Result<()> {
        let lake = &mut self.lake;
        match travel {
            Travel::Show => {}
            Travel::Now => lake.travel_to_now(None),
            Travel::TableNow(table) => lake.travel_to_now(Some(&table)),
            Travel::Lake(when) => drop(self.interrupts.run(|| lake.travel(None, &when))?),
            Travel::Table(table, when) => drop(self.interrupts.run(|| lake.travel(Some(&table), &when))?),
        }
        match self.lake.states() {
            states if states.is_empty() => say_line("all tables are read as they are now"),
            states => states.iter().for_each(say_line),
        }
        Ok(())
    }

    fn help(&self, name: &str) -> anyhow::Result<()> {
        let topic = help::topic(name).ok_or_else(|| {
            Failure::parameters(format!("there is no command {name}")).hint("help lists the commands")
        })?;
        self.print(&help::text(topic))
    }

    fn export(&mut self, file: &str, force: bool) -> anyhow::Result<()> {
        let format = format_of(file)?;
        let path = match output_file(Path::new(file))? {
            OutputPath::File(path) => path,
            _ => return Err(Failure::parameters(format!("{file} is no file")).hint("export sweden.csv").into()),
        };
        if path.exists() && !force {
            return Err(exists(file).into());
        }
        let Some(last) = &mut self.last else {
            let failure = Failure::parameters("there is no result to export yet");
            return Err(failure.hint("run a statement first, then export FILE").into());
        };
        let cells = if self.settings.raw { Cells::Raw } else { Cells::Spreadsheet };
        let lake = &mut self.lake;
        let mut rows = 0;
        self.interrupts.run(|| {
            let write = |target: &std::fs::File| {
                let mut target = std::io::BufWriter::new(target);
                let layout = Layout::default();
                let mut output = Output { format, target: &mut target, cells, layout };
                rows = match last {
                    Last::Statement => lake.select_again(&mut output)?,
                    Last::Listing(listing) => {
                        output.write(listing)?;
                        listing.len()
                    }
                    Last::Changes { table, from } => {
                        let mut changes =
                            Changes { lake: &mut **lake, table: table.as_str(), from: from.as_str(), rows: 0 };
                        output.write(&mut changes)?;
                        changes.rows
                    }
                };
                Ok(target.flush()?)
            };
            if force { write_whole(&path, write) } else { write_new(&path, write) }
        })?;
        self.note = Some(format!("{file}: {}", counted(rows)));
        Ok(())
    }

    /// Passes the lake and the output of this session to `write`. Returns `None` if the reader has closed its end, such as
    /// `head` or a pager.
    fn show<T>(
        &mut self,
        write: impl FnOnce(&mut dyn Lake, &mut Output<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let size = Size::of_stdout();
        let is_watched = self.settings.is_interactive && std::io::stderr().is_terminal();
        let mut screen = Screen::new(size, is_watched.then(Waiting::start));
        let cells = match (size, self.settings.raw) {
            (Some(_), _) => Cells::Terminal,
            (None, true) => Cells::Raw,
            (None, false) => Cells::Spreadsheet,
        };
        let layout = Layout { max_rows: self.settings.max_rows, width: size.map(|size| size.columns) };
        let lake = &mut self.lake;
        let format = self.settings.format;
        let written = self.interrupts.run(|| {
            let mut target = std::io::BufWriter::new(&mut screen);
            let written = write(&mut **lake, &mut Output { format, target: &mut target, cells, layout });
            written.and_then(|written| Ok(target.flush().map(|()| written)?))
        });
        let written = written.and_then(|written| Ok(screen.finish().map(|()| written)?));
        match written {
            Err(error) if is_closed(&error) => Ok(None),
            written => written.map(Some),
        }
    }

    fn print(&self, text: &str) -> anyhow::Result<()> {
        let mut screen = Screen::new(Size::of_stdout(), None);
        match screen.write_all(text.as_bytes()).and_then(|()| screen.finish()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Notes the number of rows for a person, and that of the rows that a table leaves out for everyone.
    fn tell_rows(&mut self, rows: usize) {
        let is_table = self.settings.format == Format::Table;
        self.note = match rows.saturating_sub(self.settings.max_rows) {
            more if more > 0 && is_table => {
                Some(format!("{more} more rows; export FILE writes all {rows}, and format csv shows them"))
            }
            _ if self.settings.is_interactive || self.settings.timing => Some(counted(rows)),
            _ => None,
        };
    }
}

fn counted(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// Returns whether an error says that the reader of an output has closed its end.
fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn exists(file: &str) -> Failure {
    Failure::parameters(format!("{file} exists")).hint(format!("choose another name, or export {file} --force"))
}

/// Returns the format that the name of a file ends with.
fn format_of(file: &str) -> Result<Format, Failure> {
    let suffix = Path::new(file).extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    match suffix.to_ascii_lowercase().as_str() {
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "ndjson" | "jsonl" => Ok(Format::Ndjson),
        "parquet" => Ok(Format::Parquet),
        _ => Err(Failure::parameters(format!("the name {file} does not say the format"))
            .hint("end it with .csv, .json, .ndjson or .parquet")),
    }
}

/// Returns the name of a format, as `format` takes it.
fn name(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Ndjson => "ndjson",
        Format::Markdown => "markdown",
        _ => "table",
    }
}
