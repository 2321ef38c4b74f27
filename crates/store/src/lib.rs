//! A client of object storage that speaks S3, for tasks that block.
//!
//! ```text
//! Address   s3://bucket/prefix                                                        address.rs
//! Settings  endpoint, region, path style, certificates, time limits                   settings.rs
//! Login     environment, profile, web identity, container, instance; refreshed        credentials/
//!    └─▶ Bucket::open ─▶ put, get, head, list, copy, delete                           bucket.rs
//!                      ─▶ uploads by parts: begin, put a part, list parts, complete   upload.rs
//! ```
//!
//! Every call sends one request and reports one [`Error`], which names the operation and the key and says whether the
//! same call may succeed later; the caller decides how often to repeat it. Every write carries the SHA-256 of its bytes
//! in the signature and as the checksum that the server verifies and keeps, and may be conditional on the object being
//! absent or having an ETag.
//!
//! There is no crate beneath that knows S3. `object_store` 0.13 and 0.14 cannot complete an upload by parts under a
//! condition, list the parts of an upload of an earlier process, read the checksums that a server keeps, or copy a range
//! into a part, and these are what uploads here consist of; it also brings 63 crates and an async runtime.

#![warn(missing_docs)]

mod address;
mod answer;
mod bucket;
mod connection;
mod credentials;
mod error;
mod settings;
mod signature;
mod text;
mod upload;

pub use address::Address;
pub use bucket::{Bucket, Condition, Found, Listed, Object, Put};
pub use connection::Access;
pub use credentials::{Credentials, Login};
pub use error::{Error, Kind, Result};
pub use settings::Settings;
pub use upload::{CompletedPart, ListedPart};
