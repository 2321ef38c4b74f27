//! Faults: kills, errors, damaged inputs, tampering, races, signals. What happens at each is in `docs/faults.md`.
//!
//! ```text
//! lake.rs        lakes in every stage, made once and copied for each trial
//! place.rs       the folders of lakes with Iceberg tables, which name their path
//! trace.rs       strace: which calls a task makes, and a kill, a signal or an error at one of them
//! sample.rs      which of the calls are tried: a sample by default, all with DISCOGS_FAULTS=all
//! invariants.rs  invariants of a lake after any fault, checked without the code under test
//! ```

mod concurrency;
mod database;
mod errors;
mod housekeeping;
mod input;
mod invariants;
mod kill;
mod lake;
mod paths;
mod place;
mod resources;
pub mod sample;
mod signals;
mod tampering;
pub mod trace;

pub use invariants::sha256;
pub use lake::create_own_table;
