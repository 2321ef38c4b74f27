//! The input as text, in a database on the disk: types are decided over all rows before any is converted.

use std::path::Path;

use super::header::{self, Dialect};
use super::json::{self, Layout};
use super::names::named;
use super::source::{Fetched, Format};
use super::types;
use crate::sql::statement::{number, piece, rows, run};
use crate::sql::{DuckDb, quoted, text_literal};
use digdag_task::Failure;
use lake_catalog::PrimitiveType;

/// A column of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawColumn {
    /// The name in the input.
    pub source: String,
    /// The name in the table.
    pub name: String,
    /// The type that the input states, if it states any.
    pub native: Option<PrimitiveType>,
}

/// How an input is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'r> {
    /// How a CSV file is written.
    pub dialect: &'r Dialect,
    /// The name of the array that holds the records of a JSON object, unless it is the only array.
    pub records: Option<&'r str>,
    /// Whether texts stay as they came: numbers of JSON keep their digits, and nested values of Parquet become JSON.
    pub is_verbatim: bool,
}

/// The input, loaded as the table `work.raw`.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The columns, in order.
    pub columns: Vec<RawColumn>,
    /// The number of rows.
    pub rows: u64,
}

impl Raw {
    /// Loads an input. Every column becomes text. A file that DuckDB would misread is copied to `scratch`.
    ///
    /// # Errors
    /// Fails if the input is empty, or names the first line that is not in the format.
    pub fn load(engine: &DuckDb, input: &Fetched, reading: &Reading<'_>, scratch: &Path) -> anyhow::Result<Self> {
        let is_json = matches!(input.format, Format::Ndjson | Format::Json);
        if input.bytes == 0 || is_json && header::is_blank(&input.path)? {
            return Err(header::empty(&input.name).into());
        }
        let columns = match input.format {
            Format::Csv => load_csv(engine, input, reading.dialect, scratch)?,
            Format::Ndjson if reading.is_verbatim => load_texts(engine, input, Layout::Objects, scratch)?,
            Format::Ndjson => load_ndjson(engine, input)?,
            Format::Json => load_texts(engine, input, Layout::Pages(reading.records), scratch)?,
            Format::Parquet => load_parquet(engine, input, reading.is_verbatim)?,
        };
        if columns.is_empty() {
            return Err(header::empty(&input.name).into());
        }
        Ok(Raw { columns, rows: number(engine, "own/count", &[("table", "work.raw")])? })
    }

    /// Returns the column with a name in the table, or else in the input.
    pub fn column(&self, name: &str) -> Option<&RawColumn> {
        let by_name = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        by_name.or_else(|| self.columns.iter().find(|column| column.source == name))
    }
}

fn load_csv(engine: &DuckDb, input: &Fetched, dialect: &Dialect, scratch: &Path) -> anyhow::Result<Vec<RawColumn>> {
    let header = header::read(&input.path, &input.name, dialect)?;
    if dialect.pads {
        header::require_closed_quotes(&input.path, &input.name, header.delimiter, dialect.quote)?;
    }
    let columns = columns(header.names.iter().map(|name| (name.clone(), None)).collect());
    let fields = pieces(&columns, |column| piece("own/pieces/csv_column", &[("name", &quoted(&column.name))]))?;
    let plain = scratch.join("plain");
    let is_plain = header.made_plain(&input.path, dialect, &plain)?;
    let file = if is_plain { &plain } else { &input.path };
    let places = [
        ("file", text_literal(&file.to_string_lossy())),
        ("columns", fields),
        ("delimiter", text_literal(&header.delimiter.to_string())),
        ("quote", text_literal(&dialect.quote.to_string())),
        ("header", (dialect.header || is_plain).to_string()),
        ("pads", dialect.pads.to_string()),
        // DuckDB's parallel reader does not pad records of several lines.
        ("parallel", (!dialect.pads).to_string()),
    ];
    let line = |record: u64| {
        let added = u64::from(is_plain && !dialect.header);
        header.line_of(&input.path, dialect.quote, record.saturating_sub(added)).unwrap_or(record)
    };
    load(engine, "own/load_csv", &places).map_err(|error| of_input(error, input, line))?;
    Ok(columns)
}

/// Loads JSON by a copy in which every value is a text.
fn load_texts(engine: &DuckDb, input: &Fetched, layout: Layout<'_>, scratch: &Path) -> anyhow::Result<Vec<RawColumn>> {
    let path = scratch.join("texts");
    json::write_texts(input, layout, &path)?;
    if header::is_blank(&path)? {
        return Err(Failure::input(format!("{} has no records", input.name))
            .hint("expected an array with objects")
            .into());
    }
    load_ndjson(engine, &Fetched { path, ..input.clone() })
}

fn load_ndjson(engine: &DuckDb, input: &Fetched) -> anyhow::Result<Vec<RawColumn>> {
    let file = text_literal(&input.path.to_string_lossy());
    let in_input = |error| of_input(error, input, |line| line);
    let described = rows(engine, "own/ndjson_columns", &[("file", &file)]).map_err(in_input)?;
    let names = described.into_iter().filter_map(|row| row.into_iter().next().flatten());
    let columns = columns(names.map(|name| (name, None)).collect());
    let fields = pieces(&columns, |column| piece("own/pieces/json_column", &[("name", &quoted(&column.source))]))?;
    let texts = pieces(&columns, |column| text("own/pieces/json_text", column))?;
    load(engine, "own/load_ndjson", &[("file", file), ("columns", fields), ("texts", texts)]).map_err(in_input)?;
    Ok(columns)
}

fn load_parquet(engine: &DuckDb, input: &Fetched, is_verbatim: bool) -> anyhow::Result<Vec<RawColumn>> {
    let file = text_literal(&input.path.to_string_lossy());
    let in_input = |error| of_input(error, input, |line| line);
    let described = rows(engine, "own/parquet_columns", &[("file", &file)]).map_err(in_input)?;
    let (mut found, mut nested) = (Vec::new(), Vec::new());
    for row in described {
        let [Some(name), Some(of_type), ..] = row.as_slice() else { continue };
        let native = types::of_sql(of_type);
        if native.is_none() && !is_verbatim {
            let message = format!("{}, column {name}: the type {of_type} has no place in a table", input.name);
            return Err(Failure::input(message).hint("write the column as text, a number, a date or a time").into());
        }
        nested.push(is_nested(of_type));
        found.push((name.clone(), native));
    }
    let columns = columns(found);
    let texts = columns.iter().zip(nested).map(|(column, is_nested)| match is_nested {
        true => text("own/pieces/nested_text", column),
        false => text("own/pieces/text", column),
    });
    let texts = texts.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    load(engine, "own/load_parquet", &[("file", file), ("texts", texts)]).map_err(in_input)?;
    Ok(columns)
}

/// Returns whether DuckDB's name of a type is that of lists, structs, maps or unions.
fn is_nested(sql_type: &str) -> bool {
    sql_type.ends_with(']') || ["STRUCT(", "MAP(", "UNION("].iter().any(|kind| sql_type.starts_with(kind))
}

fn columns(sources: Vec<(String, Option<PrimitiveType>)>) -> Vec<RawColumn> {
    let (names, natives): (Vec<_>, Vec<_>) = sources.into_iter().unzip();
    let columns = named(&names).into_iter().zip(natives);
    columns.map(|(named, native)| RawColumn { source: named.source, name: named.name, native }).collect()
}

fn text(name: &str, column: &RawColumn) -> anyhow::Result<String> {
    piece(name, &[("column", &quoted(&column.source)), ("name", &quoted(&column.name))])
}

fn pieces(columns: &[RawColumn], piece: impl Fn(&RawColumn) -> anyhow::Result<String>) -> anyhow::Result<String> {
    Ok(columns.iter().map(piece).collect::<anyhow::Result<Vec<_>>>()?.join(", "))
}

fn load(engine: &DuckDb, name: &str, places: &[(&str, String)]) -> anyhow::Result<()> {
    let places: Vec<_> = places.iter().map(|(place, value)| (*place, value.as_str())).collect();
    run(engine, name, &places)
}

/// The words in the errors of DuckDB's readers.
const OF_READERS: [&str; 6] = [
    "Invalid Input Error",
    "Conversion Error",
    "Invalid Error",
    "not a parquet",
    "No magic bytes",
    "json_read expected records",
];

/// Classifies an error of DuckDB's readers as one of the input, with the line and the reason. `line` returns the line of a
/// record.
fn of_input(error: anyhow::Error, input: &Fetched, line: impl FnOnce(u64) -> u64) -> anyhow::Error {
    let text = format!("{error:#}");
    if OF_READERS.iter().all(|kind| !text.contains(kind)) {
        return error;
    }
    let after = |label: &str| text.split(label).nth(1).map(|rest| rest.lines().next().unwrap_or_default().trim());
    let record = after("CSV Error on Line:").and_then(|record| record.parse().ok());
    let line = record.map(|record| format!(", line {}", line(record))).unwrap_or_default();
    let (reason, hint) = match (after("Expected Number of Columns:"), after("in line ")) {
        (Some(expected), _) => {
            let (expected, found) = expected.split_once(" Found: ").unwrap_or((expected, "another number of"));
            (
                format!("expected {expected} fields, found {found}"),
                "correct the line, or quote a field that has the delimiter in it",
            )
        }
        (None, _) if text.contains("unterminated quote") => {
            ("a quote is not closed".to_owned(), "close it, or name another --quote")
        }
        (None, _) if text.contains("invalid state") => (
            "its line ends or quotes are mixed".to_owned(),
            "write it with one kind of line end and quotes around whole fields",
        ),
        (None, _) if text.contains("json_read expected records") => {
            ("it has values that are no objects".to_owned(), "expected a JSON object on each line")
        }
        (None, Some(rest)) if text.contains("JSON") => {
            (format!("line {}", rest.trim_end_matches('.')), "expected a JSON object on each line")
        }
        _ => (first_line(&text), "expected a file in the format that its name or --format says"),
    };
    Failure::input(format!("{}{line}: {reason}", input.name)).hint(hint).into()
}

fn first_line(text: &str) -> String {
    let message = text.split("Error: ").nth(1).unwrap_or(text);
    message.lines().next().unwrap_or_default().trim().to_owned()
}
