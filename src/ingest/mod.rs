//! read ▸ parse ▸ encode ▸ write, in order, on several threads.
//!
//! ```text
//! Blocks ──▶ to_parse ──▶ parsed, back in order ──▶ a queue a table ──▶ DatasetWriter a table ──▶ commit
//! (one at    (any worker)   (moved under the lock)      (one worker at a time each)
//!  a time)
//! ```
//!
//! There is no thread for a stage: each worker takes the job that is most wanted (`pool.rs`), so one worker is one loop,
//! and what a file contains depends on the dump alone. Memory is bounded by the blocks in flight and the queued bytes.

mod collection;
mod dump;
mod parameters;
mod pool;
pub mod record;
mod stages;

pub use collection::CollectionFiles;
pub use dump::{IngestedDump, Pass, already_there, bad_records_name, tables_of};
pub use parameters::IngestOptions;
