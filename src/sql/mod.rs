//! The engines that SQL runs on, and the SQL files.
//!
//! A file of `sql/` holds header comments and one statement (`file.rs`) and is part of the binary. DuckDB runs
//! embedded, with a memory limit and a folder to spill to (`duckdb.rs`), and reads objects in S3 (`objects.rs`); a user's
//! SQL runs in a [`Sandbox`]. Trino serves the published lake, and can build and check a lake that is too large for one
//! machine (`trino/`). Both implement [`Engine`]. This module does not depend on Discogs.

mod cancellation;
mod duckdb;
mod engine;
mod file;
mod filter;
mod json;
mod name;
mod objects;
mod reads;
mod sandbox;
mod selection;
pub mod statement;
mod trino;

pub use cancellation::Cancellation;
pub use duckdb::{Batches, Cancelled, Canceller, Cell, DuckDb, EngineParameters, Filler, Prepared, texts};
pub use engine::{Engine, Rows};
pub use file::SqlFile;
pub use filter::{Comparison, Constant, Filter};
pub use json::json_escaped;
pub use name::{quoted, text_literal};
pub use objects::ObjectParameters;
pub use reads::Reads;
pub use sandbox::{Column, Sandbox, SandboxParameters};
pub use selection::{EngineName, EngineSelection};
pub use trino::{Trino, TrinoPage, TrinoParameters, refuse_changes, run_schema};
