//! Puts the new files of a table in place, under the lake's lock, in one commit.

use std::time::{Duration, Instant};

use lake_catalog::Table;

use super::columns::Columns;
use super::request::Request;
use crate::lake::{Lake, disk};
use crate::tables::iceberg::{self, CatalogArgs, NewFiles, Publication};
use digdag_task::Observer;

/// The time that a commit waits for another task's lock. Tasks that write tables hold it for moments.
const MAX_WAIT: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(100);

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
    let mut publication = lock(lake, task, catalog, observer)?;
    let tables = publication.tables_or_create(catalog)?;
    tables.commit_own(&request.table, table, new, |current, session| columns.change(lake, request, current, session))
}

/// Locks the lake, and waits if another task holds the lock.
pub(super) fn lock(
    lake: &Lake,
    task: &str,
    catalog: &CatalogArgs,
    observer: &dyn Observer,
) -> anyhow::Result<Publication> {
    let began = Instant::now();
    let mut is_noted = false;
    loop {
        match iceberg::lock(lake, task, catalog) {
            Err(error) if is_locked(&error) && began.elapsed() < MAX_WAIT => {
                if !std::mem::replace(&mut is_noted, true) {
                    observer.note(format_args!("{error}; waiting"));
                }
                std::thread::sleep(PAUSE);
            }
            locked => return locked,
        }
    }
}

fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(disk::Error::Locked { .. })))
}
