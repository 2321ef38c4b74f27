use clap::Args;

use super::{EngineParameters, TrinoParameters};

/// Which engine a task runs its SQL on, and how each is reached.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineName {
    Duckdb,
    Trino,
}
