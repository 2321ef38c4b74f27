//! Compares two snapshots of a table: the rows of the files that only one of them has.

use std::collections::HashSet;

use lake_catalog::{DataFile, PrimitiveType, Scan, Schema, Table, Type};

use super::steps::Step;
use crate::own::scan::{self, ReadColumn, create_view, deleted_from};
use crate::own::types;
use crate::sql::statement::{number, piece};
use crate::sql::{DuckDb, SqlFile, quoted, text_literal, texts};
use crate::tables::iceberg::key_in;

/// A changed row: the kind of the change, and the row before and after it as JSON.
pub struct Change {
    pub kind: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Passes each row that differs between the states of a step to `take`.
///
/// # Errors
/// Fails with DuckDB's error, if a file is missing, or with the first error of `take`.
pub fn compare(
    engine: &DuckDb,
    table: &Table,
    step: Step,
    mut take: impl FnMut(Change) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let before = step.before.map(|id| scan::scan(table, id)).transpose()?.unwrap_or_default();
    let after = scan::scan(table, step.after)?;
    let touched = touched(engine, &before, &after)?;
    let new = schema(table, Some(step.after));
    let old = schema(table, step.before);
    let columns = columns(new);
    let all_rewritten =
        !before.data.iter().any(|file| after.data.iter().any(|kept| kept.file_path() == file.file_path()));
    let old_columns: Vec<_> = columns.iter().map(|column| of_old(column, old, all_rewritten)).collect();
    create_view(engine, "state_before", &only(&before, &after, &touched), &before.position_deletes, &old_columns)?;
    create_view(engine, "state_after", &only(&after, &before, &touched), &after.position_deletes, &columns)?;
    let (sql, origin) = statement(engine, &columns, &key_in(table, new))?;
    let mut batches = engine.select(&sql, &origin)?;
    while let Some(batch) = batches.next_batch()? {
        for row in texts(&batch)? {
            let row: [Option<String>; 3] = row.try_into().unwrap_or_default();
            let [Some(kind), before, after] = row else { continue };
            take(Change { kind, before, after })?;
        }
    }
    Ok(())
}

/// Returns the paths of the files in which the delete files of only one of two snapshots name rows.
fn touched(engine: &DuckDb, one: &Scan, other: &Scan) -> anyhow::Result<HashSet<String>> {
    let mut differ = one.position_deletes.clone();
    differ.retain(|file| !other.position_deletes.iter().any(|same| same.file_path() == file.file_path()));
    let only_other = other.position_deletes.iter();
    differ.extend(
        only_other
            .filter(|file| !one.position_deletes.iter().any(|same| same.file_path() == file.file_path()))
            .cloned(),
    );
    Ok(deleted_from(engine, &differ)?.into_iter().collect())
}

/// Returns the files of a snapshot that another lacks or in which rows were deleted.
fn only<'s>(of: &'s Scan, other: &Scan, touched: &HashSet<String>) -> Vec<&'s DataFile> {
    let others: HashSet<_> = other.data.iter().map(DataFile::file_path).collect();
    let is_only = |file: &&DataFile| !others.contains(file.file_path()) || touched.contains(&scan::path(file));
    of.data.iter().filter(is_only).collect()
}

fn schema(table: &Table, snapshot: Option<i64>) -> &Schema {
    let metadata = table.metadata();
    let of_snapshot = snapshot.and_then(|id| metadata.schema_by_id(metadata.snapshot_by_id(id)?.schema_id()?));
    of_snapshot.unwrap_or_else(|| metadata.current_schema())
}

fn columns(schema: &Schema) -> Vec<ReadColumn> {
    let column = |name: &str, id: i32, data_type: &PrimitiveType| ReadColumn {
        name: name.to_owned(),
        data_type: data_type.clone(),
        stored: Some((id, data_type.clone())),
        is_lenient: false,
    };
    let fields = schema.as_struct().fields().iter();
    fields
        .filter_map(|field| match &*field.field_type {
            Type::Primitive(data_type) if types::sql(data_type).is_some() => {
                Some(column(&field.name, field.id, data_type))
            }
            _ => None,
        })
        .collect()
}

/// Returns how a column is read in an older state: by its id, or by its name if all files were rewritten since, because a
/// rewrite with another type gives a column another id. If a file is kept, a column of the name that has another id was
/// dropped, and the new one has no value in any older row.
fn of_old(column: &ReadColumn, old: &Schema, all_rewritten: bool) -> ReadColumn {
    let id = column.stored.as_ref().map(|(id, _)| *id);
    let by_name = || old.field_by_name(&column.name).filter(|_| all_rewritten);
    let field = id.and_then(|id| old.field_by_id(id)).or_else(by_name);
    let stored = field.and_then(|field| match &*field.field_type {
        Type::Primitive(data_type) => Some((field.id, data_type.clone())),
        _ => None,
    });
    ReadColumn { stored, is_lenient: true, ..column.clone() }
}

/// Returns the statement that compares the views, and its origin.
fn statement(engine: &DuckDb, columns: &[ReadColumn], key: &[String]) -> anyhow::Result<(String, String)> {
    let pieces = |names: &[String], name: &str, separator: &str| -> anyhow::Result<String> {
        let pieces =
            names.iter().map(|column| piece(name, &[("column", &quoted(column)), ("literal", &text_literal(column))]));
        Ok(pieces.collect::<anyhow::Result<Vec<_>>>()?.join(separator))
    };
    let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
    let has_key = !key.is_empty() && key.iter().all(|name| names.contains(name));
    let mut is_unique = has_key;
    if has_key {
        let list = key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        let is_null = pieces(key, "own/pieces/is_null", " OR ")?;
        for state in ["state_before", "state_after"] {
            let places = [("keys", list.as_str()), ("state", state), ("is_null", &is_null)];
            is_unique &= number(engine, "own/repeated_keys", &places)? == 0;
        }
    }
    let file = SqlFile::load(if is_unique { "own/changes_by_key" } else { "own/changes_by_row" })?;
    let places = [
        ("before", pieces(&names, "own/pieces/json_before", ", ")?),
        ("after", pieces(&names, "own/pieces/json_after", ", ")?),
        ("keys", if is_unique { pieces(key, "own/pieces/equal_key", " AND ")? } else { String::new() }),
        ("same", pieces(&names, "own/pieces/same_state", " AND ")?),
        ("columns", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")),
    ];
    let sql = file.with(&places.each_ref().map(|(place, value)| (*place, value.as_str())));
    Ok((sql, file.path))
}
