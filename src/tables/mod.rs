//! A run's tables in SQL: mounted in DuckDB (`mount.rs`), registered in Trino's metastore
//! (`register/`), and as Iceberg tables (`iceberg/`).

pub mod iceberg;
mod mount;
pub mod register;

pub use mount::{mount_run, mount_table};
