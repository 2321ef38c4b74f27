//! Reads the changes of a table from a position on, writes them as NDJSON, and moves the position after each snapshot.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use lake_catalog::{Access, Table, TableName};
use serde_json::json;

use super::compare::{Change, compare};
use super::position::Position;
use super::steps::{From, Step, resolve, steps};
use crate::lake::{Lake, Output, output_file, sync_folder};
use crate::sql::statement::run;
use crate::sql::{DuckDb, EngineParameters, json_escaped};
use crate::tables::iceberg::{CatalogArgs, Tables, no_tables};
use digdag_task::{Failure, Scratch, stop};

/// The request of a reader.
pub struct ReadRequest {
    /// The table.
    pub table: TableName,
    /// The state after which changes are read, unless the position has one.
    pub from: Option<From>,
    /// The file of the position.
    pub position: Option<PathBuf>,
    /// The file that changes are appended to; `None` for stdout.
    pub output: Option<PathBuf>,
    /// The pause between two looks for new snapshots, for a reader that does not end.
    pub follow: Option<Duration>,
}

/// The changes that were read, and the last snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Inserted rows.
    pub inserted: u64,
    /// Updated rows.
    pub updated: u64,
    /// Deleted rows.
    pub deleted: u64,
    /// Snapshots.
    pub snapshots: usize,
    /// The last snapshot.
    pub snapshot_id: Option<i64>,
}

/// Reads changes and writes them as NDJSON. With `follow` it ends with an error or a signal only.
///
/// # Errors
/// Fails if the table or the state to begin at is missing, or if the output or the position cannot be written.
pub fn read(
    lake: &Lake,
    request: &ReadRequest,
    catalog: &CatalogArgs,
    engine: &EngineParameters,
) -> anyhow::Result<Totals> {
    let table = load(lake, catalog, &request.table)?;
    let known = request.position.as_deref().map(|path| Position::read(path, &request.table.to_string()));
    let known = known.transpose()?.flatten();
    let begun = match (&known, &request.from) {
        (Some(position), _) => match position.snapshot()? {
            Some(id) => Some(id),
            None => resolve(&table, &From::Start)?,
        },
        (None, Some(from)) => resolve(&table, from)?,
        (None, None) => {
            return Err(Failure::parameters("parameter from is missing").hint("--from start reads all changes").into());
        }
    };
    let scratch = Scratch::of_the_system("discogs-changes.")?;
    let engine = DuckDb::open(engine, scratch.path())?;
    run(&engine, "own/utc", &[])?;
    let mut sink = Sink::open(request.output.as_deref(), known.as_ref().map(|position| position.output_bytes))?;
    let mut totals = Totals { snapshot_id: begun, ..Totals::default() };
    if known.is_none() {
        // Before the first line, so that the next call cuts the lines of a call that is killed within the first snapshot.
        move_to(begun, request, sink.flush()?)?;
    }
    let mut table = table;
    loop {
        for step in steps(&table, totals.snapshot_id)? {
            read_step(&engine, &table, step, &mut totals, |line| sink.write(line.as_bytes()))?;
            let _whole = stop::hold();
            let output_bytes = sink.flush()?;
            totals.snapshots += 1;
            totals.snapshot_id = Some(step.after);
            move_to(totals.snapshot_id, request, output_bytes)?;
        }
        let Some(pause) = request.follow else { return Ok(totals) };
        std::thread::sleep(pause);
        table = load(lake, catalog, &request.table)?;
    }
}

/// Passes the changes of a table since a state to `write`, a line of NDJSON each, with an engine of the caller's. Returns
/// once the current state is reached.
///
/// # Errors
/// Fails if the table or the state is missing, with DuckDB's error, or with the first error of `write`.
pub fn stream(
    lake: &Lake,
    name: &TableName,
    from: &From,
    catalog: &CatalogArgs,
    engine: &DuckDb,
    mut write: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Totals> {
    let table = load(lake, catalog, name)?;
    run(engine, "own/utc", &[])?;
    let mut totals = Totals { snapshot_id: resolve(&table, from)?, ..Totals::default() };
    for step in steps(&table, totals.snapshot_id)? {
        read_step(engine, &table, step, &mut totals, &mut write)?;
        totals.snapshots += 1;
        totals.snapshot_id = Some(step.after);
    }
    Ok(totals)
}

/// Moves the position behind a snapshot, if the request has one.
fn move_to(snapshot_id: Option<i64>, request: &ReadRequest, output_bytes: u64) -> anyhow::Result<()> {
    let Some(path) = &request.position else { return Ok(()) };
    let snapshot_id = snapshot_id.map(|id| id.to_string());
    Position { table: request.table.to_string(), snapshot_id, output_bytes }.write(path)
}

fn load(lake: &Lake, catalog: &CatalogArgs, name: &TableName) -> anyhow::Result<Table> {
    let tables = Tables::open(lake, Access::Read, catalog)?;
    let mut tables = tables.ok_or_else(|| no_tables(lake, "upsert-table creates one"))?;
    let table = tables.own(name)?;
    table.ok_or_else(|| {
        Failure::parameters(format!("the catalog has no table {name}")).hint("table-history lists them").into()
    })
}

fn read_step(
    engine: &DuckDb,
    table: &Table,
    step: Step,
    totals: &mut Totals,
    mut write: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let time = table.metadata().snapshot_by_id(step.after).map(|snapshot| snapshot.timestamp_ms()).unwrap_or_default();
    let time = Timestamp::from_millisecond(time)?;
    let snapshot = step.after.to_string();
    compare(engine, table, step, |Change { kind, before, after }| {
        match kind.as_str() {
            "inserted" => totals.inserted += 1,
            "deleted" => totals.deleted += 1,
            _ => totals.updated += 1,
        }
        let head = json!({"change": kind, "snapshot_id": snapshot, "time": time}).to_string();
        let mut line = head.trim_end_matches('}').to_owned();
        for (name, row) in [("before", before), ("after", after)] {
            if let Some(row) = row {
                line.push_str(&format!(",\"{name}\":{}", json_escaped(&row)));
            }
        }
        line.push_str("}\n");
        write(&line)
    })
}

/// The output of a reader.
enum Sink {
    Stdout(BufWriter<std::io::Stdout>),
    File(BufWriter<File>, PathBuf),
}

impl Sink {
    /// Opens the output. A file is cut to the length that the position has: a call that was killed wrote the rest.
    fn open(output: Option<&Path>, known_bytes: Option<u64>) -> anyhow::Result<Self> {
        let Some(path) = output else { return Ok(Sink::Stdout(BufWriter::new(std::io::stdout()))) };
        let Output::File(path) = output_file(path)? else {
            return Ok(Sink::Stdout(BufWriter::new(std::io::stdout())));
        };
        let cannot = || format!("cannot write {}", path.display());
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).with_context(cannot)?;
        let found = file.metadata().with_context(cannot)?.len();
        match known_bytes {
            Some(known) if found < known => {
                let message = format!("{} has {found} bytes, but the position says {known}", path.display());
                return Err(Failure::input(message).hint("restore the file, or begin with another --position").into());
            }
            Some(known) => file.set_len(known).with_context(cannot)?,
            None => {}
        }
        file.seek(SeekFrom::End(0)).with_context(cannot)?;
        // A position must not outlive the entry of the file that it measures.
        sync_folder(path.parent().unwrap_or(&path))?;
        Ok(Sink::File(BufWriter::new(file), path))
    }

    fn write(&mut self, line: &[u8]) -> anyhow::Result<()> {
        match self {
            Sink::Stdout(stdout) => stdout.write_all(line).context("cannot write to stdout"),
            Sink::File(file, path) => file.write_all(line).with_context(|| format!("cannot write {}", path.display())),
        }
    }

    /// Flushes the output, a file to the disk, and returns the file's length.
    fn flush(&mut self) -> anyhow::Result<u64> {
        match self {
            Sink::Stdout(stdout) => {
                stdout.flush().context("cannot write to stdout")?;
                Ok(0)
            }
            Sink::File(file, path) => {
                let cannot = || format!("cannot write {}", path.display());
                file.flush().with_context(cannot)?;
                file.get_ref().sync_all().with_context(cannot)?;
                Ok(file.get_ref().metadata().with_context(cannot)?.len())
            }
        }
    }
}
