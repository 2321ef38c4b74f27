//! Checks whether rows are sorted, so that a file declares its sort order only if it is true.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use parquet::file::metadata::SortingColumn;

use crate::contract::{Column, ColumnType, Table};

/// Tracks whether the rows so far are sorted by the table's first key column.
///
/// Readers that trust a file's sorting columns skip rows if the declaration is wrong, so a file declares only an order
/// that was checked.
pub(super) struct Order {
    /// The index of the column; `None` once the order was broken.
    column: Option<usize>,
    /// The column's value in the last row.
    last: Option<Last>,
}

enum Last {
    Number(i64),
    Text(String),
}

impl Order {
    /// Returns a tracker for a table. A table with `ordered: false` or without a key never counts as sorted.
    pub(super) fn of(table: &Table) -> Self {
        let column = table.key.first().filter(|_| table.ordered).and_then(|key| {
            let is_it = |column: &Column| {
                column.name == *key && matches!(column.data_type, ColumnType::Bigint | ColumnType::Varchar)
            };
            table.columns.iter().position(is_it)
        });
        Order { column, last: None }
    }

    /// Returns the sorting columns that a file may declare now.
    pub(super) fn declared(&self) -> Option<Vec<SortingColumn>> {
        let column_idx = i32::try_from(self.column?).ok()?;
        Some(vec![SortingColumn { column_idx, descending: false, nulls_first: false }])
    }

    /// Checks the next rows. Returns `true` if they break an order that was unbroken before.
    pub(super) fn is_broken_by(&mut self, batch: &RecordBatch) -> bool {
        let Some(column) = self.column else { return false };
        match self.follow(batch.column(column)) {
            Some(last) => {
                self.last = Some(last);
                false
            }
            None => {
                self.column = None;
                true
            }
        }
    }

    /// Returns the last value if all values are sorted and follow the previous batch. Returns `None` if they are not,
    /// if a value is NULL, or if there are no rows.
    fn follow(&self, values: &dyn Array) -> Option<Last> {
        if values.is_empty() || values.null_count() > 0 {
            return None;
        }
        if let Some(numbers) = values.as_primitive_opt::<Int64Type>() {
            let numbers = numbers.values();
            let before = match &self.last {
                Some(Last::Number(before)) => *before,
                _ => numbers[0],
            };
            return (before <= numbers[0] && numbers.is_sorted()).then(|| Last::Number(numbers[numbers.len() - 1]));
        }
        let texts = values.as_string_opt::<i32>()?;
        let before = match &self.last {
            Some(Last::Text(before)) => before.as_str(),
            _ => texts.value(0),
        };
        let sorted = before <= texts.value(0) && (1..texts.len()).all(|row| texts.value(row - 1) <= texts.value(row));
        sorted.then(|| Last::Text(texts.value(texts.len() - 1).to_owned()))
    }
}
