//! Creates tables, and keeps them only if Trino reads the rows that were written.

use super::definition::Definition;
use super::schema::Schema;
use super::verify::{ExpectedTable, verify_as};

/// Creates a table and compares the rows that Trino reads with those that were written. Drops the table if they differ.
///
/// # Errors
/// Fails if Trino refuses the table, or reads other rows than were written.
pub(super) fn create_verified(
    schema: &Schema,
    wanted: &Definition,
    written: Option<&ExpectedTable<'_>>,
) -> anyhow::Result<()> {
    schema.create(wanted)?;
    let Some(written) = written else { return Ok(()) };
    verify_as(schema, &[(&wanted.name, written)]).inspect_err(|_| {
        // The difference is the error to report. If the drop fails too, the next registration finds the table.
        let _ = schema.drop_table(&wanted.name);
    })
}
