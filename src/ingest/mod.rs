//! Ingests dumps and collections: reads, parses, encodes and writes, in order, on several threads.
//!
//! ```text
//! Blocks ──▶ to_parse ──▶ parsed, back in order ──▶ a queue a table ──▶ DatasetWriter a table ──▶ commit
//! (one at    (any worker)   (moved under the lock)      (one worker at a time each)
//!  a time)
//! ```
//!
//! No stage has a thread of its own: each worker takes the most urgent job (`pool.rs`), so a worker is one loop, and
//! the contents of a file depend on the dump alone. The blocks in flight and the queued bytes bound the memory.

mod collection;
mod dump;
mod parameters;
mod pool;
pub mod record;
mod stages;

pub use collection::CollectionFiles;
pub use dump::{IngestedDump, Pass, already_there, bad_records_name, tables_of};
pub use parameters::IngestOptions;
pub use pool::{BadRecords, BlockParser, Ingested, RowWriter, run as read_blocks};
