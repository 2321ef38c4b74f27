//! Digdag task: fetches a month's dumps from the download site.

use std::process::ExitCode;

use clap::Parser;
use digdag_task as task;
use discogs_lakehouse::dump::download::{DownloadParameters, download_dumps};

/// Fetches a month's dumps, verified, from the download site
///
/// Finds the newest complete date of the month in the site's listing and fetches what <raw_root>/<dump_month>/ lacks:
/// discogs_YYYYMMDD_{artists,labels,masters,releases}.xml.gz and, last, discogs_YYYYMMDD_CHECKSUM.txt. A file has its
/// final name only when it is whole and matches its checksum; what is there and matches is not asked for again.
/// Skipped, with the reason, unless do_download is true.
#[derive(Parser)]
#[command(name = "download-dumps", version, after_help = EXAMPLE)]
struct DownloadDumps {
    #[command(flatten)]
    parameters: DownloadParameters,
}

const EXAMPLE: &str = "\
The site allows about 15 requests in 6 minutes and then none for an hour; a month takes 6.
Proxies are taken from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, other root certificates from SSL_CERT_FILE.

Example: which months there are, one entity, all four
  download-dumps --list
  download-dumps --do-download --raw-root /data/raw --dump-month 2026-11 --entities labels
  download-dumps --do-download --raw-root /data/raw --dump-month 2026-11";

fn main() -> ExitCode {
    task::main(|task: DownloadDumps, call| download_dumps(task.parameters, call))
}
