//! A run's tables in SQL: mounted in DuckDB (`mount.rs`; `needs.rs` and `pruning.rs` leave out what a statement does not
//! read), registered in Trino's metastore (`register/`), and as Iceberg tables (`iceberg/`). The login of a database server
//! (`server.rs`).

pub mod iceberg;
mod mount;
mod needs;
mod pruning;
pub mod register;
pub mod server;

pub use mount::{mount_copy, mount_reads, mount_run, mount_table};
pub use pruning::{ReadTable, files_to_read};
