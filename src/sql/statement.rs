//! Runs the statements of `sql/` in DuckDB, each with its places filled.

use anyhow::Context;

use super::{DuckDb, Engine, Rows, SqlFile};

/// Runs `sql/<path>.sql`, which returns no rows.
///
/// # Errors
/// Fails if there is no such file or the statement fails.
pub fn run(engine: &DuckDb, path: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
    let (sql, origin) = filled(path, places)?;
    engine.execute(&sql, &origin)
}

/// Runs `sql/<path>.sql` and returns its rows.
///
/// # Errors
/// Fails if there is no such file or the statement fails.
pub fn rows(engine: &DuckDb, path: &str, places: &[(&str, &str)]) -> anyhow::Result<Rows> {
    let (sql, origin) = filled(path, places)?;
    engine.rows(&sql, &origin)
}

/// Runs `sql/<path>.sql` and returns the cells of its first row; none if it has no row.
///
/// # Errors
/// Fails if there is no such file or the statement fails.
pub fn first_row(engine: &DuckDb, path: &str, places: &[(&str, &str)]) -> anyhow::Result<Vec<Option<String>>> {
    Ok(rows(engine, path, places)?.into_iter().next().unwrap_or_default())
}

/// Runs `sql/<path>.sql` and returns the number in its first cell; 0 if there is none.
///
/// # Errors
/// Fails if there is no such file, if the statement fails, or if the cell is not a number.
pub fn number(engine: &DuckDb, path: &str, places: &[(&str, &str)]) -> anyhow::Result<u64> {
    let row = first_row(engine, path, places)?;
    let cell = row.first().and_then(|cell| cell.as_deref());
    cell.unwrap_or("0").parse().with_context(|| format!("sql/{path}.sql: expected a number"))
}

/// Returns a piece of another statement: `sql/<path>.sql` without its comment.
///
/// # Errors
/// Fails if there is no such file.
pub fn piece(path: &str, places: &[(&str, &str)]) -> anyhow::Result<String> {
    SqlFile::piece(path, places)
}

/// Returns the text of `sql/<path>.sql` and the name of the file.
///
/// # Errors
/// Fails if there is no such file.
pub fn filled(path: &str, places: &[(&str, &str)]) -> anyhow::Result<(String, String)> {
    let file = SqlFile::load(path)?;
    Ok((file.with(places), file.path))
}
