//! The changes by which a table that a task computes gets the columns that the task declares.

use lake_catalog::{Alteration, Place, PrimitiveType, Table, Type, widens};

/// Returns the changes from a table's columns to declared ones, in the declared order. A column of another type that the
/// table's is not widened to is dropped and added.
pub fn alterations(table: &Table, columns: &[(String, PrimitiveType)]) -> Vec<Alteration> {
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
    let declared = |name: &str| columns.iter().find(|(declared, _)| declared == name);
    let mut alterations = Vec::new();
    let mut order = Vec::new();
    for (name, data_type) in &stored {
        match (declared(name), data_type) {
            (Some((_, declared)), Some(data_type)) if declared == *data_type => order.push(*name),
            (Some((_, declared)), Some(data_type)) if widens(data_type, declared) => {
                alterations.push(Alteration::Widen((*name).to_owned(), declared.clone()));
                order.push(*name);
            }
            _ => alterations.push(Alteration::Drop((*name).to_owned())),
        }
    }
    for (name, data_type) in columns {
        if !order.contains(&name.as_str()) {
            alterations.push(Alteration::Add(name.clone(), data_type.clone()));
            order.push(name);
        }
    }
    if !order.iter().eq(columns.iter().map(|(name, _)| name)) {
        let mut place = Place::First;
        for (name, _) in columns {
            alterations.push(Alteration::Move(name.clone(), place));
            place = Place::After(name.clone());
        }
    }
    alterations
}
