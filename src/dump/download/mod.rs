//! Fetches a month's dumps from the download site as it is (`docs/dumps.md`), and believes none of it before the
//! month's CHECKSUM file says so.
//!
//! ```text
//! ?prefix=data%2FYYYY%2F ──▶ Listing ──▶ MonthOnSite        one request    listing.rs, month.rs
//!                                            │
//!                     CHECKSUM ──▶ name → sha256             one request    fetch.rs
//!                                            │
//!     what the folder lacks ──▶ .<name>.<sha256>.part        one request a file, hashed while it is written   transfer.rs
//!                                            │ matches
//!                               <raw_root>/<month>/<name>    fsync, rename, fsync                            folder.rs
//! ```
//!
//! The site allows about 15 requests in 6 minutes and answers the next with 429, for an hour. So what is known is not
//! asked for: a month that is there and matches costs no request. Retries follow the policy of `http`; who speaks
//! HTTP is `client.rs`.

mod client;
mod fetch;
mod folder;
mod listing;
mod month;
mod overview;
mod parameters;
mod transfer;

pub use fetch::{FetchedFile, FetchedMonth, fetch_month};
pub use overview::{MonthAtSite, Overview, overview};
pub use parameters::DownloadOptions;
