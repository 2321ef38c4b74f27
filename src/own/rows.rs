//! Writes the new rows of a table as files in a scratch folder.

use std::path::Path;

use lake_catalog::{DataWriter, TableChange, WrittenFile};

use super::merge::Merge;
use crate::sql::DuckDb;
use digdag_task::Failure;

/// Writes the rows of a merge. Columns in `keys` get Bloom filters.
///
/// # Errors
/// Fails if a value of the table does not fit a declared type, or if a file cannot be written.
pub fn write(
    engine: &DuckDb,
    merge: &Merge,
    change: &TableChange,
    keys: &[String],
    folder: &Path,
) -> anyhow::Result<Vec<WrittenFile>> {
    let Some((sql, origin)) = &merge.select else { return Ok(Vec::new()) };
    let mut writer = DataWriter::new(change, folder, keys)?;
    let mut batches = engine.select(sql, origin).map_err(of_value)?;
    while let Some(batch) = batches.next_batch().map_err(of_value)? {
        writer.write(&batch)?;
    }
    Ok(writer.finish()?)
}

/// Classifies a failed conversion of a stored value as an error of the input.
fn of_value(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    let Some(message) = text.split("Conversion Error: ").nth(1) else { return error };
    let message = message.lines().next().unwrap_or_default();
    Failure::input(format!("a value of the table does not fit a declared type: {message}"))
        .hint("declare a type that holds the table's values, or varchar")
        .into()
}
