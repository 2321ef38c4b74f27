//! What record readers fill: one builder a column, declared once a table.

use super::ColumnType;

/// What a table's rows are made of, for comparison with the contract.
pub struct TableRows {
    pub table: &'static str,
    pub columns: Vec<(&'static str, ColumnType)>,
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
            $(pub(crate) $column: $crate::table::rows!(@builder $kind),)+
        }

        impl $name {
            pub(crate) fn declaration() -> $crate::table::TableRows {
                $crate::table::TableRows {
                    table: $table,
                    columns: vec![$((
                        stringify!($column).trim_start_matches("r#"),
                        $crate::table::ColumnType::$kind,
                    )),+],
                }
            }

            /// The rows so far, as a batch of the table's schema; the builders are empty afterwards.
            pub(crate) fn finish(
                &mut self,
                schema: &arrow::datatypes::SchemaRef,
            ) -> Result<arrow::record_batch::RecordBatch, arrow::error::ArrowError> {
                let columns = vec![$(arrow::array::ArrayBuilder::finish(&mut self.$column)),+];
                arrow::record_batch::RecordBatch::try_new(schema.clone(), columns)
            }
        }
    )+};
}
pub(crate) use rows;
