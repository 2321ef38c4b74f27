//! The copy of a lake in object storage, its warehouse: runs that readers anywhere can read, and a pointer to one of them.
//!
//! ```text
//! s3://bucket/prefix/_runs/<run_id>/<table>/part-….parquet   the files of a sealed run, never replaced
//!                    _runs/<run_id>/_upload.json              the part size and the checksums; written first   record.rs
//!                    _runs/<run_id>/_manifest.json            the seal; written last
//!                    _tables/<namespace>/<table>/metadata/    Iceberg's metadata of the tables of runs         table_files.rs
//!                    active.json                              the published run; moved by compare-and-swap     pointer.rs
//!
//! sealed run ──upload.rs──▶ objects ──verify.rs──▶ sizes and checksums, or all bytes
//!                                   ──download.rs─▶ the run, byte for byte
//! ```
//!
//! `object.rs` reads any object, as the input of a task. `recorded.rs` is the lake's note of its warehouse.
//!
//! A run is whole there if it has a manifest. Its files are written under the condition that they are absent, each with
//! the SHA-256 that the server verifies, in parts of the size that `_upload.json` records. An existing object is not sent
//! again, and one that differs is an error.

mod checked;
mod download;
mod journal;
mod object;
mod object_writer;
mod plan;
mod pointer;
mod record;
mod recorded;
mod remote;
mod retention;
mod server;
mod table_files;
mod unreachable;
mod upload;
mod verify;

pub use download::download;
pub use object::{ObjectAddress, ObjectReader, OpenObject};
pub use object_writer::ObjectWriter;
pub use pointer::Pointer;
pub use recorded::Recorded;
pub use remote::{RemoteLake, WarehouseArgs};
pub use retention::RemotePlan;
pub use server::S3Args;
pub use table_files::TableFiles;
pub use unreachable::{error_in, is_replaced, is_unreachable};
pub use upload::{UploadOptions, Uploaded, upload};
pub use verify::verify;
