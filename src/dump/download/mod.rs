//! Fetches a month's dumps from the download site (`docs/dumps.md`), and verifies every dump by the month's CHECKSUM
//! file.
//!
//! ```text
//! ?prefix=data%2FYYYY%2F ──▶ Listing ──▶ MonthOnSite        one request    listing.rs, month.rs
//!                                            │
//!                     CHECKSUM ──▶ name → sha256             one request    fetch.rs
//!                                            │
//!     missing files         ──▶ .<name>.<sha256>.part        one request a file, hashed while it is written   transfer.rs
//!                                            │ matches
//!                               <raw_root>/<month>/<name>    fsync, rename, fsync                            folder.rs
//! ```
//!
//! With a place in S3 for `raw_root`, a file is sent there by parts while it arrives, and nothing is written to the disk
//! (`objects.rs`).
//!
//! The site allows about 15 requests in 6 minutes and answers further ones with 429 for an hour. Requests are therefore
//! saved: a month whose files are complete and match costs none. Retries follow the policy of `http`; `client.rs` is
//! the HTTP client.

mod client;
mod fetch;
mod folder;
mod listing;
mod month;
mod objects;
mod overview;
mod parameters;
mod transfer;

pub use fetch::{FetchedFile, FetchedMonth, fetch_month};
pub use objects::fetch_month_into_objects;
pub use overview::{MonthAtSite, Overview, overview};
pub use parameters::DownloadOptions;
