//! Schemas by field id: the creation of a table, and the evolution of its columns.

use std::collections::HashMap;
use std::path::PathBuf;

use iceberg::spec::{NestedField, PrimitiveType, Schema, TableMetadata, Type};

use crate::{Error, Result, TableName};

/// A column of a table. Every column is nullable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field id, which identifies the column under any name.
    pub id: i32,
    /// The name.
    pub name: String,
    /// The type.
    pub data_type: PrimitiveType,
    /// The description, for people.
    pub description: Option<String>,
}

/// A table to be created.
#[derive(Clone, Debug)]
pub struct NewTable {
    /// The name.
    pub name: TableName,
    /// The folder of the table's metadata; never a folder with data files of another owner.
    pub folder: PathBuf,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The column that files are sorted by.
    pub sorted_by: Option<i32>,
    /// Further table properties.
    pub properties: HashMap<String, String>,
}

/// Builds the Iceberg schema of columns.
pub(crate) fn schema(table: &TableName, columns: &[Column], schema_id: i32) -> Result<Schema> {
    let field = |column: &Column| {
        let field = NestedField::optional(column.id, &column.name, Type::Primitive(column.data_type.clone()));
        match &column.description {
            Some(text) => field.with_doc(text),
            None => field,
        }
    };
    let fields = columns.iter().map(|column| field(column).into());
    let schema = Schema::builder().with_schema_id(schema_id).with_fields(fields).build();
    schema.map_err(|error| Error::Iceberg(table.to_string(), Box::new(error)))
}

/// Returns the id of the table's schema with these columns, or as an inner error the schema to add.
///
/// Columns are compared by field id with all schemas of the table: they may be added, renamed, dropped, moved and
/// widened. An id is never reused for another type.
pub(crate) fn evolve(
    table: &TableName,
    metadata: &TableMetadata,
    columns: &[Column],
) -> Result<std::result::Result<i32, Schema>> {
    let newest = metadata.schemas_iter().map(|schema| schema.schema_id()).max().unwrap_or(0);
    let wanted = schema(table, columns, newest + 1)?;
    let same = metadata.schemas_iter().find(|schema| schema.as_struct() == wanted.as_struct());
    if let Some(same) = same {
        return Ok(Ok(same.schema_id()));
    }
    for column in columns {
        for old in metadata.schemas_iter().filter_map(|schema| schema.field_by_id(column.id)) {
            let Type::Primitive(from) = &*old.field_type else { continue };
            if !widens(from, &column.data_type) {
                let id = metadata.last_column_id() + 1;
                let why =
                    format!("{}; give the new column the id {id}", cannot_widen(&from.to_string(), &column.data_type));
                return Err(Error::Evolution { table: table.clone(), column: column.name.clone(), why });
            }
        }
    }
    Ok(Err(wanted))
}

/// Returns why a type cannot become another.
pub(crate) fn cannot_widen(from: &str, to: &PrimitiveType) -> String {
    format!("{from} cannot become {to}: Iceberg widens int to long, float to double and the precision of a decimal")
}

/// Returns whether every engine reads values of one type as the other without loss.
pub fn widens(from: &PrimitiveType, to: &PrimitiveType) -> bool {
    match (from, to) {
        (PrimitiveType::Int, PrimitiveType::Long) | (PrimitiveType::Float, PrimitiveType::Double) => true,
        (
            PrimitiveType::Decimal { precision: from_precision, scale: from_scale },
            PrimitiveType::Decimal { precision, scale },
        ) => from_scale == scale && from_precision <= precision,
        _ => from == to,
    }
}

/// Returns `schema.name-mapping.default` over all schemas of a table, the newest first. Engines need it for files
/// without field ids: otherwise Trino and DuckDB count the rows correctly but read NULL in every column.
pub(crate) fn name_mapping<'s>(schemas: impl Iterator<Item = &'s Schema>) -> String {
    let mut schemas: Vec<_> = schemas.collect();
    schemas.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
    let mut taken = std::collections::HashSet::new();
    let mut names: std::collections::BTreeMap<i32, Vec<String>> = Default::default();
    for field in schemas.iter().flat_map(|schema| schema.as_struct().fields()) {
        // A name that two columns had goes to the later column, because a mapping may have a name only once.
        if taken.insert(field.name.clone()) {
            names.entry(field.id).or_default().push(field.name.clone());
        }
    }
    let fields: Vec<_> = names.iter().map(|(id, names)| serde_json::json!({"field-id": id, "names": names})).collect();
    serde_json::Value::Array(fields).to_string()
}
