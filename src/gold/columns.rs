//! The columns of a gold table: those of its header, to which an existing table evolves.

use lake_catalog::{Alteration, Column, NewTable, Place, PrimitiveType, Session, Table, TableChange, Type, widens};

use super::Definition;
use crate::lake::Lake;
use crate::tables::iceberg::{FROM_RUNS, properties_of_own_files};

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
    let alterations = alterations(definition, table);
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

/// Returns the changes from a table's columns to the declared ones, in the declared order.
fn alterations(definition: &Definition, table: &Table) -> Vec<Alteration> {
    let schema = table.metadata().current_schema();
    let stored: Vec<(&str, Option<&PrimitiveType>)> = schema
        .as_struct()
        .fields()
        .iter()
        .map(|field| match &*field.field_type {
            Type::Primitive(data_type) => (field.name.as_str(), Some(data_type)),
            _ => (field.name.as_str(), None),
        })
        .collect();
    let declared = |name: &str| definition.columns.iter().find(|column| column.name == name);
    let mut alterations = Vec::new();
    let mut order = Vec::new();
    for (name, data_type) in &stored {
        match (declared(name), data_type) {
            (Some(column), Some(data_type)) if column.data_type == **data_type => order.push(*name),
            (Some(column), Some(data_type)) if widens(data_type, &column.data_type) => {
                alterations.push(Alteration::Widen(column.name.clone(), column.data_type.clone()));
                order.push(*name);
            }
            _ => alterations.push(Alteration::Drop((*name).to_owned())),
        }
    }
    for column in &definition.columns {
        if !order.contains(&column.name.as_str()) {
            alterations.push(Alteration::Add(column.name.clone(), column.data_type.clone()));
            order.push(&column.name);
        }
    }
    if !order.iter().eq(definition.columns.iter().map(|column| &column.name)) {
        let mut place = Place::First;
        for column in &definition.columns {
            alterations.push(Alteration::Move(column.name.clone(), place));
            place = Place::After(column.name.clone());
        }
    }
    alterations
}
