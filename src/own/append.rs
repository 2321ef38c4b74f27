//! Appends a file to a table of records as they came: every column as text under its own name, with what is known of the
//! record beside it.

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use lake_catalog::{Alteration, KeyBounds, PrimitiveType, Session, Table, TableName, key_bounds};

use super::columns::{Columns, TableColumn};
use super::commit::{Target, commit};
use super::declared::Declared;
use super::evolve::stored_columns;
use super::merge::{Counts, Merge};
use super::raw::{Raw, Reading};
use super::request::{Mode, Request};
use super::rows;
use super::scan::{self, ReadColumn, create_view};
use super::source::{Fetched, Format, Source};
use super::upsert::{Input, MAX_ATTEMPTS, SHA256, open, properties};
use crate::sql::statement::{number, piece};
use crate::sql::{DuckDb, EngineParameters, SqlFile, quoted, text_literal};
use crate::tables::iceberg::{NewFiles, arrangement_of, current_table, overtaken};
use digdag_task::{Failure, Observer};

/// The column with the time at which a file was appended.
pub const INGESTION_TIMESTAMP: &str = "ingestion_timestamp";
/// The column with the name of the system that a file came from.
pub const SOURCE_SYSTEM: &str = "source_system";
/// The column with the name of a file.
pub const SOURCE_FILE: &str = "source_file";
/// The column with the digest of a file.
pub const SOURCE_SHA256: &str = "source_sha256";
/// The column with the digest of a record.
pub const RECORD_HASH: &str = "record_hash";
/// The column with the position of a record in its file, from 1.
pub const POSITION: &str = "position";

/// The columns that say where a record comes from, with their types.
pub const LINEAGE: [(&str, PrimitiveType); 6] = [
    (INGESTION_TIMESTAMP, PrimitiveType::Timestamptz),
    (SOURCE_SYSTEM, PrimitiveType::String),
    (SOURCE_FILE, PrimitiveType::String),
    (SOURCE_SHA256, PrimitiveType::String),
    (RECORD_HASH, PrimitiveType::String),
    (POSITION, PrimitiveType::Long),
];

/// The request of an append.
#[derive(Clone, Debug)]
pub struct AppendRequest {
    /// The table, `bronze.mine_<name>`.
    pub table: TableName,
    /// The name of the system that the file comes from.
    pub source_system: String,
    /// The name of the array that holds the records of a JSON object, unless it is the only array.
    pub records: Option<String>,
}

/// How an append ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// A snapshot was committed.
    Committed(i64),
    /// The table has this file already.
    SameInput,
    /// The file has no rows.
    NoRows,
}

/// The report of an append.
#[derive(Debug)]
pub struct AppendReport {
    /// How it ended.
    pub outcome: Appended,
    /// The file.
    pub input: Fetched,
    /// Its rows.
    pub rows: u64,
    /// The files that were written.
    pub files: usize,
    /// The columns that an existing table gained.
    pub columns_added: Vec<String>,
}

/// Appends a file to a table of records as they came, unless the table has it already.
///
/// # Errors
/// Fails if the file cannot be read, or has a column whose name the table cannot have; or if the commit fails. The table is
/// unchanged then.
pub fn append(
    target: &Target<'_>,
    input: &Input<'_>,
    request: &AppendRequest,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<AppendReport> {
    let Target { lake, task, catalog } = *target;
    let began = Instant::now();
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let format = input.format.or_else(|| json_by_name(input.source));
    let fetched = input.source.fetch(format, input.encoding, scratch.path(), observer)?;
    let mut report =
        AppendReport { outcome: Appended::SameInput, input: fetched, rows: 0, files: 0, columns_added: Vec::new() };
    let before = current_table(lake, catalog, &request.table)?;
    if before.as_ref().is_some_and(|table| names_input(table, &report.input.sha256)) {
        return Ok(report);
    }
    let engine = open(engine, scratch.path())?;
    let reading = Reading { dialect: &input.dialect, records: request.records.as_deref(), is_verbatim: true };
    let raw = Raw::load(&engine, &report.input, &reading, scratch.path())?;
    check_names(&raw, &report.input)?;
    report.rows = raw.rows;
    if raw.rows == 0 {
        return Ok(AppendReport { outcome: Appended::NoRows, ..report });
    }
    let of_table = of_table(&request.table)?;
    for attempt in 0..MAX_ATTEMPTS {
        let table = current_table(lake, catalog, &request.table)?;
        if let Some(table) = &table
            && (names_input(table, &report.input.sha256) || holds_input(&engine, table, &report.input.sha256)?)
        {
            return Ok(report);
        }
        let columns = columns(&raw, table.as_ref())?;
        let change = columns.change(lake, &of_table, table.as_ref(), Session::new())?;
        let select = select(&raw, &columns, &report.input, request)?;
        let counts = Counts { input: raw.rows, inserted: raw.rows, ..Counts::default() };
        let merge = Merge { select: Some(select), counts, ..Merge::default() };
        let folder = scratch.path().join(format!("files-{attempt}"));
        fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let written = rows::write(&engine, &merge, &change, &[], &folder)?;
        report.files = written.len();
        report.columns_added = if table.is_some() { columns.added.clone() } else { Vec::new() };
        let properties = properties(&report.input, Mode::Append, &counts, (task, began));
        let new = NewFiles { written, properties, ..NewFiles::default() };
        match commit(target, &of_table, table.as_ref(), &columns, new, observer)? {
            Some(snapshot) => return Ok(AppendReport { outcome: Appended::Committed(snapshot), ..report }),
            None => observer.note(format_args!("another writer changed {}; appending again", request.table)),
        }
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Err(overtaken(&request.table, MAX_ATTEMPTS).into())
}

/// Returns JSON as the format of a file whose name ends with it: such files are more often arrays than lines of objects.
fn json_by_name(source: &Source) -> Option<Format> {
    let name = source.to_string().to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).ends_with(".json").then_some(Format::Json)
}

/// Returns how a table of records as they came is written.
fn of_table(table: &TableName) -> anyhow::Result<Request> {
    // The rows of a file come in the order of their positions.
    let (partition, sort) = arrangement_of(&table.namespace)?;
    Ok(Request {
        table: table.clone(),
        mode: Mode::Append,
        key: Vec::new(),
        declared: Declared::default(),
        partial: false,
        order_by: Vec::new(),
        rewrite: false,
        dry_run: false,
        partition,
        sort,
        winner: None,
    })
}

/// Returns whether a snapshot of the table says that it appended the file.
fn names_input(table: &Table, sha256: &str) -> bool {
    let current = table.metadata().current_snapshot_id();
    let ancestors = current.map(|current| table.ancestors(current)).unwrap_or_default();
    ancestors.iter().any(|snapshot| {
        snapshot.summary().additional_properties.get(SHA256).is_some_and(|of_snapshot| of_snapshot == sha256)
    })
}

/// Returns whether the table has rows of the file, whose snapshot may have expired.
fn holds_input(engine: &DuckDb, table: &Table, sha256: &str) -> anyhow::Result<bool> {
    let metadata = table.metadata();
    let Some(current) = metadata.current_snapshot_id() else { return Ok(false) };
    let first = table.ancestors(current).first().and_then(|first| first.parent_snapshot_id());
    let Some(id) = metadata.current_schema().field_id_by_name(SOURCE_SHA256).filter(|_| first.is_some()) else {
        return Ok(false);
    };
    let scan = scan::scan(table, current)?;
    let may_hold = |file: &&lake_catalog::DataFile| match key_bounds(file, id) {
        Some(KeyBounds::Texts(low, high)) => low.as_str() <= sha256 && sha256 <= high.as_str(),
        _ => true,
    };
    let files: Vec<_> = scan.data.iter().filter(may_hold).collect();
    let column = ReadColumn {
        name: SOURCE_SHA256.to_owned(),
        data_type: PrimitiveType::String,
        stored: Some((id, PrimitiveType::String)),
        is_lenient: false,
    };
    create_view(engine, "inputs of table", &files, &scan.position_deletes, &[column])?;
    let view = quoted("inputs of table");
    let places = [("view", view.as_str()), ("column", SOURCE_SHA256), ("text", &text_literal(sha256))];
    Ok(number(engine, "own/has_text", &places)? > 0)
}

/// Requires that the columns of a file can be those of a table: each has a name, and no two have the same without case.
fn check_names(raw: &Raw, input: &Fetched) -> anyhow::Result<()> {
    let mut taken = HashMap::new();
    for (name, _) in LINEAGE {
        taken.insert(name.to_owned(), "the table's own column");
    }
    for (index, column) in raw.columns.iter().enumerate() {
        let refused = |what: String| Failure::input(format!("{}, column {}: {what}", input.name, index + 1));
        if column.source.is_empty() {
            let failure = refused("the column has no name".to_owned());
            return Err(failure.hint("name it; --header=false reads a file without names").into());
        }
        if let Some(other) = taken.insert(column.source.to_lowercase(), "another column") {
            let failure = refused(format!("{:?} is the name of {other} too", column.source));
            return Err(failure.hint("columns are kept under their own names; give it another one").into());
        }
    }
    Ok(())
}

/// Returns the columns of the table after the append.
fn columns(raw: &Raw, table: Option<&Table>) -> anyhow::Result<Columns> {
    let mut columns = Columns::default();
    let has = |name: &str| {
        raw.columns.iter().any(|column| column.source.eq_ignore_ascii_case(name))
            || LINEAGE.iter().any(|(lineage, _)| *lineage == name)
    };
    for (name, id, data_type) in table.map(stored_columns).transpose()?.unwrap_or_default() {
        let is_given = has(&name);
        columns.columns.push(TableColumn { name, is_given, stored: Some((id, data_type.clone())), data_type });
    }
    let of_file = raw.columns.iter().map(|column| (column.source.as_str(), PrimitiveType::String));
    for (name, data_type) in of_file.chain(LINEAGE) {
        if columns.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
            continue;
        }
        columns.added.push(name.to_owned());
        if table.is_some() {
            columns.alterations.push(Alteration::Add(name.to_owned(), data_type.clone()));
        }
        columns.columns.push(TableColumn { name: name.to_owned(), data_type, is_given: true, stored: None });
    }
    Ok(columns)
}

/// Returns the statement for the rows of the table, and its origin.
fn select(raw: &Raw, columns: &Columns, input: &Fetched, request: &AppendRequest) -> anyhow::Result<(String, String)> {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond())?.to_string();
    let select = columns.columns.iter().map(|column| {
        let (name, sql_type) = (quoted(&column.name), column.sql_type());
        let value = |value: &str| piece("own/pieces/cast", &[("column", value), ("name", &name), ("type", &sql_type)]);
        match column.name.as_str() {
            INGESTION_TIMESTAMP => value(&text_literal(&now)),
            SOURCE_SYSTEM => value(&text_literal(&request.source_system)),
            SOURCE_FILE => value(&text_literal(input.file_name())),
            SOURCE_SHA256 => value(&text_literal(&input.sha256)),
            RECORD_HASH => piece("own/pieces/record_hash", &[("members", &members(raw)?), ("name", &name)]),
            POSITION => piece("own/pieces/position", &[("name", &name)]),
            file_column => match raw.columns.iter().find(|column| column.source.eq_ignore_ascii_case(file_column)) {
                Some(column) => value(&quoted(&column.name)),
                None => piece("own/pieces/null", &[("name", &name), ("type", &sql_type)]),
            },
        }
    });
    let select = select.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    let statement = SqlFile::load("own/as_it_came")?;
    Ok((statement.with(&[("columns", &select)]), statement.path))
}

/// Returns the members of a row as a JSON object, by name.
fn members(raw: &Raw) -> anyhow::Result<String> {
    let mut columns: Vec<_> = raw.columns.iter().collect();
    columns.sort_by(|one, other| one.source.cmp(&other.source));
    let members = columns.into_iter().map(|column| {
        let label = format!("{}:", serde_json::to_string(&column.source)?);
        piece("own/pieces/json_member", &[("label", &text_literal(&label)), ("column", &quoted(&column.name))])
    });
    Ok(members.collect::<anyhow::Result<Vec<_>>>()?.join(", "))
}
