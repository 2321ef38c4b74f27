//! Upserts an input into a table: evaluates it, writes files, commits, and starts again if another writer was faster.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use lake_catalog::{Session, Table};

use super::columns::Columns;
use super::commit::{Target, commit};
use super::evolve::decide;
use super::header::Dialect;
use super::merge::{self, Counts, Merge};
use super::raw::{Raw, Reading};
use super::request::{Mode, Request};
use super::source::Fetched;
use super::{rows, source};
use crate::lake::Lake;
use crate::sql::statement::run;
use crate::sql::{DuckDb, EngineParameters, text_literal};
use crate::tables::iceberg::{NewFiles, SECONDS, TASK, current_table, overtaken};
use digdag_task::{Failure, Observer};

/// Attempts at a commit that other writers overtake.
pub(super) const MAX_ATTEMPTS: usize = 10;

/// The snapshot's property with the digest of the input.
pub(super) const SHA256: &str = "discogs.input-sha256";

/// The snapshot's property with the mode of the upsert.
const MODE: &str = "discogs.input-mode";

/// How an upsert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A snapshot was committed.
    Committed(i64),
    /// The table has this input already.
    SameInput,
    /// No row of the table would change.
    NoChange,
    /// The request was a dry run.
    DryRun,
}

/// The report of an upsert.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The input.
    pub input: Fetched,
    /// The rows.
    pub counts: Counts,
    /// The columns of the table.
    pub columns: Columns,
    /// The columns whose names changed, as in the input and as in the table.
    pub renamed: Vec<(String, String)>,
    /// Files written, removed, and left as they were.
    pub files: [usize; 3],
    /// Whether the table is new.
    pub is_new: bool,
}

/// The input of an upsert and how it is read.
pub struct Input<'i> {
    /// The place.
    pub source: &'i source::Source,
    /// The format, unless the name tells it.
    pub format: Option<source::Format>,
    /// The encoding, unless it is UTF-8 or marked.
    pub encoding: Option<source::Encoding>,
    /// How a CSV file is written.
    pub dialect: Dialect,
}

/// Upserts an input into a table of people's own.
///
/// # Errors
/// Fails if the input cannot be read or does not fit the table, naming the row and the column; or if the commit fails.
/// The table is unchanged then.
pub fn upsert(
    target: &Target<'_>,
    input: &Input<'_>,
    request: &Request,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Report> {
    let Target { lake, task, catalog } = *target;
    let began = Instant::now();
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let fetched = input.source.fetch(input.format, input.encoding, scratch.path(), observer)?;
    if let Some(table) = current_table(lake, catalog, &request.table)?
        && has_input(&table, &fetched, request)
    {
        return Ok(Report::unchanged(Outcome::SameInput, fetched));
    }
    let engine = open(engine, scratch.path())?;
    let reading = Reading { dialect: &input.dialect, records: None, is_verbatim: false };
    let raw = Raw::load(&engine, &fetched, &reading, scratch.path())?;
    for attempt in 0..MAX_ATTEMPTS {
        let table = current_table(lake, catalog, &request.table)?;
        let folder = scratch.path().join(format!("files-{attempt}"));
        let evaluated = evaluate(lake, &engine, &raw, table.as_ref(), request)?;
        let mut report = Report::of(&evaluated, &raw, fetched.clone(), table.is_none());
        if request.dry_run {
            return Ok(Report { outcome: Outcome::DryRun, ..report });
        }
        let Evaluated { columns, merge, change } = evaluated;
        if merge.select.is_none() && columns.alterations.is_empty() {
            return Ok(Report { outcome: Outcome::NoChange, ..report });
        }
        fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let written = rows::write(&engine, &merge, &change, &columns.key, &folder)?;
        report.files[0] = written.len();
        let new = NewFiles {
            written,
            properties: properties(&fetched, request.mode, &merge.counts, (task, began)),
            removed: merge.removed,
            removes_deletes: merge.removes_deletes,
            is_rewrite: false,
        };
        match commit(target, request, table.as_ref(), &columns, new, observer)? {
            Some(snapshot) => return Ok(Report { outcome: Outcome::Committed(snapshot), ..report }),
            None => observer.note(format_args!("another writer changed {}; evaluating it again", request.table)),
        }
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        if let Some(table) = current_table(lake, catalog, &request.table)?
            && has_input(&table, &fetched, request)
        {
            return Ok(Report::unchanged(Outcome::SameInput, fetched));
        }
    }
    Err(overtaken(&request.table, MAX_ATTEMPTS).into())
}

/// Opens the engine of a task, with a database `work` in its scratch folder.
pub(super) fn open(parameters: &EngineParameters, scratch: &Path) -> anyhow::Result<DuckDb> {
    let engine = DuckDb::open_in(parameters, scratch)?;
    run(&engine, "own/utc", &[])?;
    let database = scratch.join("input.duckdb");
    run(&engine, "own/attach", &[("file", &text_literal(&database.to_string_lossy()))])?;
    Ok(engine)
}

struct Evaluated {
    columns: Columns,
    merge: Merge,
    change: lake_catalog::TableChange,
}

fn evaluate(
    lake: &Lake,
    engine: &DuckDb,
    raw: &Raw,
    table: Option<&Table>,
    request: &Request,
) -> anyhow::Result<Evaluated> {
    if table.is_none() && request.mode == Mode::Delete {
        return Err(Failure::parameters(format!("there is no table {}", request.table)).into());
    }
    if table.is_some() && !(request.partition.is_empty() && request.sort.is_empty()) {
        return Err(Failure::parameters(format!("table {} exists: its partitions and order are kept", request.table))
            .hint("leave out --partition and --sort; alter-table changes them")
            .into());
    }
    let columns = decide(engine, raw, table, request)?;
    if table.is_none() && raw.rows == 0 {
        let undeclared = columns.columns.iter().find(|column| request.declared.of(&column.name).is_none());
        if let Some(column) = undeclared {
            return Err(Failure::input(format!("the input has no rows, so column {} has no type", column.name))
                .hint(format!("give rows, or --declare {}=varchar and all other columns", column.name))
                .into());
        }
    }
    let change = columns.change(lake, request, table, Session::new())?;
    let merge = merge::plan(engine, raw, table, &columns, request, &change)?;
    Ok(Evaluated { columns, merge, change })
}

/// Returns whether the table has an input already: the current snapshot does, or for appended rows any before it.
fn has_input(table: &Table, input: &Fetched, request: &Request) -> bool {
    if request.rewrite || !request.declared.0.is_empty() {
        return false;
    }
    let Some(current) = table.metadata().current_snapshot_id() else { return false };
    let ancestors = table.ancestors(current);
    let of_input = |snapshot: &&lake_catalog::Snapshot| {
        let summary = &snapshot.summary().additional_properties;
        summary.get(SHA256) == Some(&input.sha256) && summary.get(MODE).is_some_and(|mode| mode == request.mode.name())
    };
    match request.mode {
        Mode::Append => ancestors.iter().any(of_input),
        _ => ancestors.last().is_some_and(of_input),
    }
}

/// Returns the properties of a snapshot that has the rows of an input.
pub(super) fn properties(
    input: &Fetched,
    mode: Mode,
    counts: &Counts,
    (task, began): (&str, Instant),
) -> HashMap<String, String> {
    let counts = [("inserted", counts.inserted), ("updated", counts.updated), ("deleted", counts.deleted)];
    let counts = counts.map(|(name, count)| (format!("discogs.rows-{name}"), count.to_string()));
    let mut properties = HashMap::from(counts);
    properties.insert(TASK.to_owned(), task.to_owned());
    properties.insert(SECONDS.to_owned(), format!("{:.3}", began.elapsed().as_secs_f64()));
    properties.insert(SHA256.to_owned(), input.sha256.clone());
    properties.insert(MODE.to_owned(), mode.name().to_owned());
    properties.insert("discogs.input-name".to_owned(), input.file_name().to_owned());
    properties
}

impl Report {
    fn of(evaluated: &Evaluated, raw: &Raw, input: Fetched, is_new: bool) -> Self {
        let Evaluated { columns, merge, .. } = evaluated;
        let renamed = raw.columns.iter().filter(|column| column.source != column.name);
        Report {
            outcome: Outcome::NoChange,
            input,
            counts: merge.counts,
            columns: columns.clone(),
            renamed: renamed.map(|column| (column.source.clone(), column.name.clone())).collect(),
            files: [0, merge.removed.len(), merge.kept],
            is_new,
        }
    }

    fn unchanged(outcome: Outcome, input: Fetched) -> Self {
        Report {
            outcome,
            input,
            counts: Counts::default(),
            columns: Columns::default(),
            renamed: Vec::new(),
            files: [0; 3],
            is_new: false,
        }
    }
}
