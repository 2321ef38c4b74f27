//! Fetches a month's dumps from the download site as it is (`reference/dumps.md`), and believes none of it before the
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
//! asked for: a month that is there and matches costs no request. Tries have growing waits (`patience.rs`); who speaks
//! HTTP is `client.rs`.

mod client;
mod fetch;
mod folder;
mod listing;
mod month;
mod overview;
mod parameters;
mod patience;
mod transfer;

use digdag_task::Call;

pub use parameters::DownloadParameters;

/// Fetches what the month's folder lacks; with `list`, says what the site has. Skipped, with the reason, unless
/// `do_download=true`.
///
/// # Errors
/// `Input` for a month that the site does not have or not completely, and for a file that does not match its checksum;
/// `External` for a site that cannot be reached or answers something else; `Locked` when another downloader has the
/// folder. What is under a final name is whole and verified in each case.
pub fn download_dumps(parameters: DownloadParameters, call: &mut Call) -> anyhow::Result<()> {
    if parameters.list {
        return overview::list(&parameters, call);
    }
    if !parameters.do_download {
        call.skipped("do_download is not true; pass --do-download=true (in a workflow -p do_download=true) to fetch");
        return Ok(());
    }
    fetch::fetch_month(&parameters, call)
}
