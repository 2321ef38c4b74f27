//! A run's tables in SQL: mounted in DuckDB (`mount.rs`), registered in Trino's metastore
//! (`register/`), and as Iceberg tables (`iceberg/`). The
//! login of a database server (`server.rs`).

pub mod iceberg;
mod mount;
pub mod register;
pub mod server;

pub use mount::{mount_run, mount_table};
