//! The mapping from a table of the contract to an Iceberg table.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use lake_catalog::{Column, NewTable, PrimitiveType, Schema, Session, TableChange, TableName};

use super::{OF_RUNS, failure};
use crate::contract::{ColumnType, Table};
use crate::lake::Lake;

/// Returns the name of a table of the contract in the catalog.
pub fn name(table: &Table) -> TableName {
    let namespace = if table.folder() == table.name { "silver" } else { "gold" };
    TableName::new(namespace, &table.name)
}

/// Returns the columns of a table of the contract, by field id.
pub(super) fn columns(table: &Table) -> Vec<Column> {
    let columns = table.columns.iter();
    columns
        .map(|column| Column {
            // `Contract::load` refuses a column without an id.
            id: column.id.unwrap_or_default(),
            name: column.name.clone(),
            data_type: match column.data_type {
                ColumnType::Bigint => PrimitiveType::Long,
                ColumnType::Integer => PrimitiveType::Int,
                ColumnType::Varchar => PrimitiveType::String,
                ColumnType::Boolean => PrimitiveType::Boolean,
                ColumnType::Timestamp => PrimitiveType::Timestamp,
            },
            description: Some(column.description.clone()),
        })
        .collect()
}

/// Returns the Iceberg table to create for a table of the contract, below the folder of all tables of runs.
pub(super) fn new_table(folder: &Path, table: &Table) -> NewTable {
    let name = name(table);
    let sorted_by = table.key.first().filter(|_| table.ordered).and_then(|key| table.column(key)?.id);
    NewTable {
        folder: folder.join(&name.namespace).join(&name.name),
        name,
        columns: columns(table),
        sorted_by,
        properties: HashMap::from([(OF_RUNS.to_owned(), "true".to_owned()), ("comment".to_owned(), table.row.clone())]),
    }
}

/// Returns the schema that files of a table of the contract are written with.
///
/// # Errors
/// Fails if the columns are no valid schema.
pub fn schema_of(lake: &Lake, table: &Table) -> anyhow::Result<Arc<Schema>> {
    let created = TableChange::create(&new_table(&lake.tables_folder(), table), Session::new()).map_err(failure)?;
    created.current_schema().map_err(failure)
}
