//! A run's tables as SQL sees them: mounted in DuckDB (`mount.rs`), registered in Trino's metastore (`register/`).

mod mount;
pub mod register;

pub use mount::{mount_run, mount_table};
