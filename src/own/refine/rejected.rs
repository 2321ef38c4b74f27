//! The rows that columns reject: a table beside the refined one, with the row, the column and the reason.

use lake_catalog::{PrimitiveType, TableName};

use super::declaration::Declaration;
use super::layout::lineage;
use super::steps::{Steps, reason_of};
use super::validate::REJECTED;
use crate::own::append::{POSITION, SOURCE_SHA256};
use crate::own::declared::Declared;
use crate::own::request::{Mode, Request};
use crate::sql::statement::{piece, rows, run};
use crate::sql::{DuckDb, quoted, text_literal};

/// A reason for which a column rejects rows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// The column.
    pub column: String,
    /// The reason.
    pub reason: String,
    /// The number of rows.
    pub rows: u64,
}

/// Returns the name of the table with the rejected rows of a table.
pub fn table(target: &TableName) -> TableName {
    TableName::new(&target.namespace, &format!("{}{REJECTED}", target.name))
}

/// Returns the columns of the table.
pub fn columns() -> Vec<(String, PrimitiveType)> {
    let own = ["column_name", "reason", "value", "source_row"].map(|name| (name.to_owned(), PrimitiveType::String));
    own.into_iter().chain(lineage()).collect()
}

/// Returns how rows are merged into the table: a row is identified by its file, its position there, and the column.
pub fn request(target: &TableName, mode: Mode) -> Request {
    Request {
        table: table(target),
        mode,
        key: key(),
        declared: Declared::default(),
        partial: true,
        order_by: Vec::new(),
        rewrite: false,
        dry_run: false,
        partition: Vec::new(),
        sort: Vec::new(),
        winner: None,
    }
}

/// Returns the key of the table.
pub fn key() -> Vec<String> {
    [SOURCE_SHA256, POSITION, "column_name"].map(str::to_owned).to_vec()
}

/// Stores the rejected values of `work.failed` as `work.rejected`, and returns the reasons, the most frequent first.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn store(steps: &Steps<'_>) -> anyhow::Result<Vec<Reason>> {
    let Steps { engine, declaration, source } = *steps;
    let members = source.iter().map(|column| {
        piece("refine/pieces/member", &[("label", &text_literal(&column.source)), ("column", &quoted(&column.name))])
    });
    let row = members.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
    let lineage: Vec<_> = lineage().map(|(name, _)| quoted(&name)).collect();
    let parts = declaration.columns.iter().map(|column| {
        let places = [
            ("name", text_literal(&column.name)),
            ("reason", reason_of(column)),
            ("value", steps.text(column)?),
            ("row", row.clone()),
            ("lineage", lineage.join(", ")),
        ];
        piece("refine/pieces/rejected", &places.each_ref().map(|(place, value)| (*place, value.as_str())))
    });
    let parts = parts.collect::<anyhow::Result<Vec<_>>>()?.join("\nUNION ALL\n");
    run(engine, "refine/rejected", &[("rejected", &parts)])?;
    let reason = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter().flatten();
        Some(Reason { column: cells.next()?, reason: cells.next()?, rows: cells.next()?.parse().ok()? })
    };
    Ok(rows(engine, "refine/reasons", &[])?.into_iter().filter_map(reason).collect())
}

/// Puts the rejected values in the place of the rows to merge.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn load(engine: &DuckDb) -> anyhow::Result<()> {
    run(engine, "refine/raw_rejected", &[])
}

/// Returns the failure of a refinement that rejects too many rows.
pub fn too_many(declaration: &Declaration, (rejected, all): (u64, u64), reasons: &[Reason]) -> digdag_task::Failure {
    let share = declaration.max_rejected_share;
    let first = reasons.first().map(|first| format!(", first of all {}: {}", first.column, first.reason));
    let message = format!(
        "{}: {rejected} of {all} rows are rejected, more than the share {share}{}; nothing was committed",
        declaration.target,
        first.unwrap_or_default()
    );
    digdag_task::Failure::checks_failed(message)
        .hint("correct the declaration or the file, or raise max_rejected_share")
}
