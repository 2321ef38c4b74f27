//! The columns of a batch by the types of the definition.

use arrow::array::{Array, AsArray, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use crate::{Column, DataType, Error, Result, Table};

/// The values of a column in a batch.
pub(crate) enum Values<'b> {
    Bigint(&'b Int64Array),
    Integer(&'b Int32Array),
    Text(&'b StringArray),
    Boolean(&'b BooleanArray),
    Numeric(&'b StringArray),
}

impl<'b> Values<'b> {
    /// Returns the columns of a batch.
    ///
    /// # Errors
    /// Fails if a column is missing or has another type than the definition says.
    pub fn of(table: &Table, batch: &'b RecordBatch) -> Result<Vec<Self>> {
        let column = |(index, column): (usize, &Column)| match batch.columns().get(index) {
            Some(array) => Values::column(column, array.as_ref())
                .ok_or_else(|| mismatch(table, column, &array.data_type().to_string())),
            None => Err(mismatch(table, column, "no column")),
        };
        table.columns.iter().enumerate().map(column).collect()
    }

    fn column(column: &Column, array: &'b dyn Array) -> Option<Self> {
        Some(match column.data_type {
            DataType::Bigint => Values::Bigint(array.as_primitive_opt::<Int64Type>()?),
            DataType::Integer => Values::Integer(array.as_primitive_opt::<Int32Type>()?),
            DataType::Text => Values::Text(array.as_string_opt::<i32>()?),
            DataType::Boolean => Values::Boolean(array.as_boolean_opt()?),
            DataType::Numeric => Values::Numeric(array.as_string_opt::<i32>()?),
        })
    }

    /// Returns whether a value is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Values::Bigint(array) => array.is_null(row),
            Values::Integer(array) => array.is_null(row),
            Values::Text(array) | Values::Numeric(array) => array.is_null(row),
            Values::Boolean(array) => array.is_null(row),
        }
    }
}

fn mismatch(table: &Table, column: &Column, found: &str) -> Error {
    let expected = match column.data_type {
        DataType::Bigint => "Int64",
        DataType::Integer => "Int32",
        DataType::Text | DataType::Numeric => "Utf8",
        DataType::Boolean => "Boolean",
    };
    Error::Column { table: table.name.clone(), column: column.name.clone(), expected, found: found.to_owned() }
}
