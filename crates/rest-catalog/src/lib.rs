//! An Iceberg REST catalog over the catalog of a lake.
//!
//! ```text
//! request ─▶ routes ─▶ request/ (bytes to values) ─▶ service/ ─▶ lake_catalog::Catalog
//!                                                    │ guard.rs    what clients may change
//!                                                    │ place.rs    where their tables may lie
//!                                                    └ journal.rs  metadata files of a commit under way
//! ```
//!
//! `transactions/commit` writes the metadata of every table and then swaps all pointers in one SQL transaction, so a
//! commit of several tables is atomic. It is serialisable as well: a table that a commit only requires something of is
//! locked with the others.
//!
//! Authentication, limits and TLS are those of the server that nests the router. Methods tell reads from writes: GET,
//! HEAD and the POST of metrics read, all others write.
//!
//! Every request opens the catalog again. So a catalog that `rebuild-catalog` has replaced is used from the next request
//! on, and no connection outlives its database.

#![warn(missing_docs)]

mod error;
mod guard;
mod journal;
mod place;
pub mod request;
mod routes;
mod service;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use lake_catalog::{Access, Catalog, Error, Result, Store};
use tokio::sync::Semaphore;

pub use error::Refusal;
pub use guard::{Guard, Protected, Unguarded};
use journal::Journal;
use place::Places;

/// How many requests use the catalog at a time; others wait. A Postgres server has 100 connections by default.
const MAX_OPEN: usize = 32;

/// Two tables with one lock only wait for each other.
const TABLE_LOCKS: usize = 64;

/// The lake that is served.
#[derive(Clone, Debug)]
pub struct ServedLake {
    /// The store of its catalog: SQLite or Postgres.
    pub store: Store,
    /// The absolute path of the lake, as [`lake_catalog::Catalog::open`] takes it.
    pub root: PathBuf,
    /// The folder of the tables, `<lake>/_tables`. Tables of clients lie at `<tables>/<namespace>/<table>`.
    pub tables: PathBuf,
    /// A folder of this server's own, `<lake>/_meta/rest-catalog`, on the same disk as the tables: the records of commits
    /// under way, and what is being purged. Created on first use.
    pub state: PathBuf,
}

/// The catalog behind the router. Clones share it.
#[derive(Clone)]
pub struct RestCatalog(Arc<Served>);

/// A lake with what its server keeps in memory.
struct Served {
    lake: ServedLake,
    guard: Arc<dyn Guard>,
    places: Places,
    journal: Journal,
    /// Held while names and folders of tables are given and taken, so that no two tables get one folder.
    names: Mutex<()>,
    /// Held while tables are committed to, each by the hash of the table's name, so that commits of this server do not
    /// overtake each other.
    tables: [Mutex<()>; TABLE_LOCKS],
    open: Semaphore,
}

impl RestCatalog {
    /// Opens the lake's catalog, creates it if the lake has none, and removes what a killed server left: metadata files
    /// of commits that were not made, and files of purged tables. Blocks.
    ///
    /// # Errors
    /// Fails if the catalog cannot be opened, belongs to another lake, or is itself a REST catalog, which has an
    /// endpoint already.
    pub fn open(lake: ServedLake, guard: Arc<dyn Guard>) -> Result<Self> {
        if let Store::Rest { .. } = lake.store {
            return Err(Error::NoDatabase);
        }
        let mut catalog = Catalog::open(&lake.store, &lake.root, Access::Write)?;
        let journal = Journal::open(&journal::commits(&lake.state))?;
        journal.recover(&mut catalog)?;
        journal::finish_purges(&journal::purged(&lake.state));
        let places = Places::new(&lake.tables);
        let (names, open) = (Mutex::new(()), Semaphore::new(MAX_OPEN));
        let tables = std::array::from_fn(|_| Mutex::new(()));
        Ok(RestCatalog(Arc::new(Served { lake, guard, places, journal, names, tables, open })))
    }

    /// Runs work that blocks, away from the threads that serve connections.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Served) -> error::Result<T> + Send + 'static,
    ) -> error::Result<T> {
        let served = self.0.clone();
        let closed = |_| Refusal::broken("the server stops");
        let _open = self.0.open.acquire().await.map_err(closed)?;
        let done = tokio::task::spawn_blocking(move || work(&served)).await;
        // A panic ends the request, not the server.
        done.unwrap_or_else(|_| Err(Refusal::broken("an unexpected error ended it")))
    }
}

/// Returns the router of `/v1/…`. Every response is JSON of the Iceberg REST specification, errors included, except for
/// those of the layers around it.
pub fn router(catalog: RestCatalog) -> axum::Router {
    routes::router().with_state(catalog)
}
