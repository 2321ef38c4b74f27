//! The files of a table that may hold a key of the input: by the bounds of their keys, then by their Bloom filters.

use std::path::Path;

use lake_catalog::{BloomFilters, DataFile, KeyBounds, PrimitiveType, key_bounds};

use super::columns::TableColumn;
use super::scan::path;
use crate::sql::statement::{number, piece};
use crate::sql::{DuckDb, SqlFile, quoted, text_literal, texts};

/// Returns the files that may hold a key of `work.keys`.
///
/// # Errors
/// Fails with DuckDB's error, or if a file cannot be read.
pub fn candidates<'f>(
    engine: &DuckDb,
    files: &'f [DataFile],
    key: &[&TableColumn],
) -> anyhow::Result<Vec<&'f DataFile>> {
    let mut found = Vec::new();
    for file in files {
        if let Some(within) = within(file, key)? {
            if number(engine, "own/any_key_within", &[("within", &within)])? == 0 {
                continue;
            }
            if !may_hold(engine, file, key, &within)? {
                continue;
            }
        }
        found.push(file);
    }
    Ok(found)
}

/// Returns the condition that a key lies within the bounds of a file, or `None` if no column of the key has bounds.
fn within(file: &DataFile, key: &[&TableColumn]) -> anyhow::Result<Option<String>> {
    let mut conditions = Vec::new();
    for column in key {
        let Some((id, _)) = &column.stored else { continue };
        let (low, high) = match key_bounds(file, *id) {
            Some(KeyBounds::Numbers(low, high)) => (low.to_string(), high.to_string()),
            Some(KeyBounds::Texts(low, high)) => (low, high),
            None => continue,
        };
        let places = [
            ("column", quoted(&column.name)),
            ("low", text_literal(&low)),
            ("high", text_literal(&high)),
            ("type", column.sql_type()),
        ];
        conditions
            .push(piece("own/pieces/between", &places.each_ref().map(|(place, value)| (*place, value.as_str())))?);
    }
    Ok((!conditions.is_empty()).then(|| conditions.join(" AND ")))
}

/// Returns whether the Bloom filters of a file's first key column let a key of the input through. It ends at the first.
fn may_hold(engine: &DuckDb, file: &DataFile, key: &[&TableColumn], within: &str) -> anyhow::Result<bool> {
    let Some((column, (id, stored))) = key.first().and_then(|column| Some((column, column.stored.as_ref()?))) else {
        return Ok(true);
    };
    let is_number = match (stored, &column.data_type) {
        (PrimitiveType::Int | PrimitiveType::Long, PrimitiveType::Int | PrimitiveType::Long) => true,
        (PrimitiveType::String, PrimitiveType::String) => false,
        _ => return Ok(true),
    };
    let Some(filters) = BloomFilters::read(Path::new(&path(file)), *id)? else { return Ok(true) };
    let statement = SqlFile::load("own/keys_within")?;
    let sql = statement.with(&[("column", &quoted(&column.name)), ("within", within)]);
    let mut batches = engine.select(&sql, &statement.path)?;
    while let Some(batch) = batches.next_batch()? {
        for value in texts(&batch)?.into_iter().flatten().flatten() {
            let may_hold = match (is_number, value.parse()) {
                (true, Ok(number)) => filters.may_hold_number(number),
                (true, Err(_)) => true,
                (false, _) => filters.may_hold_text(&value),
            };
            if may_hold {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
