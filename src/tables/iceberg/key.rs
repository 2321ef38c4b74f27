//! The key of a table. A property has the names of its columns, and an engine that renames a column leaves the property as
//! it was, so names are resolved through the field ids of all schemas.

use lake_catalog::{Schema, Table};

use super::KEY;

/// Returns the key's columns under the names that they have in a schema of the table; none for a table without a key. A
/// column that the schema lacks is returned under the name in the property.
pub fn key_in(table: &Table, schema: &Schema) -> Vec<String> {
    let Some(names) = table.metadata().properties().get(KEY).filter(|names| !names.is_empty()) else {
        return Vec::new();
    };
    let mut schemas: Vec<&Schema> = table.metadata().schemas_iter().map(|schema| &**schema).collect();
    schemas.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
    let current = table.metadata().current_schema();
    let in_schema = |name: &str| {
        let known = std::iter::once(&**current).chain(schemas.iter().copied());
        let mut ids = known.filter_map(|schema| schema.field_by_name(name)).map(|field| field.id);
        let id = ids.find(|id| current.field_by_id(*id).is_some());
        let field = id.and_then(|id| schema.field_by_id(id)).or_else(|| schema.field_by_name(name));
        field.map_or_else(|| name.to_owned(), |field| field.name.clone())
    };
    names.split(',').map(in_schema).collect()
}
