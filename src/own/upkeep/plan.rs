//! The plan of a compaction: the files to rewrite, and the statement that returns their rows in the table's order.

use std::collections::HashSet;

use lake_catalog::{Table, TableChange};

use super::compaction;
use crate::own::order::order_by;
use crate::own::scan::{self, all_columns, check_ids, create_view, deleted_from};
use crate::sql::{DuckDb, SqlFile, quoted};

/// The files to rewrite.
pub struct Rewrite {
    /// Their locations.
    pub removed: HashSet<String>,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the delete files go with them.
    pub removes_deletes: bool,
    /// The statement that returns their rows.
    pub sql: String,
    /// The file that the statement is from.
    pub origin: String,
}

/// Plans the compaction of a table, and creates the view that its statement reads. Returns `None` if no file has to be
/// rewritten.
///
/// # Errors
/// Fails with a [`Failure`] if the table has columns or delete files that this task cannot carry over, and with DuckDB's
/// error.
pub fn plan(engine: &DuckDb, table: &Table) -> anyhow::Result<Option<Rewrite>> {
    let Some(current) = table.metadata().current_snapshot_id() else { return Ok(None) };
    let scan = scan::scan(table, current)?;
    let files = compaction::files(&scan, &deleted_from(engine, &scan.position_deletes)?);
    if files.is_empty() {
        return Ok(None);
    }
    let columns = all_columns(table)?;
    check_ids(engine, table, &files)?;
    create_view(engine, "rewritten", &files, &scan.position_deletes, &columns)?;
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    let statement = SqlFile::load("own/compacted")?;
    let sql = statement.with(&[("columns", &names.join(", ")), ("order", &order_by(&TableChange::of(table))?)]);
    Ok(Some(Rewrite {
        removed: files.iter().map(|file| file.file_path().to_owned()).collect(),
        bytes: files.iter().map(|file| file.file_size_in_bytes()).sum(),
        removes_deletes: scan.has_deletes(),
        sql,
        origin: statement.path,
    }))
}
