//! Compares the rows that Trino reads with those that were written.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use super::schema::Schema;
use crate::contract::{ColumnType, Table};
use crate::sql::{SqlFile, quoted, text_literal};
use digdag_task::Failure;

/// Tables verified in one query. Each takes a few stages, of which Trino allows 150.
const MAX_TABLES_PER_QUERY: usize = 8;

/// A table, with the rows and files that were written.
pub struct ExpectedTable<'t> {
    /// The table of the contract.
    pub table: &'t Table,
    /// The rows that Trino must read.
    pub rows: u64,
    /// The files that Trino must read.
    pub files: Vec<PathBuf>,
}

/// Compares the rows that Trino reads with those that were written: `count(*)`, and a filter that every row passes,
/// from the least to the greatest id in the files' footers. A reader that misreads page indexes returns the right count
/// but no row for the filter.
///
/// # Errors
/// Fails if a count differs, with Trino's error, or if a footer cannot be read.
pub fn verify(schema: &Schema, tables: &[ExpectedTable<'_>]) -> anyhow::Result<()> {
    let named: Vec<_> = tables.iter().map(|written| (written.table.sql_name(), written)).collect();
    verify_as(schema, &named)
}

/// Like [`verify`], but for tables under the given names.
///
/// # Errors
/// Fails like [`verify`].
pub fn verify_as(schema: &Schema, tables: &[(&str, &ExpectedTable<'_>)]) -> anyhow::Result<()> {
    let file = SqlFile::load("trino/verify")?;
    for some in tables.chunks(MAX_TABLES_PER_QUERY) {
        let mut statements = Vec::new();
        for (name, ExpectedTable { table, files, .. }) in some {
            let (column, least, most) = id_range(table, files)?;
            statements.push(file.with(&[
                ("name", &text_literal(name)),
                ("table", &schema.table(name)),
                ("column", &quoted(column)),
                ("least", &least.to_string()),
                ("most", &most.to_string()),
            ]));
        }
        let (_, rows) = schema.trino().table(&statements.join("UNION ALL\n"), &file.path)?;
        for row in rows {
            let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
            let number = |index| cell(index).parse::<u64>().with_context(|| file.path.clone());
            let asked = some.iter().find(|(name, _)| *name == cell(0));
            let (name, written) = asked.context("a table that was not asked about")?;
            let (rows, found) = (written.rows, [number(1)?, number(2)?, number(3)?]);
            if found[..2] != [rows, rows] || (found[2] == 0) != (rows == 0) {
                return Err(wrong(schema, name, rows, found));
            }
        }
    }
    Ok(())
}

fn wrong(schema: &Schema, name: &str, rows: u64, found: [u64; 3]) -> anyhow::Error {
    let [all, between, last] = found;
    let hint = match all {
        0 => "is the lake mounted where trino_lake_root says, and does the catalog have fs.hadoop.enabled=true?",
        _ if all > rows => {
            "verify-run says whether a file was put in beside those that were written; if active was moved just now, run it \
             again"
        }
        _ => "if active was moved just now, run it again; else Trino misreads the files: do not publish on it",
    };
    Failure::checks_failed(format!(
        "{} at {} gives {all} rows, {between} for a filter that all pass and {last} for the greatest id; {rows} were \
         written",
        schema.table(name),
        schema.trino().address(),
    ))
    .hint(hint)
    .into()
}

/// Returns the first id column of a table, and its least and greatest value according to the footers.
fn id_range<'t>(table: &'t Table, files: &[PathBuf]) -> anyhow::Result<(&'t str, i64, i64)> {
    let is_id = |column: &crate::contract::Column| column.not_null && column.data_type == ColumnType::Bigint;
    let index = table.columns.iter().position(is_id);
    let index = index.with_context(|| format!("table {} has no BIGINT column without NULLs", table.name))?;
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for path in files {
        for group in footer(path)?.row_groups() {
            if let Some(Statistics::Int64(range)) = group.column(index).statistics() {
                least = least.min(range.min_opt().copied().unwrap_or(i64::MIN));
                most = most.max(range.max_opt().copied().unwrap_or(i64::MAX));
            }
        }
    }
    if least > most {
        // No rows.
        (least, most) = (0, 0);
    }
    Ok((&table.columns[index].name, least, most))
}

/// Returns the number of rows in files, according to their footers.
///
/// # Errors
/// Fails if a footer cannot be read.
pub fn rows_in(files: &[PathBuf]) -> anyhow::Result<u64> {
    let rows = |path: &PathBuf| Ok(u64::try_from(footer(path)?.file_metadata().num_rows())?);
    files.iter().map(rows).sum()
}

fn footer(path: &Path) -> anyhow::Result<ParquetMetaData> {
    let cannot = || format!("cannot read the footer of {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    Ok(SerializedFileReader::new(file).with_context(cannot)?.metadata().clone())
}
