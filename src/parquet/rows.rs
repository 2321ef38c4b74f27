//! Declares the tables that record readers fill, with one builder per column.

use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::{ArrowPrimitiveType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::contract::{ColumnType, Contract};

/// The declared columns of a table, for comparison with the contract.
pub struct TableRows {
    /// The name of the table.
    pub table: &'static str,
    /// The names and types of its columns, in order.
    pub columns: Vec<(&'static str, ColumnType)>,
}

impl TableRows {
    /// Compares the declaration with the contract: columns, types and order must be equal.
    ///
    /// # Errors
    /// Returns an error if they differ, or the contract has no such table.
    pub fn check(&self, contract: &Contract) -> anyhow::Result<()> {
        let table = contract.table(self.table)?;
        let declared: Vec<_> = table.columns.iter().map(|column| (column.name.as_str(), column.data_type)).collect();
        anyhow::ensure!(declared == self.columns, "the rows of {} are not those of the contract", self.table);
        Ok(())
    }
}

/// A builder of a column, which is reused for each block.
pub(crate) trait ColumnBuilder {
    /// Returns the values so far and empties the builder. Reserves room for slightly more values: blocks are similar in
    /// size, and a builder that grows by doubling copies all of its values.
    fn take(&mut self) -> ArrayRef;
}

fn room_after(length: usize) -> usize {
    length + length / 8
}

impl<T: ArrowPrimitiveType> ColumnBuilder for PrimitiveBuilder<T> {
    fn take(&mut self) -> ArrayRef {
        let room = room_after(self.len());
        let array = self.finish();
        *self = PrimitiveBuilder::with_capacity(room);
        Arc::new(array)
    }
}

impl ColumnBuilder for BooleanBuilder {
    fn take(&mut self) -> ArrayRef {
        let room = room_after(self.len());
        let array = self.finish();
        *self = BooleanBuilder::with_capacity(room);
        Arc::new(array)
    }
}

impl ColumnBuilder for StringBuilder {
    fn take(&mut self) -> ArrayRef {
        let (room, bytes) = (room_after(self.len()), room_after(self.values_slice().len()));
        let array = self.finish();
        *self = StringBuilder::with_capacity(room, bytes);
        Arc::new(array)
    }
}

/// Returns a batch with the next schema; the schemas are in the order of the declarations.
///
/// # Errors
/// Returns an error if no schema is left or the columns do not fit it.
pub(crate) fn finish_next<'s>(
    schemas: &mut impl Iterator<Item = &'s SchemaRef>,
    columns: Vec<ArrayRef>,
) -> Result<RecordBatch, ArrowError> {
    let missing = || ArrowError::SchemaError("a table has no schema".to_owned());
    RecordBatch::try_new(schemas.next().ok_or_else(missing)?.clone(), columns)
}

/// Declares the tables that the records of one entity fill, with their columns in the order of the contract:
///
/// ```text
/// tables! {
///     MasterTables {
///         genres: GenreRows, GenreRow, "master_genres_v1" { master_id: Id, position: Position, genre: Text }
///     }
/// }
/// ```
///
/// A reader adds a row with `tables.genres.push(GenreRow { master_id, position, genre })`, which does not compile if a
/// column is missing. `finish` returns one batch per table, with the columns in the order of this declaration.
///
/// `Id`, `Position` and `Text` are columns without NULLs.
macro_rules! tables {
    (@builder Id) => { arrow::array::Int64Builder };
    (@builder Bigint) => { arrow::array::Int64Builder };
    (@builder Position) => { arrow::array::Int32Builder };
    (@builder Integer) => { arrow::array::Int32Builder };
    (@builder Text) => { arrow::array::StringBuilder };
    (@builder Varchar) => { arrow::array::StringBuilder };
    (@builder Boolean) => { arrow::array::BooleanBuilder };

    (@value $life:lifetime Id) => { i64 };
    (@value $life:lifetime Bigint) => { Option<i64> };
    (@value $life:lifetime Position) => { i32 };
    (@value $life:lifetime Integer) => { Option<i32> };
    (@value $life:lifetime Text) => { &$life str };
    (@value $life:lifetime Varchar) => { Option<&$life str> };
    (@value $life:lifetime Boolean) => { Option<bool> };

    (@type Id) => { $crate::contract::ColumnType::Bigint };
    (@type Bigint) => { $crate::contract::ColumnType::Bigint };
    (@type Position) => { $crate::contract::ColumnType::Integer };
    (@type Integer) => { $crate::contract::ColumnType::Integer };
    (@type Text) => { $crate::contract::ColumnType::Varchar };
    (@type Varchar) => { $crate::contract::ColumnType::Varchar };
    (@type Boolean) => { $crate::contract::ColumnType::Boolean };

    (@append Id $builder:expr, $value:expr) => { $builder.append_value($value) };
    (@append Position $builder:expr, $value:expr) => { $builder.append_value($value) };
    (@append Text $builder:expr, $value:expr) => { $builder.append_value($value) };
    (@append $kind:ident $builder:expr, $value:expr) => { $builder.append_option($value) };

    ($tables:ident {
        $($field:ident : $rows:ident, $row:ident, $table:literal { $($column:ident : $kind:ident),+ $(,)? })+
    }) => {
        $(
            /// A row of the table.
            pub(crate) struct $row<'r> {
                $(pub(crate) $column: $crate::parquet::tables!(@value 'r $kind),)+
            }

            /// The rows of the table so far.
            #[derive(Default)]
            pub(crate) struct $rows {
                $($column: $crate::parquet::tables!(@builder $kind),)+
            }

            impl $rows {
                /// Appends a row.
                #[inline]
                pub(crate) fn push(&mut self, row: $row<'_>) {
                    $($crate::parquet::tables!(@append $kind self.$column, row.$column);)+
                }
            }
        )+

        /// The tables that the records of the entity fill.
        #[derive(Default)]
        pub(crate) struct $tables {
            $(pub(crate) $field: $rows,)+
        }

        impl $tables {
            /// Returns the columns of each table, for comparison with the contract.
            pub(crate) fn declarations() -> Vec<$crate::parquet::TableRows> {
                vec![$($crate::parquet::TableRows {
                    table: $table,
                    columns: vec![$((
                        stringify!($column).trim_start_matches("r#"),
                        $crate::parquet::tables!(@type $kind),
                    )),+],
                }),+]
            }

            /// Returns the rows so far as one batch per table, in the order of the declarations, and clears them.
            ///
            /// # Errors
            /// Returns an error if the rows do not fit the schemas.
            pub(crate) fn finish(
                &mut self,
                schemas: &[arrow::datatypes::SchemaRef],
            ) -> Result<Vec<arrow::record_batch::RecordBatch>, arrow::error::ArrowError> {
                let mut schemas = schemas.iter();
                Ok(vec![$({
                    let columns = vec![$($crate::parquet::ColumnBuilder::take(&mut self.$field.$column)),+];
                    $crate::parquet::finish_next(&mut schemas, columns)?
                }),+])
            }
        }
    };
}
pub(crate) use tables;
