//! The choice of an engine.

use clap::Args;

use super::{EngineParameters, TrinoParameters};

/// The engine that a task runs its SQL on, with the parameters of each.
#[derive(Args, Clone, Debug)]
pub struct EngineSelection {
    /// Engine of the SQL: DuckDB in this process, or the Trino at trino_url
    #[arg(long, value_name = "ENGINE", default_value = "duckdb")]
    pub engine: EngineName,

    #[command(flatten)]
    pub duckdb: EngineParameters,

    #[command(flatten)]
    pub trino: TrinoParameters,
}

/// An engine that runs SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineName {
    Duckdb,
    Trino,
}
