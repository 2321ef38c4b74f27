//! Iceberg tables over immutable files, many committed at once.
//!
//! ```text
//! Catalog::open ─▶ load ─▶ Table ─▶ TableChange ─▶ Catalog::commit     all tables or none
//!                                   │ schema       evolution by field id           schema.rs
//!                                   │ add_snapshot footers → manifests, totals     data_file.rs snapshot.rs
//!                                   └ set_tag, set_main                            change.rs
//! ```
//!
//! A commit writes the metadata file of every table first, and then swaps all pointers in one SQL transaction of
//! compare-and-swap statements (`store/swap.rs`). The pointers are rows of Iceberg's JDBC catalog, schema V1, in SQLite
//! or Postgres, so Trino, Spark and pyiceberg open the same catalog. Over REST (`store/rest/`), the server writes the
//! metadata, from one request with the changes of all tables. Files that no commit names are orphans of a killed writer
//! and are never read.
//!
//! This crate knows tables, schemas, files, snapshots and refs, but not the contents of the tables.

#![warn(missing_docs)]

mod alter;
mod catalog;
mod change;
mod data_file;
mod error;
mod files;
mod metadata;
mod orphans;
mod relocation;
mod schema;
mod session;
mod snapshot;
mod store;
mod table;

pub use alter::{Alteration, Place};
pub use catalog::{Access, Catalog};
pub use change::TableChange;
pub use data_file::data_file;
pub use error::{Error, Result};
pub use relocation::relocate;
pub use schema::{Column, NewTable};
pub use session::Session;
pub use snapshot::NewSnapshot;
pub use store::Store;
pub use table::{Ref, Table, TableName, read_metadata};

pub use iceberg::spec::{DataFile, PrimitiveType, Snapshot, TableMetadata};
