use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use parquet::file::metadata::SortingColumn;

use crate::contract::{Column, ColumnType, Table};

/// Whether the rows written so far came in the order of the table's first key column.
///
/// Readers that believe a file's sorting columns leave rows out where they are wrong, so a file declares only what was
/// seen to be true.
pub(super) struct Order {
    /// Where the column stands, while all rows were in order.
    column: Option<usize>,
    last: Option<Last>,
}

enum Last {
    Number(i64),
    Text(String),
}

impl Order {
    /// Of a table that comes in order; one whose rows come in any (`ordered: false`), or that has no key, never is.
    pub(super) fn of(table: &Table) -> Self {
        let column = table.key.first().filter(|_| table.ordered).and_then(|key| {
            let is_it = |column: &Column| {
                column.name == *key && matches!(column.data_type, ColumnType::Bigint | ColumnType::Varchar)
            };
            table.columns.iter().position(is_it)
        });
        Order { column, last: None }
    }

    /// What a file may declare, as things are.
    pub(super) fn declared(&self) -> Option<Vec<SortingColumn>> {
        let column_idx = i32::try_from(self.column?).ok()?;
        Some(vec![SortingColumn { column_idx, descending: false, nulls_first: false }])
    }

    /// Takes the next rows in. Gives whether the order, unbroken before them, is broken by them.
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

    /// The last value, if all are in order behind the one before. Nothing where one is NULL or a batch is empty of rows.
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
