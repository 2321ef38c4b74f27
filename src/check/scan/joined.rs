//! Whether a text is its rows joined, by reading the texts and the rows side by side.

use std::path::Path;

use arrow::array::{Array, AsArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use super::{Source, reader};
use crate::sql::{DuckDb, EngineParameters, SqlFile};
use crate::tables::mount_table;
use digdag_task::ByteSize;

/// DuckDB's memory for a query that makes pieces of rows as they come.
const QUERY_MEMORY: u64 = 128 << 20;

/// A text and the rows that it is made of.
pub struct Joined<'j> {
    /// The table with the text.
    pub table: Source<'j>,
    /// The column with the text.
    pub column: &'j str,
    /// The table with the rows that make up the text.
    pub from: Source<'j>,
    /// The text between two pieces.
    pub separator: &'j str,
}

impl Joined<'_> {
    /// Returns whether the text of every row is the column of its rows in `from`, joined in the order of the files.
    /// `false` means that it is not, or that the rows are not in the order of the texts: then a query has to find out.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub fn agrees_with_column(&self, part: &str) -> anyhow::Result<bool> {
        let [key] = self.table.table.key.as_slice() else { return Ok(false) };
        let order: Vec<&str> = self.from.table.key.iter().filter(|name| *name != key).map(String::as_str).collect();
        let mut columns = vec![key.as_str(), part];
        columns.extend(&order);
        let files = self.from.files();
        let batches = reader::batches(&files, Some(&columns));
        self.agrees(key, Pieces::new(Box::new(batches), key, part, &order))
    }

    /// Like [`Joined::agrees_with_column`], with the pieces that a query makes of the rows: the key, `position` and
    /// `piece`.
    ///
    /// # Errors
    /// Fails if a file cannot be read or the query cannot be run.
    pub fn agrees_with_query(&self, query: &SqlFile, spill: &Path) -> anyhow::Result<bool> {
        let [key] = self.table.table.key.as_slice() else { return Ok(false) };
        // One thread reads the rows in the order of the file.
        let parameters = EngineParameters::new(ByteSize(QUERY_MEMORY), Some(1));
        let engine = DuckDb::open(&parameters, spill)?;
        mount_table(&engine, self.from.table, self.from.run, self.from.dataset)?;
        let mut batches = engine.select(&query.text, &query.path)?;
        let batches = std::iter::from_fn(move || batches.next_batch().transpose());
        self.agrees(key, Pieces::new(Box::new(batches), key, "piece", &["position"]))
    }

    fn agrees(&self, key: &str, mut pieces: Pieces<'_>) -> anyhow::Result<bool> {
        let mut expected = String::new();
        let (files, columns) = (self.table.files(), [key, self.column]);
        for batch in reader::batches(&files, Some(&columns)) {
            let batch = batch?;
            let Some((keys, texts)) = keys_and_texts(&batch, key, self.column) else { return Ok(false) };
            for (row, key) in keys.values().iter().enumerate() {
                expected.clear();
                let Some(count) = pieces.join(*key, self.separator, &mut expected)? else { return Ok(false) };
                let agrees = match texts.is_null(row) {
                    true => count == 0,
                    false => count > 0 && texts.value(row) == expected,
                };
                if !agrees {
                    return Ok(false);
                }
            }
        }
        pieces.is_at_end()
    }
}

fn keys_and_texts<'b>(batch: &'b RecordBatch, key: &str, text: &str) -> Option<(&'b Int64Array, &'b StringArray)> {
    let keys = batch.column_by_name(key)?.as_primitive_opt::<Int64Type>()?;
    let texts = batch.column_by_name(text)?.as_string_opt::<i32>()?;
    (keys.null_count() == 0).then_some((keys, texts))
}

/// Columns that give the rows of a text their order: format_position and position at the most.
const MAX_ORDER_COLUMNS: usize = 2;

/// The rows that texts are made of, read one after the other.
struct Pieces<'p> {
    batches: Box<dyn Iterator<Item = anyhow::Result<RecordBatch>> + 'p>,
    key: &'p str,
    column: &'p str,
    order: &'p [&'p str],
    batch: Option<Batch>,
    row: usize,
}

struct Batch {
    keys: Int64Array,
    pieces: StringArray,
    order: Vec<Int32Array>,
}

enum Next {
    Row,
    End,
    /// A batch whose columns have other types, or NULLs in the key.
    Unexpected,
}

impl<'p> Pieces<'p> {
    fn new(
        batches: Box<dyn Iterator<Item = anyhow::Result<RecordBatch>> + 'p>,
        key: &'p str,
        column: &'p str,
        order: &'p [&'p str],
    ) -> Self {
        Pieces { batches, key, column, order, batch: None, row: 0 }
    }

    /// Appends the pieces of a key to `text` and returns how many they are; `None` if the rows of the key are not of the
    /// expected types or not in ascending order.
    fn join(&mut self, key: i64, separator: &str, text: &mut String) -> anyhow::Result<Option<usize>> {
        let mut count = 0;
        let mut last = None;
        loop {
            match self.next()? {
                Next::Row => {}
                Next::End => return Ok(Some(count)),
                Next::Unexpected => return Ok(None),
            }
            let Some(batch) = self.batch.as_ref().filter(|batch| batch.keys.value(self.row) == key) else {
                return Ok(Some(count));
            };
            let mut position = [0; MAX_ORDER_COLUMNS];
            for (place, column) in position.iter_mut().zip(&batch.order) {
                *place = column.value(self.row);
            }
            if !batch.order.is_empty() && last.is_some_and(|last| last >= position) {
                return Ok(None);
            }
            if batch.pieces.is_valid(self.row) {
                if count > 0 {
                    text.push_str(separator);
                }
                text.push_str(batch.pieces.value(self.row));
                count += 1;
            }
            last = Some(position);
            self.row += 1;
        }
    }

    /// Whether every row was part of a text.
    fn is_at_end(&mut self) -> anyhow::Result<bool> {
        Ok(matches!(self.next()?, Next::End))
    }

    /// Reads on until there is a row that was not joined yet.
    fn next(&mut self) -> anyhow::Result<Next> {
        while self.batch.as_ref().is_none_or(|batch| self.row >= batch.keys.len()) {
            let Some(batch) = self.batches.next() else { return Ok(Next::End) };
            let Some(batch) = Batch::of(&batch?, self.key, self.column, self.order) else {
                return Ok(Next::Unexpected);
            };
            (self.batch, self.row) = (Some(batch), 0);
        }
        Ok(Next::Row)
    }
}

impl Batch {
    fn of(batch: &RecordBatch, key: &str, column: &str, order: &[&str]) -> Option<Self> {
        let (keys, pieces) = keys_and_texts(batch, key, column)?;
        let order = order.iter().map(|name| batch.column_by_name(name)?.as_primitive_opt::<Int32Type>());
        let order: Vec<_> =
            order.map(|column| column.filter(|column| column.null_count() == 0).cloned()).collect::<Option<_>>()?;
        (order.len() <= MAX_ORDER_COLUMNS).then(|| Batch { keys: keys.clone(), pieces: pieces.clone(), order })
    }
}
