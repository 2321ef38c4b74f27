//! The input as text, in a database on the disk: types are decided over all rows before any is converted.

use super::header::{self, Dialect};
use super::names::named;
use super::source::{Fetched, Format};
use super::statements::{number, piece, rows, run};
use super::types;
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

/// The input, loaded as the table `work.raw`.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The columns, in order.
    pub columns: Vec<RawColumn>,
    /// The number of rows.
    pub rows: u64,
}

impl Raw {
    /// Loads an input. Every column becomes text.
    ///
    /// # Errors
    /// Fails if the input is empty, or names the first line that is not in the format.
    pub fn load(engine: &DuckDb, input: &Fetched, dialect: &Dialect) -> anyhow::Result<Self> {
        if input.bytes == 0 {
            return Err(Failure { message: format!("{} is empty", input.name), ..header::empty(&input.path) }.into());
        }
        let columns = match input.format {
            Format::Csv => load_csv(engine, input, dialect)?,
            Format::Ndjson => load_ndjson(engine, input)?,
            Format::Parquet => load_parquet(engine, input)?,
        };
        Ok(Raw { columns, rows: number(engine, "count", &[("table", "work.raw")])? })
    }

    /// Returns the column with a name in the table, or else in the input.
    pub fn column(&self, name: &str) -> Option<&RawColumn> {
        let by_name = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        by_name.or_else(|| self.columns.iter().find(|column| column.source == name))
    }
}

fn load_csv(engine: &DuckDb, input: &Fetched, dialect: &Dialect) -> anyhow::Result<Vec<RawColumn>> {
    let header = header::read(&input.path, dialect)?;
    let columns = columns(header.names.iter().map(|name| (name.clone(), None)).collect());
    let fields = pieces(&columns, |column| piece("pieces/csv_column", &[("name", &quoted(&column.name))]))?;
    let places = [
        ("file", text_literal(&input.path.to_string_lossy())),
        ("columns", fields),
        ("delimiter", text_literal(&header.delimiter.to_string())),
        ("quote", text_literal(&dialect.quote.to_string())),
        ("header", dialect.header.to_string()),
    ];
    load(engine, "load_csv", &places, input)?;
    Ok(columns)
}

fn load_ndjson(engine: &DuckDb, input: &Fetched) -> anyhow::Result<Vec<RawColumn>> {
    let file = text_literal(&input.path.to_string_lossy());
    let described = rows(engine, "ndjson_columns", &[("file", &file)]).map_err(|error| of_input(error, input))?;
    let names = described.into_iter().filter_map(|row| row.into_iter().next().flatten());
    let columns = columns(names.map(|name| (name, None)).collect());
    let fields = pieces(&columns, |column| piece("pieces/json_column", &[("name", &quoted(&column.source))]))?;
    let texts = pieces(&columns, |column| text("pieces/json_text", column))?;
    load(engine, "load_ndjson", &[("file", file), ("columns", fields), ("texts", texts)], input)?;
    Ok(columns)
}

fn load_parquet(engine: &DuckDb, input: &Fetched) -> anyhow::Result<Vec<RawColumn>> {
    let file = text_literal(&input.path.to_string_lossy());
    let described = rows(engine, "parquet_columns", &[("file", &file)]).map_err(|error| of_input(error, input))?;
    let mut found = Vec::new();
    for row in described {
        let [Some(name), Some(of_type), ..] = row.as_slice() else { continue };
        let native = types::of_sql(of_type).ok_or_else(|| {
            Failure::input(format!("{}, column {name}: the type {of_type} has no place in a table", input.name))
                .hint("write the column as text, a number, a date or a time")
        })?;
        found.push((name.clone(), Some(native)));
    }
    let columns = columns(found);
    let texts = pieces(&columns, |column| text("pieces/text", column))?;
    load(engine, "load_parquet", &[("file", file), ("texts", texts)], input)?;
    Ok(columns)
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

fn load(engine: &DuckDb, name: &str, places: &[(&str, String)], input: &Fetched) -> anyhow::Result<()> {
    let places: Vec<_> = places.iter().map(|(place, value)| (*place, value.as_str())).collect();
    run(engine, name, &places).map_err(|error| of_input(error, input))
}

/// Classifies an error of DuckDB's readers as one of the input, with the line and the reason.
fn of_input(error: anyhow::Error, input: &Fetched) -> anyhow::Error {
    let text = format!("{error:#}");
    if ["Invalid Input Error", "Conversion Error", "Invalid Error", "not a parquet", "No magic bytes"]
        .iter()
        .all(|kind| !text.contains(kind))
    {
        return error;
    }
    let after = |label: &str| text.split(label).nth(1).map(|rest| rest.lines().next().unwrap_or_default().trim());
    let line = after("CSV Error on Line:").map(|line| format!(", line {line}")).unwrap_or_default();
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
