//! A folder for each test, a command that runs in it, a lake with its tasks, and the tables that they leave.

mod browser;
mod command;
mod dir;
mod dump;
mod inputs;
mod lake;
mod month;
mod postgres;
mod program;
mod samples;
mod skipped;
mod snapshot;
mod table;
mod tls;
mod wait;

pub use browser::{seen_by_a_browser, shown_whole};
pub use command::{Finished, TestCommand};
pub use dir::Dir;
pub use dump::gzip;
pub use inputs::{is_many, try_inputs};
pub use lake::{RUN, TestLake, UntilRemoved, binary, sealed_lake};
pub use month::{ENTITIES, Month, month};
pub use postgres::{CatalogDatabase, PASSWORD, PostgresServer};
pub use program::program;
pub use samples::sample_dumps;
pub use skipped::{loudly, skipped};
pub use snapshot::Snapshot;
pub use table::{Row, Table, Value};
pub use tls::self_signed;
pub use wait::{RaiseOnDrop, eventually, signal};
