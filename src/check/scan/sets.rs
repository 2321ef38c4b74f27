//! Whether two tables have the same set of texts for each key, by reading both side by side.

use std::path::PathBuf;

use arrow::array::{Array, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use super::{Source, reader};

/// Returns whether both tables have the same texts for each value of their first key column, repeated or not. `false`
/// means that they have not, or that the keys come in another order: then a query has to find out.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn same_sets(one: (Source<'_>, &str), other: (Source<'_>, &str)) -> anyhow::Result<bool> {
    let (Some(key), Some(other_key)) = (one.0.table.key.first(), other.0.table.key.first()) else { return Ok(false) };
    let (files, other_files) = (one.0.files(), other.0.files());
    let (columns, other_columns) = ([key.as_str(), one.1], [other_key.as_str(), other.1]);
    let mut groups = Groups::new(&files, &columns);
    let mut others = Groups::new(&other_files, &other_columns);
    let (mut group, mut other) = (Group::default(), Group::default());
    loop {
        match (groups.read(&mut group)?, others.read(&mut other)?) {
            (Some(true), Some(true)) if group.key == other.key && group.distinct() == other.distinct() => {}
            (Some(false), Some(false)) => return Ok(true),
            _ => return Ok(false),
        }
    }
}

/// The texts of rows that stand together and have the same key.
#[derive(Default)]
struct Group {
    key: i64,
    texts: Vec<String>,
}

impl Group {
    fn distinct(&mut self) -> &[String] {
        self.texts.sort_unstable();
        self.texts.dedup();
        &self.texts
    }
}

struct Groups<'g> {
    batches: Box<dyn Iterator<Item = anyhow::Result<RecordBatch>> + 'g>,
    columns: &'g [&'g str; 2],
    batch: Option<(Int64Array, StringArray)>,
    row: usize,
}

impl<'g> Groups<'g> {
    fn new(files: &'g [PathBuf], columns: &'g [&'g str; 2]) -> Self {
        Groups { batches: Box::new(reader::batches(files, Some(columns))), columns, batch: None, row: 0 }
    }

    /// Reads the next group; `Some(false)` at the end, `None` if a column is not of the expected type or has a NULL.
    fn read(&mut self, group: &mut Group) -> anyhow::Result<Option<bool>> {
        group.texts.clear();
        loop {
            let Some((keys, texts)) = self.batch.as_ref().filter(|(keys, _)| self.row < keys.len()) else {
                let Some(batch) = self.batches.next() else { return Ok(Some(!group.texts.is_empty())) };
                let Some(batch) = keys_and_texts(&batch?, self.columns) else { return Ok(None) };
                (self.batch, self.row) = (Some(batch), 0);
                continue;
            };
            let key = keys.value(self.row);
            if !group.texts.is_empty() && key != group.key {
                return Ok(Some(true));
            }
            group.key = key;
            group.texts.push(texts.value(self.row).to_owned());
            self.row += 1;
        }
    }
}

fn keys_and_texts(batch: &RecordBatch, [key, text]: &[&str; 2]) -> Option<(Int64Array, StringArray)> {
    let keys = batch.column_by_name(key)?.as_primitive_opt::<Int64Type>()?;
    let texts = batch.column_by_name(text)?.as_string_opt::<i32>()?;
    (keys.null_count() == 0 && texts.null_count() == 0).then(|| (keys.clone(), texts.clone()))
}
