//! Views of a table's files in DuckDB, by field id.

use std::sync::Arc;

use lake_catalog::{DataFile, Field, PrimitiveType, Scan, Table, Type, path_text};

use super::types;
use crate::sql::statement::{piece, rows, run};
use crate::sql::{DuckDb, quoted, text_literal};
use crate::tables::iceberg::is_named_here;
use digdag_task::Failure;

/// A column to read.
#[derive(Clone, Debug)]
pub struct ReadColumn {
    /// The name in the view.
    pub name: String,
    /// The type in the view.
    pub data_type: PrimitiveType,
    /// The field id and the type that the files are read with; `None` for a column that no file has.
    pub stored: Option<(i32, PrimitiveType)>,
    /// Whether a value that the type in the view cannot hold is read as NULL; otherwise it is an error.
    pub is_lenient: bool,
}

/// Returns the live files of a snapshot.
///
/// # Errors
/// Fails if the snapshot has delete files that name rows by key, which only an Iceberg engine applies.
pub fn scan(table: &Table, snapshot_id: i64) -> anyhow::Result<Scan> {
    let scan = table.scan(snapshot_id)?;
    if scan.other_deletes > 0 {
        let message = format!("table {} has delete files by key, which this task does not apply", table.name());
        let hint = format!("ALTER TABLE {} EXECUTE optimize in Trino writes them into the files", table.name());
        return Err(Failure::input(message).hint(hint).into());
    }
    Ok(scan)
}

/// Returns the columns of a table as they are now, to be written again.
///
/// # Errors
/// Fails with a [`Failure`] if the table has a column that these tasks do not write.
pub fn all_columns(table: &Table) -> anyhow::Result<Vec<ReadColumn>> {
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

/// Returns the path of a data file.
pub fn path(file: &DataFile) -> String {
    path_text(file.file_path()).to_owned()
}

/// Creates a view of files, without the rows that the delete files name. Each row has its `file name` and `file row`.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn create_view(
    engine: &DuckDb,
    view: &str,
    files: &[&DataFile],
    deletes: &[DataFile],
    columns: &[ReadColumn],
) -> anyhow::Result<()> {
    let selected = columns.iter().map(|column| {
        let (name, output) = (quoted(&column.name), types::sql(&column.data_type).unwrap_or_default());
        let piece_name = match (column.stored.is_some() && !files.is_empty(), column.is_lenient) {
            (true, false) => "own/pieces/cast",
            (true, true) => "own/pieces/try_cast",
            (false, _) => "own/pieces/null",
        };
        piece(piece_name, &[("column", &name), ("name", &name), ("type", &output)])
    });
    let selected = selected.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    let name = quoted(view);
    if files.is_empty() {
        return run(engine, "own/scan_nothing", &[("name", &name), ("columns", &selected)]);
    }
    let fields = columns.iter().filter_map(|column| Some((column, column.stored.as_ref()?))).map(|(column, stored)| {
        let read = types::sql(&stored.1).unwrap_or_default();
        let places =
            [("id", stored.0.to_string()), ("literal", text_literal(&column.name)), ("type", text_literal(&read))];
        piece("own/pieces/field", &places.each_ref().map(|(place, value)| (*place, value.as_str())))
    });
    let fields = fields.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    let files = paths(files.iter().copied());
    let places = [("name", name.as_str()), ("columns", &selected), ("files", &files), ("fields", &fields)];
    if deletes.is_empty() {
        return run(engine, "own/scan", &places);
    }
    run(engine, "own/scan_with_deletes", &[&places[..], &[("deletes", &paths(deletes))]].concat())
}

/// Returns the paths of the data files in which delete files name rows.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn deleted_from(engine: &DuckDb, deletes: &[DataFile]) -> anyhow::Result<Vec<String>> {
    if deletes.is_empty() {
        return Ok(Vec::new());
    }
    let found = rows(engine, "own/deleted_from", &[("deletes", &paths(deletes))])?;
    Ok(found.into_iter().flatten().flatten().collect())
}

/// Checks that files have field ids, by which they are read.
///
/// # Errors
/// Fails if a file has none: pyiceberg's `add_files` takes over such files, which only a mapping of names explains.
pub fn check_ids(engine: &DuckDb, table: &Table, files: &[&DataFile]) -> anyhow::Result<()> {
    let of_others: Vec<_> = files.iter().copied().filter(|file| !is_named_here(file.file_path())).collect();
    if of_others.is_empty() {
        return Ok(());
    }
    let found = rows(engine, "own/without_ids", &[("files", &paths(of_others))])?;
    match found.into_iter().flatten().flatten().next() {
        None => Ok(()),
        Some(file) => Err(Failure::input(format!("file {file} of table {} has no field ids", table.name()))
            .hint(format!("ALTER TABLE {} EXECUTE optimize in Trino writes files that have them", table.name()))
            .into()),
    }
}

fn paths<'f>(files: impl IntoIterator<Item = &'f DataFile>) -> String {
    files.into_iter().map(|file| text_literal(&path(file))).collect::<Vec<_>>().join(", ")
}
