//! Whether the key of a table is unique and its positions count from 1, by comparing each row with the row before.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use super::references::IdSet;
use crate::contract::Table;

/// The order of the rows seen so far.
///
/// Keys are unique if each row either begins with a value that no row had before, or repeats the first value of the row
/// before and is larger in the rest. The first values need not ascend: the dump of masters is in another order.
pub struct KeyOrder {
    /// The columns of the key; without a key, the first column of the table, for [`KeyOrder::distinct`].
    columns: Vec<String>,
    has_key: bool,
    seen: IdSet,
    /// Distinct first values if they are texts in ascending order.
    texts: u64,
    first_known: bool,
    unique: bool,
    consecutive: bool,
    last: Option<Vec<ArrayRef>>,
}

impl KeyOrder {
    /// Returns the tracker of a table's key.
    pub fn of(table: &Table) -> Self {
        let has_key = !table.key.is_empty();
        let first = table.columns.first().map(|column| column.name.clone());
        KeyOrder {
            columns: if has_key { table.key.clone() } else { first.into_iter().collect() },
            has_key,
            seen: IdSet::default(),
            texts: 0,
            first_known: true,
            unique: has_key,
            consecutive: table.key.len() > 1,
            last: None,
        }
    }

    /// Whether no two rows have the same key, as far as the order of the rows proves it.
    pub fn is_unique(&self) -> bool {
        self.has_key && self.unique
    }

    /// Whether the last column of the key counts from 1 without gaps, as far as the order of the rows proves it.
    pub fn is_consecutive(&self) -> bool {
        self.is_unique() && self.consecutive
    }

    /// Returns the number of distinct values of the first column, if it is known.
    pub fn distinct(&self) -> Option<u64> {
        self.first_known.then(|| self.seen.len() + self.texts)
    }

    /// Compares each row of a batch with the row before it.
    pub fn add(&mut self, batch: &RecordBatch) {
        let columns: Option<Vec<ArrayRef>> =
            self.columns.iter().map(|name| batch.column_by_name(name).cloned()).collect();
        let Some(columns) = columns.filter(|columns| !columns.is_empty()) else {
            (self.unique, self.consecutive, self.first_known) = (false, false, false);
            return;
        };
        if batch.num_rows() == 0 {
            return;
        }
        let before = self.last.take();
        for row in 0..batch.num_rows() {
            match (row, &before) {
                (0, None) => self.compare(None, &columns, row),
                (0, Some(before)) => self.compare(Some((before, 0)), &columns, row),
                _ => self.compare(Some((&columns, row - 1)), &columns, row),
            }
        }
        self.last = Some(columns.iter().map(|column| column.slice(batch.num_rows() - 1, 1)).collect());
    }

    fn compare(&mut self, before: Option<(&[ArrayRef], usize)>, columns: &[ArrayRef], row: usize) {
        let first = before.map(|(before, at)| compare(&before[0], at, &columns[0], row));
        if first != Some(Some(Ordering::Equal)) {
            self.begin(first.flatten(), &columns[0], row);
            self.consecutive &= position(columns, row) == Some(1);
            return;
        }
        let Some((before, at)) = before else { return };
        let mut order = Ordering::Equal;
        let mut differs_at = columns.len();
        for index in 1..columns.len() {
            order = compare_nulls_last(&before[index], at, &columns[index], row);
            if order != Ordering::Equal {
                differs_at = index;
                break;
            }
        }
        self.unique &= order == Ordering::Less;
        if self.consecutive {
            let expected = match differs_at + 1 == columns.len() {
                true => position(before, at).and_then(|position| position.checked_add(1)),
                false => Some(1),
            };
            self.consecutive = expected.is_some() && position(columns, row) == expected;
        }
    }

    /// A row begins with another value than the row before.
    fn begin(&mut self, order: Option<Ordering>, column: &ArrayRef, row: usize) {
        if column.is_null(row) {
            (self.unique, self.first_known) = (false, false);
        } else if let Some(ids) = column.as_primitive_opt::<Int64Type>() {
            match self.seen.insert(ids.value(row)) {
                Some(new) => self.unique &= new,
                None => (self.unique, self.first_known) = (false, false),
            }
        } else {
            self.texts += 1;
            if self.texts > 1 && order != Some(Ordering::Less) {
                (self.unique, self.first_known) = (false, false);
            }
        }
    }
}

/// The value of the last column, which counts.
fn position(columns: &[ArrayRef], row: usize) -> Option<i32> {
    let column = columns.last()?.as_primitive_opt::<Int32Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

/// Compares two values; `None` if one is NULL or the types are unknown.
fn compare(left: &ArrayRef, at: usize, right: &ArrayRef, row: usize) -> Option<Ordering> {
    if left.is_null(at) || right.is_null(row) {
        return None;
    }
    if let (Some(left), Some(right)) = (left.as_primitive_opt::<Int64Type>(), right.as_primitive_opt::<Int64Type>()) {
        return Some(left.value(at).cmp(&right.value(row)));
    }
    if let (Some(left), Some(right)) = (left.as_primitive_opt::<Int32Type>(), right.as_primitive_opt::<Int32Type>()) {
        return Some(left.value(at).cmp(&right.value(row)));
    }
    let (left, right) = (left.as_string_opt::<i32>()?, right.as_string_opt::<i32>()?);
    Some(left.value(at).as_bytes().cmp(right.value(row).as_bytes()))
}

/// Compares two values with NULL as the largest, as build-warehouse sorts them. Unknown types compare as greater, which
/// proves nothing.
fn compare_nulls_last(left: &ArrayRef, at: usize, right: &ArrayRef, row: usize) -> Ordering {
    match (left.is_null(at), right.is_null(row)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare(left, at, right, row).unwrap_or(Ordering::Greater),
    }
}
