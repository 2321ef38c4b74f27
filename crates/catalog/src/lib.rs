//! Iceberg tables over immutable files, many committed at once.
//!
//! ```text
//! Catalog::open ─▶ load ─▶ Table ─▶ TableChange ─▶ Catalog::commit     all tables or none
//!                                   │ schema       evolution by field id           schema.rs
//!                                   │ add_snapshot footers → manifests, totals     data_file.rs snapshot.rs
//!                                   │ replace_files some files kept, some new      data_writer.rs replace.rs scan.rs
//!                                   └ set_tag, set_main                            change.rs
//! ```
//!
//! A commit writes the metadata file of every table first, and then swaps all pointers in one SQL transaction of
//! compare-and-swap statements (`store/swap.rs`). The pointers are rows of Iceberg's JDBC catalog, schema V1, in SQLite
//! or Postgres, so Trino, Spark and pyiceberg open the same catalog. Over REST (`store/rest/`), the server writes the
//! metadata, from one request with the changes of all tables. Files that no commit names are orphans of a killed writer
//! and are never read.
//!
//! Files of tables are local, or objects in a store that the caller gives ([`Objects`], `files.rs`).
//!
//! This crate knows tables, schemas, files, snapshots and refs, but not the contents of the tables.

#![warn(missing_docs)]

mod alter;
mod arrangement;
mod bloom;
mod catalog;
mod change;
mod data_file;
mod data_writer;
mod error;
mod expiry;
mod files;
mod key_bounds;
mod metadata;
mod names;
mod orphans;
mod relocation;
mod replace;
mod request;
mod scan;
mod schema;
mod session;
mod snapshot;
mod store;
mod table;
mod times;

pub use alter::{Alteration, Place};
pub use arrangement::{PartitionBy, SortBy};
pub use bloom::BloomFilters;
pub use catalog::{Access, Catalog};
pub use change::TableChange;
pub use data_file::{data_file, data_file_of_copy, written_data_file};
pub use data_writer::{DataWriter, FILE_BYTES, WrittenFile};
pub use error::{Error, Result};
pub use expiry::{SnapshotRetention, UnnamedFile};
pub use files::{Files, ListedFile, Objects, path_of, path_text};
pub use key_bounds::{KeyBounds, key_bounds};
pub use relocation::relocate;
pub use replace::Replacement;
pub use request::{TableRequest, check_schema};
pub use scan::{LiveFile, Scan};
pub use schema::{Column, NewTable, widens};
pub use session::Session;
pub use snapshot::NewSnapshot;
pub use store::{Login, Store};
pub use table::{Ref, Table, TableName, read_metadata};
pub use times::time_bounds;

pub use iceberg::spec::{
    DataContentType, DataFile, Datum, NestedField as Field, PrimitiveLiteral, PrimitiveType, Schema, Snapshot,
    TableMetadata, Type,
};
