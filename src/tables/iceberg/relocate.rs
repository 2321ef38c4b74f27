//! Moves a lake's catalog to another database or server. Tables and files do not move.
//!
//! ```text
//! rows copied ─▶ _meta/catalog.json renamed ─▶ old rows removed ─▶ done recorded
//! ```
//!
//! The rename is the move: before it the lake has its old catalog, afterwards the new one, and both are complete. A
//! second call ends what a killed one began.

use lake_catalog::{Catalog, Store};

use super::place::{self, Place};
use super::{Publication, failure, no_tables};
use crate::lake::Lake;

/// Moves the catalog of the locked lake to another place. Returns `false` if it is there already.
///
/// # Errors
/// Fails if the lake has no catalog, or if one of the two catalogs cannot be used.
pub fn relocate(publication: &mut Publication, from: &Place, to: &Place) -> anyhow::Result<bool> {
    if publication.tables().is_none() {
        let hint = "run stage-tables with --catalog for a sealed run";
        return Err(no_tables(publication.locked().lake(), hint).into());
    }
    let lake = publication.locked().lake().clone();
    if from.url == to.url {
        let Some(left) = place::left(&lake)? else { return Ok(false) };
        // The secret of the old catalog is that of `from`, which a repeated call names again.
        clear(&lake, &Place::new(&left, from.secret_file.as_deref(), &from.rest).store(&lake)?)?;
        place::switch(&lake, &to.url, None)?;
        return Ok(true);
    }
    let (old, new) = (from.store(&lake)?, to.store(&lake)?);
    if let Some(tables) = publication.tables() {
        match &new {
            Store::Sqlite(_) => {
                let file = lake.new_catalog_file()?;
                tables.catalog.copy_to(&Store::Sqlite(file.clone()), lake.root()).map_err(failure)?;
                lake.replace_catalog(&file)?;
            }
            _ => tables.catalog.copy_to(&new, lake.root()).map_err(failure)?,
        }
    }
    place::switch(&lake, &to.url, Some(&from.url))?;
    clear(&lake, &old)?;
    place::switch(&lake, &to.url, None)?;
    Ok(true)
}

/// Removes the rows of the old catalog: an engine that still has its address would show tables that no longer move.
fn clear(lake: &Lake, old: &Store) -> anyhow::Result<()> {
    match old {
        Store::Sqlite(_) => lake.remove_catalog(),
        _ => Catalog::clear(old).map_err(failure),
    }
}
