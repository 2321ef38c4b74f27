//! The contract's tables as Iceberg tables over the files of sealed runs.
//!
//! ```text
//! sealed run ──stage.rs────▶ a snapshot of every table, tagged run_<run_id>; main does not move
//!            ──publish.rs──▶ active, and main of every table
//! ```
//!
//! The catalog is `<lake>/_meta/catalog.sqlite`, or the Postgres or REST server that `<lake>/_meta/catalog.json` names
//! (`place.rs`).
//! The first staged run creates it; in a lake without a catalog, publishing moves `active` only. Dump tables are in the
//! namespace `silver`, warehouse tables in `gold`. Their metadata is in the lake's folder and names the local files, or it is
//! in the warehouse and names the uploaded ones (`warehouse.rs`).

mod alter;
mod alteration;
mod as_of;
mod binding;
mod derived;
mod describe;
mod deviation;
mod evolution;
mod expire;
mod figures;
mod hold;
mod key;
mod move_back;
mod own;
mod people;
mod place;
mod publish;
mod rebuild;
mod relocate;
mod session;
mod stage;
mod views;
mod warehouse;

use std::collections::BTreeMap;
use std::sync::Arc;

use lake_catalog::{Access, Catalog, Error, Table, TableName};

pub use alter::TableChanges;
pub use alteration::Changes;
pub use as_of::{AsOf, MountedState, mount_as_of, run_at};
pub use binding::{name as table_name, schema_of};
pub use derived::{Derived, FROM_RUNS, is_from_runs, tags_of_runs};
pub use describe::{ColumnDescription, SnapshotDescription, TableDescription, TableSummary};
pub use evolution::alterations;
pub use expire::is_of_runs;
pub use figures::Figures;
pub use key::key_in;
pub use own::{
    BronzeName, KEY, NewFiles, OwnCommit, OwnName, arrangement_of, current_table, data_type, is_named_here, overtaken,
    properties_of_own_files,
};
pub use place::{CatalogArgs, Place, RestArgs, require_shared_catalog, store};
pub use publish::{Publication, lock, lock_waiting};
pub use rebuild::{Rebuilt, rebuild};
pub use relocate::relocate;
pub use stage::{Mode, Staged, stage};
pub use views::{ReadState, VIEWS, mount_views};
pub use warehouse::RunCopy;

use crate::contract::Contract;
use crate::lake::{Lake, RunId};
use crate::store::{Recorded, TableFiles, WarehouseArgs, error_in};
use digdag_task::Failure;

/// The summary property that names the run of a snapshot.
const RUN_ID: &str = "discogs.run-id";

/// The summary property that names the task that wrote a snapshot.
pub const TASK: &str = "discogs.task";

/// The summary property with the seconds that the task took before its commit.
pub const SECONDS: &str = "discogs.seconds";

/// The summary property that names the table from which a snapshot's rows were computed.
pub const SOURCE_TABLE: &str = "discogs.source-table";

/// The summary property with the id of that table's snapshot.
pub const SOURCE_SNAPSHOT: &str = "discogs.source-snapshot-id";

/// The table property that marks a table of records as they came, which only the tasks of bronze write.
pub const OF_DUMPS: &str = "discogs.of-dumps";

/// The summary property with the number of rows that a refinement rejected.
pub const REJECTED: &str = "discogs.rows-rejected";

/// The table property that marks a table over the files of runs.
pub const OF_RUNS: &str = "discogs.of-runs";

/// The Iceberg tables over the runs of a lake.
pub struct Tables {
    lake: Lake,
    contract: Contract,
    catalog: Catalog,
    recorder: session::Recorder,
    /// The warehouse in which the tables of runs lie, if they do not lie in the lake's folder.
    warehouse: Option<Arc<TableFiles>>,
}

/// Returns the error of a task that needs Iceberg tables, for a lake without any. `hint` says how the lake gets them.
pub fn no_tables(lake: &Lake, hint: &str) -> Failure {
    Failure::parameters(format!("the lake {} has no Iceberg tables yet", lake.root().display())).hint(hint)
}

impl Tables {
    /// Opens the lake's catalog, or returns `None` if the lake has none yet.
    ///
    /// # Errors
    /// Fails if the catalog cannot be opened or belongs to another lake.
    pub fn open(lake: &Lake, access: Access, place: &CatalogArgs) -> anyhow::Result<Option<Self>> {
        let Some(store) = place::existing(lake, place)? else { return Ok(None) };
        Tables::connect(lake, &store, access, &place.reach).map(Some)
    }

    /// Opens the lake's catalog, and creates it on first use.
    ///
    /// # Errors
    /// Fails if the catalog cannot be opened or created, or belongs to another lake.
    pub fn create(lake: &Lake, asked: &CatalogArgs) -> anyhow::Result<Self> {
        if let Some(tables) = Tables::open(lake, Access::Write, asked)? {
            return Ok(tables);
        }
        let first = place::first(asked);
        // Only a catalog that can be used is recorded: a lake has one.
        let tables = Tables::connect(lake, &first.store(lake)?, Access::Write, &asked.reach)?;
        place::record(lake, &first)?;
        Ok(tables)
    }

    fn connect(
        lake: &Lake,
        store: &lake_catalog::Store,
        access: Access,
        reach: &WarehouseArgs,
    ) -> anyhow::Result<Self> {
        let catalog = Catalog::open(store, lake.root(), access).map_err(failure)?;
        let (contract, recorder) = (Contract::load()?, session::Recorder::default());
        let mut tables = Tables { lake: lake.clone(), contract, catalog, recorder, warehouse: None };
        if Recorded::of(lake)?.is_some() {
            tables.use_warehouse(&reach.of(lake)?);
        }
        Ok(tables)
    }

    /// Returns all tables of runs, by name.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn load(&mut self) -> anyhow::Result<BTreeMap<TableName, Table>> {
        Ok(self.load_with_derived()?.0)
    }

    /// Like [`Tables::load`], and returns the tables that are computed from runs beside them.
    fn load_with_derived(&mut self) -> anyhow::Result<(BTreeMap<TableName, Table>, Vec<Table>)> {
        let tables = self.catalog.load_all().map_err(failure)?.into_iter();
        let (of_runs, others): (Vec<_>, Vec<_>) = tables.partition(is_of_runs);
        let derived = others.into_iter().filter(is_from_runs);
        Ok((of_runs.into_iter().map(|table| (table.name().clone(), table)).collect(), derived.collect()))
    }

    /// Returns all tables of the catalog, by name.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn all(&mut self) -> anyhow::Result<Vec<Table>> {
        let mut tables = self.catalog.load_all().map_err(failure)?;
        tables.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(tables)
    }

    /// Returns one table, under its name with or without the namespace.
    ///
    /// # Errors
    /// Fails if the catalog has no table of the name.
    pub fn find(&mut self, name: &str) -> anyhow::Result<Table> {
        let known = self.catalog.list().map_err(failure)?;
        let found = known.iter().find(|known| known.name == name || known.to_string() == name).ok_or_else(|| {
            Failure::parameters(format!("the catalog has no table {name}")).hint("table-history lists them")
        })?;
        self.catalog.load(found).map_err(failure)
    }
}

/// Returns the tag of a run's snapshots.
pub fn run_tag(id: &RunId) -> String {
    format!("run_{id}")
}

/// Returns the tag of a month's snapshots, if the run's id has a month.
fn month_tag(id: &RunId) -> Option<String> {
    id.dump_month().map(|month| format!("month_{}", month.as_str()))
}

/// A commit that may have been made.
#[derive(Debug, thiserror::Error)]
#[error("the tables may have changed or not")]
struct Unconfirmed(#[source] Failure);

/// Maps an error of the catalog to an exit status and a hint.
fn failure(error: Error) -> anyhow::Error {
    let error = match error {
        Error::File { action, path, source } => match error_in(source) {
            Ok(error) => return error,
            Err(source) => Error::File { action, path, source },
        },
        error => error,
    };
    let told = |failure: Failure, hint: &str| failure.hint(hint).into();
    match &error {
        Error::Conflict(_) => told(Failure::locked(error.to_string()), "run the same command again"),
        Error::Moved { .. } => told(
            Failure::parameters(error.to_string()),
            "metadata names absolute paths: run rebuild-catalog --lake FOLDER after moving a lake",
        ),
        Error::Version { .. } => told(Failure::parameters(error.to_string()), "run the newer version of this software"),
        Error::NoTable(_) | Error::NoSnapshot(..) => {
            told(Failure::parameters(error.to_string()), "table-history lists tables and their snapshots")
        }
        Error::Evolution { .. } => told(Failure::parameters(error.to_string()), "correct sql/contract.yml"),
        Error::Parquet(..) => Failure::input(error.to_string()).into(),
        Error::Unknown(_) => anyhow::Error::new(Unconfirmed(
            Failure::external(error.to_string()).hint("run the same command again; it finds out"),
        )),
        Error::NoTransactions(_) => told(
            Failure::parameters(error.to_string()),
            "all tables of a run move together: use a server that has it, or keep the catalog in Postgres",
        ),
        Error::Rest { status: Some(409), .. } => {
            told(Failure::locked(format!("{error}; nothing was committed")), "run the same command again")
        }
        Error::Rest { status: Some(401 | 403), .. } => told(
            Failure::external(error.to_string()),
            "check the token: DISCOGS_CATALOG_PASSWORD_FILE names its file, otherwise it is DISCOGS_CATALOG_TOKEN",
        ),
        Error::NoToken { .. } => told(
            Failure::external(error.to_string()),
            "check ID:SECRET in the file of DISCOGS_CATALOG_PASSWORD_FILE or in DISCOGS_CATALOG_CREDENTIAL, and catalog_token_url",
        ),
        Error::Untrusted { .. } => {
            told(Failure::external(error.to_string()), "--catalog-ca-file FILE names the certificates to trust, in PEM")
        }
        Error::Rest { .. } => told(Failure::external(error.to_string()), "check the server and the URL of the catalog"),
        Error::Postgres(_, source) => {
            let mut message = format!("{error}: {source}");
            // The reason that the server gives is below `db error`.
            let mut cause = std::error::Error::source(source);
            while let Some(error) = cause {
                message = format!("{message}: {error}");
                cause = error.source();
            }
            told(Failure::external(message), "check the server, the URL and DISCOGS_CATALOG_PASSWORD_FILE")
        }
        _ => anyhow::Error::new(error),
    }
}
