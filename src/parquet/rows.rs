//! What record readers fill: one builder a column, declared once a table.

use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::ArrowPrimitiveType;

use crate::contract::{ColumnType, Contract};

/// What a table's rows are made of, for comparison with the contract.
pub struct TableRows {
    pub table: &'static str,
    pub columns: Vec<(&'static str, ColumnType)>,
}

impl TableRows {
    /// Compares what a record reader fills with the contract: columns, types and order must be equal.
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

/// A builder of a column, filled block after block.
pub(crate) trait ColumnBuilder {
    /// What was built. There is room for a little more than that afterwards: blocks are much alike, and a builder that
    /// grows by doubling copies all it holds once over.
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

/// Declares the builders of a table's columns, in the order of the contract:
///
/// ```text
/// rows! { ReleaseGenres "release_genres_v1" { release_id: Bigint, position: Integer, genre: Varchar } }
/// ```
///
/// A reader appends to every column once a row; `finish` makes a batch of them.
macro_rules! rows {
    (@builder Bigint) => { arrow::array::Int64Builder };
    (@builder Integer) => { arrow::array::Int32Builder };
    (@builder Varchar) => { arrow::array::StringBuilder };
    (@builder Boolean) => { arrow::array::BooleanBuilder };

    ($($name:ident $table:literal { $($column:ident : $kind:ident),+ $(,)? })+) => {$(
        #[derive(Default)]
        pub(crate) struct $name {
            $(pub(crate) $column: $crate::parquet::rows!(@builder $kind),)+
        }

        impl $name {
            pub(crate) fn declaration() -> $crate::parquet::TableRows {
                $crate::parquet::TableRows {
                    table: $table,
                    columns: vec![$((
                        stringify!($column).trim_start_matches("r#"),
                        $crate::contract::ColumnType::$kind,
                    )),+],
                }
            }

            /// The rows so far, as a batch of the table's schema; the builders are empty afterwards.
            pub(crate) fn finish(
                &mut self,
                schema: &arrow::datatypes::SchemaRef,
            ) -> Result<arrow::record_batch::RecordBatch, arrow::error::ArrowError> {
                let columns = vec![$($crate::parquet::ColumnBuilder::take(&mut self.$column)),+];
                arrow::record_batch::RecordBatch::try_new(schema.clone(), columns)
            }
        }
    )+};
}
pub(crate) use rows;
