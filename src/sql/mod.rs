//! The engines that SQL runs on, and the SQL files.
//!
//! A file of `sql/` holds one statement behind header comments (`file.rs`) and is part of the binary. DuckDB runs embedded,
//! with a memory limit and a folder to spill to (`duckdb.rs`); SQL of people's own runs in its [`Sandbox`]. Trino serves the
//! published lake, and builds and checks what has outgrown one machine (`trino/`). Both are an [`Engine`]. Nothing here knows
//! Discogs.

mod duckdb;
mod engine;
mod file;
mod name;
mod sandbox;
mod selection;
mod trino;

pub use duckdb::{Batches, DuckDb, EngineParameters, Prepared, texts};
pub use engine::{Engine, Rows};
pub use file::SqlFile;
pub use name::{quoted, text_literal};
pub use sandbox::{Column, Sandbox, SandboxParameters};
pub use selection::{EngineName, EngineSelection};
pub use trino::{Trino, TrinoParameters, run_schema};
