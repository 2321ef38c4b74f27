//! Rows of a query that Trino writes as Parquet files into a folder of the lake, to be read by another engine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::definition::marked;
use super::schema::Schema;
use crate::lake::Lake;
use crate::sql::{Engine, SqlFile, TrinoParameters, quoted, text_literal};

/// A folder of the lake, and the schema of Trino in which it is a table meanwhile.
pub struct WrittenByTrino<'w> {
    /// The lake.
    pub lake: &'w Lake,
    /// The schema of the run whose tables the query reads.
    pub schema: &'w Schema,
    /// The connection.
    pub parameters: &'w TrinoParameters,
    /// The folder for Trino's files. It must not exist.
    pub folder: &'w Path,
}

/// The number of rows of a table, and a sum over all cells.
#[derive(Debug, PartialEq, Eq)]
pub struct Checksum {
    /// The rows.
    pub rows: String,
    /// The sum.
    pub sum: String,
}

impl WrittenByTrino<'_> {
    /// Runs a query in Trino, which writes its rows into the folder under its own file names, and passes the files to `take`,
    /// with the checksum of the `columns` as Trino reads it. The folder and Trino's table are removed afterwards. `query` has
    /// the text and its origin; columns in `with_filter` get Bloom filters.
    ///
    /// # Errors
    /// Fails if Trino fails or writes outside of the task's rights, and with the error of `take`.
    pub fn write<T>(
        &self,
        name: &str,
        (query, origin): (&str, &str),
        columns: &[&str],
        with_filter: &[&str],
        take: impl FnOnce(&[PathBuf], Checksum) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let trino = self.schema.trino();
        let root = self.lake.root();
        let below = self.folder.strip_prefix(root).context("the staging folder is in the lake")?;
        let location = self.parameters.location(root, &below.to_string_lossy());
        let built = format!("{name}__built");
        let comment = marked(&format!("{name}, on its way into the lake."), &[&location]);
        let with_filter: Vec<_> = with_filter.iter().map(|column| text_literal(column)).collect();

        // An interrupted build may have left its table.
        self.schema.drop_ours(&built)?;
        let create = SqlFile::load("trino/build")?;
        let places = [
            ("table", &*self.schema.table(&built)),
            ("comment", &text_literal(&comment)),
            ("location", &text_literal(&location)),
            ("bloom_filter_columns", &with_filter.join(", ")),
            ("query", &trino.with_functions(query)),
        ];
        let result = trino
            .execute(&create.with(&places), origin)
            .and_then(|()| checksum(trino, &quoted(&built), columns))
            .and_then(|expected| take(&data_files(self.folder)?, expected));
        // The rows have been taken over, so Trino's table is dropped after a success and after an error.
        let dropped = self.schema.drop_table(&built);
        let taken = result?;
        dropped?;
        fs::remove_dir_all(self.folder).with_context(|| {
            format!("cannot remove {}: Trino must write with the rights of this task's user", self.folder.display())
        })?;
        Ok(taken)
    }
}

/// Returns the checksum of a table's columns, which does not depend on the order of rows.
///
/// # Errors
/// Fails with the engine's error.
pub fn checksum(engine: &dyn Engine, table: &str, columns: &[&str]) -> anyhow::Result<Checksum> {
    let file = SqlFile::load("engine/checksum")?;
    let cell = |column: &&str| format!("coalesce('=' || CAST({} AS VARCHAR), '-')", quoted(column));
    let row: Vec<_> = columns.iter().map(cell).collect();
    let sql = file.with(&[("row", &row.join(" || chr(31) || ")), ("table", table)]);
    let rows = engine.rows(&sql, &file.path)?;
    let row = rows.first().context("a checksum without a row")?;
    let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    Ok(Checksum { rows: cell(0), sum: cell(1) })
}

/// Returns the files that Trino wrote, sorted by name, without the checksum files that Hadoop adds.
fn data_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        if !entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
