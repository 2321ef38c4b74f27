//! The columns of a gold table: those of its header, to which an existing table evolves.

use lake_catalog::{Column, NewTable, Session, Table, TableChange};

use super::Definition;
use crate::lake::Lake;
use crate::tables::iceberg::{FROM_RUNS, alterations, properties_of_own_files};

/// Returns the change of a table to its definition's columns, or its creation.
///
/// # Errors
/// Fails if Iceberg does not allow the change, such as dropping a column that partitions the table.
pub fn change(
    lake: &Lake,
    definition: &Definition,
    table: Option<&Table>,
    session: Session,
) -> anyhow::Result<TableChange> {
    let Some(table) = table else { return create(lake, definition, session) };
    let mut change = TableChange::of(table);
    let columns = definition.columns.iter().map(|column| (column.name.clone(), column.data_type.clone()));
    let alterations = alterations(table, &columns.collect::<Vec<_>>());
    if !alterations.is_empty() {
        change.alter(&alterations)?;
    }
    Ok(change)
}

fn create(lake: &Lake, definition: &Definition, session: Session) -> anyhow::Result<TableChange> {
    let column = |(id, column): (i32, &super::definition::Column)| Column {
        id,
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        description: Some(column.description.clone()),
    };
    let name = &definition.name;
    let mut properties = properties_of_own_files(&name.namespace)?;
    properties.insert(FROM_RUNS.to_owned(), "true".to_owned());
    properties.insert("comment".to_owned(), definition.about.clone());
    let new = NewTable {
        name: name.clone(),
        folder: lake.tables_folder().join(&name.namespace).join(&name.name),
        columns: (1..).zip(&definition.columns).map(column).collect(),
        sorted_by: None,
        properties,
    };
    let mut change = TableChange::create(&new, session)?;
    change.sort_by(&definition.sort)?;
    if !definition.partition.is_empty() {
        change.partition_by(&definition.partition)?;
    }
    Ok(change)
}
