//! The order of rows in the files of a table.

use lake_catalog::TableChange;

use crate::sql::quoted;
use crate::sql::statement::piece;

/// Returns the ORDER BY of the rows of new files, or nothing for an unsorted table.
///
/// # Errors
/// Fails if the table's metadata would be invalid.
pub fn order_by(change: &TableChange) -> anyhow::Result<String> {
    let columns = change.sort_columns()?.into_iter().map(|sort| {
        let name = if sort.descending { "own/pieces/descending" } else { "own/pieces/ascending" };
        piece(name, &[("column", &quoted(&sort.column))])
    });
    let columns = columns.collect::<anyhow::Result<Vec<_>>>()?;
    if columns.is_empty() { Ok(String::new()) } else { piece("own/pieces/order", &[("columns", &columns.join(", "))]) }
}
