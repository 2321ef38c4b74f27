//! The rows to refine: those that came to the source since the table's last refinement.

use std::collections::HashSet;

use lake_catalog::{DataFile, PrimitiveType, Scan, Table};

use super::layout::{SourceColumn, lineage};
use super::progress::Progress;
use crate::own::append::{POSITION, SOURCE_SHA256};
use crate::own::evolve::stored_columns;
use crate::own::scan::{self, ReadColumn, create_view};
use crate::sql::statement::run;
use crate::sql::{DuckDb, quoted};

/// Creates the view `source rows` of the rows to refine, with the texts as they came and the columns that say where a row
/// comes from.
///
/// A row is identified by its file and its position there. So rows that a compaction has written again are no new ones, and
/// a source whose last refined snapshot has expired is read whole: the merge then finds the rows that the table has.
///
/// # Errors
/// Fails if a table's files cannot be listed, or with DuckDB's error.
pub fn create_source_rows(
    engine: &DuckDb,
    source: &Table,
    columns: &[SourceColumn],
    table: Option<&Table>,
    progress: Progress,
) -> anyhow::Result<()> {
    let scan = of_current(source)?;
    let read = of_source(source, columns)?;
    let known = match progress {
        Progress::UpTo(id) if source.metadata().snapshot_by_id(id).is_some() => Some(scan::scan(source, id)?),
        _ => None,
    };
    let before = known.as_ref().map(|known| &known.data[..]).unwrap_or_default();
    create_view(engine, "appended rows", &without(&scan.data, before), &scan.position_deletes, &read)?;
    let removed = known.as_ref().map(|known| without(&known.data, &scan.data)).unwrap_or_default();
    let names: Vec<_> = read.iter().map(|column| quoted(&column.name)).collect();
    let names = names.join(", ");
    match (progress, table) {
        (Progress::OtherDeclaration, Some(table)) => {
            // Rows that the source has lost, by retention, are refined again from what the table kept of them.
            let kept = of_current(table)?;
            let all: Vec<_> = kept.data.iter().collect();
            create_view(engine, "kept rows", &all, &kept.position_deletes, &of_table(table, &read)?)?;
            run(engine, "refine/all_rows", &[("columns", &names)])
        }
        _ if removed.is_empty() => run(engine, "refine/appended_rows", &[("columns", &names)]),
        _ => {
            let identity = read.iter().filter(|column| [SOURCE_SHA256, POSITION].contains(&column.name.as_str()));
            let identity: Vec<_> = identity.cloned().collect();
            create_view(engine, "removed rows", &removed, &[], &identity)?;
            run(engine, "refine/rows_since", &[("columns", &names)])
        }
    }
}

fn of_current(table: &Table) -> anyhow::Result<Scan> {
    let current = table.metadata().current_snapshot_id();
    Ok(current.map(|current| scan::scan(table, current)).transpose()?.unwrap_or_default())
}

/// Returns the files that are not among others.
fn without<'f>(files: &'f [DataFile], others: &[DataFile]) -> Vec<&'f DataFile> {
    let others: HashSet<_> = others.iter().map(DataFile::file_path).collect();
    files.iter().filter(|file| !others.contains(file.file_path())).collect()
}

/// Returns the source's columns as they are read, under their names in the refined table.
fn of_source(source: &Table, columns: &[SourceColumn]) -> anyhow::Result<Vec<ReadColumn>> {
    let stored = stored_columns(source)?;
    let texts = columns.iter().map(|column| (column.source.clone(), column.name.clone(), PrimitiveType::String));
    let lineage = lineage().map(|(name, data_type)| (name.clone(), name, data_type));
    let column = |(of_source, name, data_type): (String, String, PrimitiveType)| ReadColumn {
        stored: stored.iter().find(|(stored, ..)| *stored == of_source).map(|(_, id, of_type)| (*id, of_type.clone())),
        name,
        data_type,
        is_lenient: false,
    };
    Ok(texts.chain(lineage).map(column).collect())
}

/// Returns the same columns as the refined table has them.
fn of_table(table: &Table, columns: &[ReadColumn]) -> anyhow::Result<Vec<ReadColumn>> {
    let stored = stored_columns(table)?;
    let column = |column: &ReadColumn| {
        let found = stored.iter().find(|(name, ..)| *name == column.name);
        ReadColumn { stored: found.map(|(_, id, of_type)| (*id, of_type.clone())), ..column.clone() }
    };
    Ok(columns.iter().map(column).collect())
}
