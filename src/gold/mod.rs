//! The gold tables: `sql/gold/*.sql`, run over the tables of the published run, checked, and committed together.
//!
//! ```text
//! definition.rs ─▶ build.rs ──────────▶ proof.rs ──────────▶ tables::iceberg
//! header, query    rows to files in     key and checks of    all tables in one commit,
//!                  scratch              sql/gold/checks      tagged run_<run_id>
//! ```
//!
//! With `engine=trino`, a cluster computes the rows (`trino.rs`).
//!
//! A query with the header `slice` runs once for each range of ids (`slices.rs`), in bounded memory.
//!
//! A table of mode `replace` holds what its query returns for one run. A table of mode `month` keeps the months before in
//! partitions of their own and replaces its own month. A task that is killed leaves all tables as they were.

mod build;
mod columns;
mod definition;
mod document;
mod proof;
mod slices;
mod trino;

pub use build::{Built, Engines, Request, build};
pub use definition::Definition;
pub use document::document;
