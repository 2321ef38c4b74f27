//! The formats of rows: table, CSV, JSON, NDJSON, Markdown, Arrow and Parquet.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;

use anyhow::Context;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;

use super::answer::Answer;
use super::rows::RowSource;
use crate::page::plain_cell;
use crate::sql::json_escaped;
use digdag_task::{Failure, printable};

/// The most rows that a table shows; the other formats hold all rows.
const MAX_TABLE_ROWS: usize = 40;

/// The width of a terminal for each column below which rows are shown one below the other.
const MIN_CELL_WIDTH: usize = 9;

/// The encoded bytes at which a row group of a Parquet file ends.
const MAX_ROW_GROUP_BYTES: usize = 16 << 20;

/// DuckDB types that neither Arrow nor Parquet can represent without a loss.
const NOT_IN_PARQUET: [&str; 7] = ["UHUGEINT", "BIGNUM", "BIT", "TIME WITH TIME ZONE", "INTERVAL", "UNION(", "VARIANT"];

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people, its first 40 rows
    Table,
    /// A header and all rows, NULL as nothing
    Csv,
    /// An array of objects, one on each line
    Json,
    /// An object on each line
    Ndjson,
    /// A table for a document
    Markdown,
    /// A stream of Arrow record batches (IPC)
    Arrow,
    /// A Parquet file
    Parquet,
}

/// The bounds of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The most rows.
    pub max_rows: usize,
    /// The characters in a line of the terminal, at which cells are wrapped.
    pub width: Option<usize>,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { max_rows: MAX_TABLE_ROWS, width: None }
    }
}

/// The program that reads the cells of a CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// A terminal, which acts on control characters.
    Terminal,
    /// A spreadsheet, which runs a cell that begins like a formula.
    Spreadsheet,
    /// A program that takes every cell as it is.
    Raw,
}

impl Cells {
    pub(super) fn show(self, cell: &str) -> Cow<'_, str> {
        match self {
            Cells::Terminal => printable(cell),
            Cells::Spreadsheet => plain_cell(cell),
            Cells::Raw => Cow::Borrowed(cell),
        }
    }
}

impl Format {
    /// Runs a statement and writes its rows to `target`.
    ///
    /// # Errors
    /// Fails if the statement does, or if `target` cannot be written.
    pub fn write(self, answer: &mut Answer<'_>, target: impl Write + Send, cells: Cells) -> anyhow::Result<()> {
        self.write_rows(answer, target, cells, Layout::default())
    }

    /// Writes rows to `target`, a table with these bounds.
    ///
    /// # Errors
    /// Fails if the rows cannot be read, or if `target` cannot be written.
    pub fn write_rows(
        self,
        answer: &mut dyn RowSource,
        target: impl Write + Send,
        cells: Cells,
        layout: Layout,
    ) -> anyhow::Result<()> {
        match self {
            Format::Table => table(answer, target, layout),
            Format::Csv => csv(answer, target, cells),
            Format::Json => json(answer, target),
            Format::Ndjson => ndjson(answer, target),
            Format::Markdown => markdown(answer, target),
            Format::Arrow => arrow_stream(answer, target),
            Format::Parquet => parquet(answer, target),
        }
    }
}

fn table(answer: &mut dyn RowSource, mut target: impl Write, layout: Layout) -> anyhow::Result<()> {
    let header = RefCell::new(Vec::new());
    let mut shown: Vec<Vec<String>> = Vec::new();
    answer.texts(
        &mut |names| {
            *header.borrow_mut() = names.iter().map(|name| printable(name).into_owned()).collect();
            Ok(())
        },
        &mut |rows| {
            for row in rows.iter().take(layout.max_rows - shown.len()) {
                let cell = |cell: &Option<String>| printable(cell.as_deref().unwrap_or("NULL")).into_owned();
                shown.push(row.iter().map(cell).collect());
            }
            Ok(())
        },
    )?;
    let header = header.into_inner();
    let columns = header.len();
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(header.clone());
    table.add_rows(&shown);
    // Two spaces and a line for each column.
    let natural: usize = table.column_max_content_widths().into_iter().map(|width| usize::from(width) + 3).sum();
    match layout.width.filter(|width| natural >= *width) {
        Some(width) if width / (columns.max(1)) < MIN_CELL_WIDTH => records(&header, &shown, width, &mut target)?,
        Some(width) => {
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic).set_width(width);
            writeln!(target, "{table}")?;
        }
        None => writeln!(target, "{table}")?,
    }
    target.flush()?;
    Ok(())
}

/// Writes rows one below the other, each as lines of a name and a value, for more columns than fit beside each other.
fn records(header: &[String], rows: &[Vec<String>], width: usize, target: &mut impl Write) -> anyhow::Result<()> {
    for (number, row) in (1..).zip(rows) {
        let title = format!("─ row {number} ");
        writeln!(target, "{title}{}", "─".repeat(width.saturating_sub(title.chars().count())))?;
        let mut record = comfy_table::Table::new();
        record.load_preset(comfy_table::presets::NOTHING);
        record.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        record.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        record.add_rows(header.iter().zip(row).map(|(name, value)| [name, value]));
        for column in record.column_iter_mut() {
            column.set_padding((0, 1));
        }
        for line in record.lines() {
            writeln!(target, "{}", line.trim_end())?;
        }
    }
    if rows.is_empty() {
        writeln!(target, "{}", header.join("\n"))?;
    }
    Ok(())
}

/// Returns the number of rows beyond the maximum of a table.
pub fn left_out(rows: usize) -> usize {
    rows.saturating_sub(MAX_TABLE_ROWS)
}

fn csv(answer: &mut dyn RowSource, target: impl Write, cells: Cells) -> anyhow::Result<()> {
    let csv = RefCell::new(csv::Writer::from_writer(target));
    let field = |text: &str| cells.show(text).into_owned();
    answer.texts(
        &mut |header| csv.borrow_mut().write_record(header.iter().map(|name| field(name))).map_err(of_csv),
        &mut |rows| {
            for row in &rows {
                let fields = row.iter().map(|cell| field(cell.as_deref().unwrap_or_default()));
                csv.borrow_mut().write_record(fields).map_err(of_csv)?;
            }
            Ok(())
        },
    )?;
    csv.into_inner().flush()?;
    Ok(())
}

/// Returns the I/O error inside a `csv::Error`, which does not expose it as its source.
pub(super) fn of_csv(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow::anyhow!("{other:?}"),
    }
}

fn json(answer: &mut dyn RowSource, mut target: impl Write) -> anyhow::Result<()> {
    let mut separator = "[\n";
    answer.json(&mut |row| {
        write!(target, "{separator}{}", json_escaped(row))?;
        separator = ",\n";
        Ok(())
    })?;
    writeln!(target, "{}", if separator == "[\n" { "[]" } else { "\n]" })?;
    target.flush()?;
    Ok(())
}

fn ndjson(answer: &mut dyn RowSource, mut target: impl Write) -> anyhow::Result<()> {
    answer.json(&mut |row| Ok(writeln!(target, "{}", json_escaped(row))?))?;
    target.flush()?;
    Ok(())
}

fn markdown(answer: &mut dyn RowSource, target: impl Write) -> anyhow::Result<()> {
    let target = RefCell::new(target);
    let line = |cells: Vec<String>| writeln!(target.borrow_mut(), "| {} |", cells.join(" | "));
    let cell = |text: &str| printable(text).replace('\\', "\\\\").replace('|', "\\|");
    answer.texts(
        &mut |header| {
            line(header.iter().map(|name| cell(name)).collect())?;
            Ok(line(vec!["---".to_owned(); header.len()])?)
        },
        &mut |rows| {
            for row in &rows {
                line(row.iter().map(|text| cell(text.as_deref().unwrap_or_default())).collect())?;
            }
            Ok(())
        },
    )?;
    target.into_inner().flush()?;
    Ok(())
}

fn arrow_stream(answer: &mut dyn RowSource, target: impl Write) -> anyhow::Result<()> {
    let (mut target, writer) = (Some(target), RefCell::new(None));
    answer.batches(
        &mut |schema| {
            let target = target.take().context("a statement has one schema")?;
            *writer.borrow_mut() = Some(StreamWriter::try_new(target, &schema)?);
            Ok(())
        },
        &mut |batch| Ok(writer.borrow_mut().as_mut().context("a batch without a schema")?.write(&batch)?),
    )?;
    let mut writer = writer.into_inner().context("a statement without a schema")?;
    writer.finish()?;
    writer.get_mut().flush()?;
    Ok(())
}

fn parquet(answer: &mut dyn RowSource, target: impl Write + Send) -> anyhow::Result<()> {
    for column in answer.columns().unwrap_or_default() {
        if NOT_IN_PARQUET.iter().any(|name| column.kind.contains(name)) {
            let message = format!("column {} is of type {}, which Parquet cannot hold", column.name, column.kind);
            return Err(Failure::parameters(message).hint("CAST it AS VARCHAR in the statement").into());
        }
    }
    let (mut target, writer) = (Some(target), RefCell::new(None));
    answer.batches(
        &mut |schema| {
            let target = target.take().context("a statement has one schema")?;
            *writer.borrow_mut() = Some(ArrowWriter::try_new(target, schema, None)?);
            Ok(())
        },
        &mut |batch| {
            let mut writer = writer.borrow_mut();
            let writer = writer.as_mut().context("a batch without a schema")?;
            writer.write(&batch)?;
            // A row group is in memory until it is written.
            if writer.in_progress_size() > MAX_ROW_GROUP_BYTES {
                writer.flush()?;
            }
            Ok(())
        },
    )?;
    let mut writer = writer.into_inner().context("a statement without a schema")?;
    writer.finish()?;
    writer.inner_mut().flush()?;
    Ok(())
}
