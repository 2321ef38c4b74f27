//! The rows of a table as hashes of their texts.

use std::path::PathBuf;

use arrow::array::{Array, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use super::super::normal::{artist_name, push_lower};
use super::super::row_sum::{RowSum, hash};
use super::super::{Source, reader};

/// A row of a table: its record, the hash of its texts (`None` for a NULL), and the id beside them.
pub struct Row {
    pub record: i64,
    pub texts: Option<u64>,
    pub id: Option<i64>,
}

/// The hash of each row of a batch of texts, `None` for a row without a name.
pub type Hashes = Option<Vec<Option<u64>>>;

/// Returns the rows of a table; an item is `None` if a column has another type.
pub fn rows<'f>(
    files: &'f [PathBuf],
    columns: &'f [&'f str],
    hashes: impl Fn(&RecordBatch) -> Hashes + 'f,
    record: &'f str,
    id: Option<&'f str>,
) -> impl Iterator<Item = anyhow::Result<Option<Row>>> + 'f {
    let read = move |batch: &RecordBatch| -> Option<Vec<Row>> {
        let records = integers(batch, record).filter(|records| records.null_count() == 0)?;
        let ids = match id {
            Some(id) => Some(integers(batch, id)?),
            None => None,
        };
        let id = |row: usize| ids.filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row));
        let texts = hashes(batch)?.into_iter().zip(records.values());
        Some(texts.enumerate().map(|(row, (texts, record))| Row { record: *record, texts, id: id(row) }).collect())
    };
    reader::batches(files, Some(columns)).flat_map(move |batch| match batch.map(|batch| read(&batch)) {
        Ok(Some(rows)) => rows.into_iter().map(|row| Ok(Some(row))).collect(),
        Ok(None) => vec![Ok(None)],
        Err(error) => vec![Err(error)],
    })
}

/// Sums the rows of a table of the warehouse; `None` if one has no name.
pub fn sum_of(
    table: Source<'_>,
    columns: &[&str],
    hashes: impl Fn(&RecordBatch) -> Hashes,
    record: &str,
    id: Option<&str>,
) -> anyhow::Result<Option<RowSum>> {
    let (files, mut sum) = (table.files(), RowSum::default());
    for row in rows(&files, columns, hashes, record, id) {
        let Some(row) = row? else { return Ok(None) };
        let Some(texts) = row.texts else { return Ok(None) };
        sum.add((row.record, texts, row.id), 1);
    }
    Ok(Some(sum))
}

/// Returns the hash of what `normal` makes of each text of a column; `None` for NULL and if nothing is left.
pub fn texts(batch: &RecordBatch, column: &str, normal: fn(&str, &mut [String; 2]) -> Option<u64>) -> Hashes {
    let mut scratch = [String::new(), String::new()];
    let texts = strings(batch, column)?;
    Some(texts.iter().map(|text| normal(text?, &mut scratch)).collect())
}

/// Returns the hash of two columns for each row; `None` if the first is NULL.
pub fn pairs(batch: &RecordBatch, first: &str, second: &str) -> Hashes {
    let (first, second) = (strings(batch, first)?, strings(batch, second)?);
    Some(first.iter().zip(second).map(|(first, second)| Some(hash((first?, second)))).collect())
}

pub fn as_it_is(text: &str, _: &mut [String; 2]) -> Option<u64> {
    Some(hash(text))
}

pub fn in_lower_case(text: &str, scratch: &mut [String; 2]) -> Option<u64> {
    in_lower_case_untrimmed(text.trim_matches(' '), scratch)
}

pub fn in_lower_case_untrimmed(text: &str, scratch: &mut [String; 2]) -> Option<u64> {
    scratch[0].clear();
    push_lower(text, &mut scratch[0]);
    Some(hash(scratch[0].as_str()))
}

pub fn as_artist_name(text: &str, [scratch, name]: &mut [String; 2]) -> Option<u64> {
    artist_name(text, scratch, name);
    (!name.is_empty()).then(|| hash(name.as_str()))
}

pub fn integers<'b>(batch: &'b RecordBatch, column: &str) -> Option<&'b Int64Array> {
    batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()
}

pub fn strings<'b>(batch: &'b RecordBatch, column: &str) -> Option<&'b StringArray> {
    batch.column_by_name(column)?.as_string_opt::<i32>()
}
