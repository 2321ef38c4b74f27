//! Changes of single columns of an existing table: add, rename, widen, drop, move.

use std::sync::Arc;

use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, TableMetadata, Type};
use serde_json::{Value, json};

use crate::schema::{cannot_widen, widens};
use crate::{Error, Result, TableName};

/// The property with the columns' names by field id, for files without field ids.
pub(crate) const NAME_MAPPING: &str = "schema.name-mapping.default";

/// A change of a column. Columns are named as they are after the changes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// Adds a nullable column at the end. Existing rows have NULL there.
    Add(String, PrimitiveType),
    /// Renames a column.
    Rename(String, String),
    /// Changes the type of a column to a wider one.
    Widen(String, PrimitiveType),
    /// Drops a column. Its values stay in the files and in older snapshots.
    Drop(String),
    /// Moves a column to another place.
    Move(String, Place),
}

/// The place of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all other columns.
    First,
    /// Behind a column.
    After(String),
}

/// Returns the schema of a table after the alterations.
///
/// # Errors
/// Fails with [`Error::Evolution`], which names the table and the column, if Iceberg does not allow an alteration.
pub(crate) fn altered(table: &TableName, metadata: &TableMetadata, alterations: &[Alteration]) -> Result<Schema> {
    let current = metadata.current_schema();
    let mut fields = Fields {
        table,
        metadata,
        next_id: metadata.last_column_id() + 1,
        fields: current.as_struct().fields().to_vec(),
    };
    for alteration in alterations {
        fields.apply(alteration)?;
    }
    if let (true, Some(Alteration::Drop(name))) = (fields.fields.is_empty(), alterations.last()) {
        return Err(fields.refused(name, "a table needs a column".to_owned()));
    }
    let newest = metadata.schemas_iter().map(|schema| schema.schema_id()).max().unwrap_or(0);
    Schema::builder()
        .with_schema_id(newest + 1)
        .with_identifier_field_ids(current.identifier_field_ids())
        .with_fields(fields.fields)
        .build()
        .map_err(|error| Error::Iceberg(table.to_string(), Box::new(error)))
}

struct Fields<'t> {
    table: &'t TableName,
    metadata: &'t TableMetadata,
    next_id: i32,
    fields: Vec<NestedFieldRef>,
}

impl Fields<'_> {
    fn apply(&mut self, alteration: &Alteration) -> Result<()> {
        match alteration {
            Alteration::Add(name, data_type) => {
                self.refuse_taken(name)?;
                let field = NestedField::optional(self.next_id, name, Type::Primitive(data_type.clone()));
                self.next_id += 1;
                self.fields.push(Arc::new(field));
            }
            Alteration::Rename(from, to) => {
                let index = self.position(from)?;
                if !from.eq_ignore_ascii_case(to) {
                    self.refuse_taken(to)?;
                }
                let mut field = (*self.fields[index]).clone();
                field.name.clone_from(to);
                self.fields[index] = Arc::new(field);
            }
            Alteration::Widen(name, data_type) => {
                let index = self.position(name)?;
                let mut field = (*self.fields[index]).clone();
                match &*field.field_type {
                    Type::Primitive(from) if widens(from, data_type) => {}
                    from => return Err(self.refused(name, cannot_widen(&from.to_string(), data_type))),
                }
                field.field_type = Box::new(Type::Primitive(data_type.clone()));
                self.fields[index] = Arc::new(field);
            }
            Alteration::Drop(name) => {
                let index = self.position(name)?;
                self.refuse_used(name, self.fields[index].id)?;
                self.fields.remove(index);
            }
            Alteration::Move(name, place) => {
                let field = self.fields.remove(self.position(name)?);
                let index = match place {
                    Place::First => 0,
                    Place::After(other) => self.position(other)? + 1,
                };
                self.fields.insert(index, field);
            }
        }
        Ok(())
    }

    fn position(&self, name: &str) -> Result<usize> {
        let found = self.fields.iter().position(|field| field.name == name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.fields.iter().map(|field| field.name.as_str()).collect();
            self.refused(name, format!("the table has no such column; it has {}", names.join(", ")))
        })
    }

    /// Refuses a name that a column has: SQL engines compare names without case.
    fn refuse_taken(&self, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(self.refused(name, "a column needs a name".to_owned()));
        }
        match self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)) {
            Some(field) => Err(self.refused(name, format!("the table has a column {} already", field.name))),
            None => Ok(()),
        }
    }

    /// Refuses to drop a column that partitions, sorts or identifies rows.
    fn refuse_used(&self, name: &str, id: i32) -> Result<()> {
        let specs = || self.metadata.partition_specs_iter().flat_map(|spec| spec.fields());
        let use_of = if specs().any(|field| field.source_id == id) {
            "partitions the table"
        } else if self.metadata.default_sort_order().fields.iter().any(|field| field.source_id == id) {
            "sorts the table"
        } else if self.metadata.current_schema().identifier_field_ids().any(|key| key == id) {
            "identifies the rows of the table"
        } else {
            return Ok(());
        };
        Err(self.refused(name, format!("it {use_of}, so it cannot be dropped")))
    }

    fn refused(&self, column: &str, why: String) -> Error {
        Error::Evolution { table: self.table.clone(), column: column.to_owned(), why }
    }
}

/// Returns the name mapping of a table after its columns got these names, if the table has a mapping. A name that two
/// columns had goes to the later one.
pub(crate) fn mapped(metadata: &TableMetadata, schema: &Schema) -> Option<String> {
    let text = metadata.properties().get(NAME_MAPPING)?;
    let mut mapping: Vec<Value> = serde_json::from_str(text).ok()?;
    for field in schema.as_struct().fields() {
        let is_of_field = |entry: &Value| entry["field-id"].as_i64() == Some(i64::from(field.id));
        for entry in mapping.iter_mut().filter(|entry| !is_of_field(entry)) {
            if let Some(names) = entry["names"].as_array_mut() {
                names.retain(|name| name != field.name.as_str());
            }
        }
        match mapping.iter_mut().find(|entry| is_of_field(entry)) {
            None => mapping.push(json!({"field-id": field.id, "names": [field.name]})),
            Some(entry) => match entry["names"].as_array_mut() {
                Some(names) if !names.iter().any(|name| name == field.name.as_str()) => {
                    names.insert(0, json!(field.name));
                }
                Some(_) => {}
                None => entry["names"] = json!([field.name]),
            },
        }
    }
    Some(Value::Array(mapping).to_string())
}
