//! Puts the new files of a table in place, under the lake's lock, in one commit.

use lake_catalog::Table;

use super::columns::Columns;
use super::request::Request;
use crate::lake::Lake;
use crate::tables::iceberg::{CatalogArgs, NewFiles, lock_waiting};
use digdag_task::Observer;

/// The lake with the table, and the task that writes.
#[derive(Clone, Copy)]
pub struct Target<'t> {
    /// The lake.
    pub lake: &'t Lake,
    /// The task, which locks and scratch folders name.
    pub task: &'t str,
    /// The catalog of the lake.
    pub catalog: &'t CatalogArgs,
}

/// Commits the files, if no other writer has changed the table since it was loaded as `table`. Returns the id of the new
/// snapshot, or `None` if another writer has.
///
/// # Errors
/// Fails if another task keeps the lake locked, or if the catalog refuses the commit.
pub fn commit(
    target: &Target<'_>,
    request: &Request,
    table: Option<&Table>,
    columns: &Columns,
    new: NewFiles,
    observer: &dyn Observer,
) -> anyhow::Result<Option<i64>> {
    let Target { lake, task, catalog } = *target;
    let mut publication = lock_waiting(lake, task, catalog, observer)?;
    let tables = publication.tables_or_create(catalog)?;
    tables.commit_own(&request.table, table, new, |current, session| columns.change(lake, request, current, session))
}
