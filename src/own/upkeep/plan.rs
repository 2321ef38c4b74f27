//! The plan of a compaction: the files to rewrite, and the statement that returns their rows in the table's order.

use std::collections::HashSet;
use std::sync::Arc;

use lake_catalog::{Field, Table, TableChange, Type};

use super::compaction;
use crate::own::order::order_by;
use crate::own::scan::{self, ReadColumn, check_ids, create_view, deleted_from};
use crate::own::types;
use crate::sql::{DuckDb, SqlFile, quoted};
use digdag_task::Failure;

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
    let columns = columns(table)?;
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

fn columns(table: &Table) -> anyhow::Result<Vec<ReadColumn>> {
    let fields = table.metadata().current_schema().as_struct().fields().iter();
    let column = |field: &Arc<Field>| match &*field.field_type {
        Type::Primitive(data_type) if types::sql(data_type).is_some() => Ok(ReadColumn {
            name: field.name.clone(),
            data_type: data_type.clone(),
            stored: Some((field.id, data_type.clone())),
            is_lenient: false,
        }),
        other => Err(Failure::input(format!("column {} is {other}, which this task does not write", field.name))
            .hint(format!("ALTER TABLE {} EXECUTE optimize in Trino compacts it", table.name()))
            .into()),
    };
    fields.map(column).collect()
}
