//! Downloads, finds and verifies dump files, and reads them as blocks of whole records.
//!
//! ```text
//! <raw_root>/<month>/discogs_YYYYMMDD_<entity>.xml.gz ─▶ Source (inflate, hash) ─▶ Blocks (cut at record starts)
//! ```
//!
//! `docs/dumps.md` describes the files. A dump is valid only if its root element is closed, its gzip trailers are right
//! and nothing follows; any other dump causes a [`DumpError`] with the byte offset.

mod blocks;
mod boundary;
mod buffer;
mod checksum;
mod document;
pub mod download;
mod files;
mod name;
mod remembered;
mod sample;
mod shown;
mod source;

pub use blocks::{Block, Blocks};
pub use boundary::{record_bytes, record_slices, starts_record};
pub use buffer::Buffer;
pub use checksum::{parse_checksums, read_checksums};
pub use dump_names::Entity;
pub use files::{DumpFile, DumpSet, object_at, require_folder};
pub use name::{Kind, PublishedName};
pub use remembered::{remember_sha256, sha256_of_dump};
pub use sample::write_sample;
pub(crate) use shown::shown;
pub use source::{DumpError, Source, SourceEnd};
