//! Converts the columns of the contract to the schemas of Arrow, Parquet and `_dataset.json`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::contract::{Column, ColumnType, Table};
use crate::lake::ColumnDescription;

/// Returns the table's columns as an Arrow schema. Every column is nullable; checks verify that NULLs are absent.
pub fn arrow_schema(table: &Table) -> SchemaRef {
    let fields = table.columns.iter().map(|column| Field::new(&column.name, column.data_type.arrow(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns [`arrow_schema`] with the contract's field ids, which the Parquet writer puts into the footer: Iceberg
/// readers find a column by its id, under any name.
pub(super) fn file_schema(table: &Table) -> SchemaRef {
    let fields = table.columns.iter().map(|column| {
        let field = Field::new(&column.name, column.data_type.arrow(), true);
        match column.id {
            Some(id) => field.with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into()),
            None => field,
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the table's columns for `_dataset.json`.
pub fn column_descriptions(table: &Table) -> Vec<ColumnDescription> {
    let describe =
        |column: &Column| ColumnDescription { name: column.name.clone(), data_type: column.data_type.to_string() };
    table.columns.iter().map(describe).collect()
}

impl ColumnType {
    /// Returns the Arrow type.
    pub(super) fn arrow(self) -> DataType {
        match self {
            ColumnType::Bigint => DataType::Int64,
            ColumnType::Integer => DataType::Int32,
            ColumnType::Varchar => DataType::Utf8,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}
