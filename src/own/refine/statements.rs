//! Runs the statements of `sql/refine`.

use anyhow::Context;

use crate::sql::{DuckDb, Engine, Rows, SqlFile};

/// Runs `sql/refine/<name>.sql`, which returns no rows.
pub fn run(engine: &DuckDb, name: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
    let file = SqlFile::load(&format!("refine/{name}"))?;
    engine.execute(&file.with(places), &file.path)
}

/// Runs `sql/refine/<name>.sql` and returns its rows.
pub fn rows(engine: &DuckDb, name: &str, places: &[(&str, &str)]) -> anyhow::Result<Rows> {
    let file = SqlFile::load(&format!("refine/{name}"))?;
    engine.rows(&file.with(places), &file.path)
}

/// Runs `sql/refine/<name>.sql` and returns the number in its first cell.
pub fn number(engine: &DuckDb, name: &str, places: &[(&str, &str)]) -> anyhow::Result<u64> {
    let rows = rows(engine, name, places)?;
    let cell = rows.first().and_then(|row| row.first()?.as_deref());
    cell.unwrap_or("0").parse().with_context(|| format!("sql/refine/{name}.sql: expected a number"))
}

/// Returns a piece of a statement, `sql/refine/pieces/<name>.sql` without its comment.
pub fn piece(name: &str, places: &[(&str, &str)]) -> anyhow::Result<String> {
    SqlFile::piece(&format!("refine/pieces/{name}"), places)
}
