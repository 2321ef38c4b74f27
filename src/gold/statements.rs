//! Runs the statements of `sql/gold/statement`.

use crate::sql::{DuckDb, Engine, SqlFile};

/// Returns `sql/gold/statement/<name>.sql`, with its places filled, and its path.
pub fn statement(name: &str, places: &[(&str, &str)]) -> anyhow::Result<(String, String)> {
    let file = SqlFile::load(&format!("gold/statement/{name}"))?;
    Ok((file.with(places), file.path))
}

/// Runs `sql/gold/statement/<name>.sql`, which returns no rows.
pub fn run(engine: &DuckDb, name: &str, places: &[(&str, &str)]) -> anyhow::Result<()> {
    let (sql, origin) = statement(name, places)?;
    engine.execute(&sql, &origin)
}

/// Returns the cells of the first row of `sql/gold/statement/<name>.sql`.
pub fn first_row(engine: &DuckDb, name: &str, places: &[(&str, &str)]) -> anyhow::Result<Vec<Option<String>>> {
    let (sql, origin) = statement(name, places)?;
    Ok(engine.rows(&sql, &origin)?.into_iter().next().unwrap_or_default())
}

/// Returns `sql/gold/statement/<name>.sql` without its comment, as a part of another statement.
pub fn piece(name: &str, places: &[(&str, &str)]) -> anyhow::Result<String> {
    SqlFile::piece(&format!("gold/statement/{name}"), places)
}
