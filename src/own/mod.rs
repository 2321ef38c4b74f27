//! Tables of people's own: files of theirs upserted by key, or appended as they came and refined, and the changes between
//! two states.
//!
//! ```text
//! source.rs ─▶ raw.rs ─▶ evolve.rs ─▶ merge.rs ─────────▶ commit.rs
//! a file,      as text   types and    files that hold     files put in place, one commit;
//! stdin, http  in DuckDB columns      the keys, rewritten again from evolve.rs if overtaken
//! ```
//!
//! `append.rs` keeps a file as it came (`json.rs` reads JSON), and `refine/` makes typed and checked rows of it.
//! `upkeep/` compacts a table's files, expires its snapshots, and removes files that no snapshot names. `aged.rs` takes old
//! rows out of a table. `aggregate/` computes tables from tables.
//!
//! Everything before the commit happens in a scratch folder without the lake's lock, so a killed task leaves the table as
//! it was, and other writers are not held up. `scan.rs` reads a table's files by field id, with the position deletes
//! that Trino writes. `changes/` compares the files of two snapshots.

mod aged;
pub mod aggregate;
mod append;
pub mod changes;
mod columns;
mod commit;
mod declared;
mod evolve;
mod header;
mod infer;
mod json;
mod key_files;
mod merge;
mod mount;
mod names;
mod order;
mod raw;
pub mod refine;
mod request;
mod rows;
mod scan;
mod source;
mod text;
mod types;
mod upkeep;
mod upsert;

pub use aged::{Age, Aged};
pub use append::{AppendReport, AppendRequest, Appended, append};
pub use commit::Target;
pub use declared::{Declared, List};
pub use header::{Dialect, delimiter};
pub use mount::{Pin, Pins, mount_own, own_snapshot, own_snapshots};
pub use request::{Mode, Request};
pub use source::{Encoding, Format, Source};
pub use upkeep::{Elsewhere, Policy, Spark, SparkParameters, Upkeep, maintain};
pub use upsert::{Input, Outcome, Report, upsert};
