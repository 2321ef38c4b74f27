//! Whether every pair of a key and a number of one table is in another, by reading both side by side.

use std::path::PathBuf;

use arrow::array::{Array, AsArray, Int32Array, Int64Array};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use super::{Source, reader};

/// Returns whether each row of `child` has a row of `parent` with the same first key column and with its `number` in
/// `column`. `false` means that one has not, or that the rows are in another order: then a query has to find out. Rows
/// whose number is NULL need none.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn contained(child: Source<'_>, number: &str, parent: Source<'_>, column: &str) -> anyhow::Result<bool> {
    let (Some(key), Some(parent_key)) = (child.table.key.first(), parent.table.key.first()) else { return Ok(false) };
    let (child_files, parent_files) = (child.files(), parent.files());
    let (child_columns, parent_columns) = ([key.as_str(), number], [parent_key.as_str(), column]);
    let mut children = Pairs::new(&child_files, &child_columns);
    let mut parents = Pairs::new(&parent_files, &parent_columns);
    let mut at: Option<(i64, i32)> = None;
    loop {
        let wanted = match children.next()? {
            Next::Pair(key, Some(number)) => (key, number),
            Next::Pair(_, None) => continue,
            Next::End => return Ok(true),
            Next::Unexpected => return Ok(false),
        };
        // A match proves itself in any order of the rows. A pair that was passed by is left to the query.
        while at.is_none_or(|at| at < wanted) {
            match parents.next()? {
                Next::Pair(key, Some(number)) => at = Some((key, number)),
                Next::Pair(_, None) => {}
                Next::End | Next::Unexpected => return Ok(false),
            }
        }
        if at != Some(wanted) {
            return Ok(false);
        }
    }
}

enum Next {
    Pair(i64, Option<i32>),
    End,
    /// A batch whose columns have other types, or NULLs in the key.
    Unexpected,
}

struct Pairs<'p> {
    batches: Box<dyn Iterator<Item = anyhow::Result<RecordBatch>> + 'p>,
    columns: &'p [&'p str; 2],
    batch: Option<(Int64Array, Int32Array)>,
    row: usize,
}

impl<'p> Pairs<'p> {
    fn new(files: &'p [PathBuf], columns: &'p [&'p str; 2]) -> Self {
        Pairs { batches: Box::new(reader::batches(files, Some(columns))), columns, batch: None, row: 0 }
    }

    fn next(&mut self) -> anyhow::Result<Next> {
        loop {
            if let Some((keys, numbers)) = self.batch.as_ref().filter(|(keys, _)| self.row < keys.len()) {
                let number = numbers.is_valid(self.row).then(|| numbers.value(self.row));
                let key = keys.value(self.row);
                self.row += 1;
                return Ok(Next::Pair(key, number));
            }
            let Some(batch) = self.batches.next() else { return Ok(Next::End) };
            let Some(batch) = pairs(&batch?, self.columns) else { return Ok(Next::Unexpected) };
            (self.batch, self.row) = (Some(batch), 0);
        }
    }
}

fn pairs(batch: &RecordBatch, [key, number]: &[&str; 2]) -> Option<(Int64Array, Int32Array)> {
    let keys = batch.column_by_name(key)?.as_primitive_opt::<Int64Type>()?;
    let numbers = batch.column_by_name(number)?.as_primitive_opt::<Int32Type>()?;
    (keys.null_count() == 0).then(|| (keys.clone(), numbers.clone()))
}
