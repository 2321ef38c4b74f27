//! Turns the monthly Discogs dumps into a lake of Parquet: typed, checked, published by one pointer.
//!
//! Each binary in `src/bin` is a task: parameters in, one call into this library, one JSON result out. The modules
//! depend on each other one way: `ingest`, `warehouse`, `check` use `table` and `record`, those use `lake` and `dump`,
//! and all use `task`.

/// Parsing and encoding allocate from several threads at once, and free on others than they allocated on. This allocator
/// is faster at that than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod check;
pub mod download;
pub mod dump;
pub mod generate;
pub mod history;
pub mod housekeeping;
pub mod ingest;
pub mod lake;
pub mod page;
pub mod preflight;
pub mod publish;
pub mod query;
pub mod record;
pub mod register;
pub mod sql;
pub mod table;
pub mod task;
pub mod trial;
pub mod warehouse;
pub mod workflow;
