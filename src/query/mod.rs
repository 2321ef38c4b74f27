//! Runs one statement that reads on the tables of a run, on earlier states, and on people's own.
//!
//! ```text
//! mount.rs (the tables that the statement names) ▸ Sandbox ▸ answer.rs (texts, JSON, Arrow) ▸ format.rs (bytes)
//! ```
//!
//! The task `query` and the server call it. Rows are passed on as DuckDB computes them, so one batch is in memory.

mod answer;
mod format;
mod mount;
mod pages;
mod rows;

pub use answer::{Answer, TooManyRows};
pub use format::{Cells, Format, Layout, left_out};
pub use mount::{Mounted, State, mount, tables_of};
pub use pages::PageWriter;
pub use rows::RowSource;
