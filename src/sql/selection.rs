//! The choice of an engine.

use std::path::Path;

use clap::Args;

use super::{DuckDb, Engine, EngineParameters, Trino, TrinoParameters};
use digdag_task::Observer;

/// The engine that a task runs its SQL on, with the parameters of each.
#[derive(Args, Clone, Debug)]
pub struct EngineSelection {
    /// Engine of the SQL: DuckDB in this process, or the Trino at trino_url
    #[arg(long, value_name = "ENGINE", default_value = "duckdb")]
    pub engine: EngineName,

    #[command(flatten)]
    pub(crate) duckdb: EngineParameters,

    #[command(flatten)]
    pub(crate) trino: TrinoParameters,
}

impl EngineSelection {
    /// Returns the selection that every task works with: DuckDB replaces a Trino without an address, and `observer`
    /// receives a note of that.
    pub fn resolved(&self, observer: &dyn Observer) -> Self {
        let mut selection = self.clone();
        if self.engine == EngineName::Trino && self.trino.trino_url.is_none() {
            observer.note(format_args!("trino_url is missing, so DuckDB runs the SQL"));
            selection.engine = EngineName::Duckdb;
        }
        selection
    }

    /// Opens the engine. DuckDB spills to `spill`; `trino` opens Trino with its session on the tables that the task
    /// reads.
    ///
    /// # Errors
    /// Returns an error if DuckDB cannot be opened, or the error of `trino`.
    pub fn open(
        &self,
        spill: &Path,
        trino: impl FnOnce(&TrinoParameters) -> anyhow::Result<Trino>,
    ) -> anyhow::Result<Box<dyn Engine>> {
        match self.engine {
            EngineName::Duckdb => Ok(Box::new(DuckDb::open(&self.duckdb, spill)?)),
            EngineName::Trino => Ok(Box::new(trino(&self.trino)?)),
        }
    }
}

/// An engine that runs SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineName {
    /// DuckDB in this process
    Duckdb,
    /// The Trino at trino_url
    Trino,
}
