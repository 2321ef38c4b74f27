//! The engines that SQL runs on, and the SQL files.
//!
//! A file of `sql/` holds one statement behind a header of comments (`file.rs`), and is part of the binary. DuckDB runs
//! embedded, in memory that is set, spilling to a folder that is given (`duckdb.rs`). Nothing here knows Discogs.

mod duckdb;
mod file;
mod name;

pub use duckdb::{DuckDb, EngineParameters};
pub use file::SqlFile;
pub use name::{quoted, text_literal};
