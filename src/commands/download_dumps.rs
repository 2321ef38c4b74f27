//! `download-dumps`: fetches and verifies the dumps of a month.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::dump::download::{DownloadOptions, FetchedMonth, fetch_month, fetch_month_into_objects, overview};
use crate::dump::object_at;
use crate::lake::DumpMonth;
use crate::store::S3Args;
use digdag_task::{Call, Failure, Switch};

/// Fetch a month's dumps from the download site and verify them
///
/// Finds the newest complete date of the month in the site's listing and fetches what <raw_root>/<dump_month>/ lacks:
/// discogs_YYYYMMDD_{artists,labels,masters,releases}.xml.gz and, last, discogs_YYYYMMDD_CHECKSUM.txt. A file has its
/// final name only when it is whole and matches its checksum; files that are there and match are not requested again.
/// Skipped, with the reason, unless do_download is true.
#[derive(Debug, Parser)]
#[command(name = "download-dumps", version, after_help = EXAMPLE)]
pub struct DownloadDumps {
    /// Fetch; without it the task is skipped, because a month is 12 GB
    #[arg(long)]
    do_download: Switch,

    /// Month of the dumps
    #[arg(long, value_name = "YYYY-MM")]
    dump_month: Option<DumpMonth>,

    /// Folder for the dumps, in <raw_root>/<dump_month>/, created if missing; or s3://BUCKET/PREFIX
    #[arg(long, env = "DISCOGS_RAW", value_name = "FOLDER")]
    raw_root: Option<PathBuf>,

    /// List the months at the site (those of dump_month's year, or of the newest year), and fetch nothing
    #[arg(long)]
    list: Switch,

    #[command(flatten)]
    options: DownloadOptions,

    #[command(flatten)]
    s3: S3Args,
}

const EXAMPLE: &str = "\
The site allows about 15 requests in 6 minutes and then none for an hour; a month takes 6.
Proxies are taken from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, other root certificates from SSL_CERT_FILE.

Examples: the months there are, one entity, all four
  download-dumps --list
  download-dumps --do-download --raw-root /data/raw --dump-month 2026-11 --entities labels
  download-dumps --do-download --raw-root /data/raw --dump-month 2026-11";

/// Runs `download-dumps`.
pub fn main() -> ExitCode {
    super::task(download_dumps)
}

fn download_dumps(parameters: DownloadDumps, call: &mut Call) -> anyhow::Result<()> {
    if parameters.list.is_on() {
        return list(&parameters, call);
    }
    if !parameters.do_download.is_on() {
        call.skipped("do_download is not true; pass --do-download=true (in a workflow -p do_download=true) to fetch");
        return Ok(());
    }
    let month = parameters.dump_month.as_ref().ok_or_else(|| {
        Failure::parameters("parameter dump_month is missing")
            .hint("name the month, such as 2026-11; --list shows which there are")
    })?;
    let raw_root = parameters.raw_root.as_ref().ok_or_else(|| {
        Failure::parameters("parameter raw_root is missing").hint("set it to the folder that holds <dump_month>/")
    })?;
    let mut done = FetchedMonth::default();
    let folder = raw_root.join(month.as_str());
    let result = match object_at(&folder)? {
        Some(objects) => {
            fetch_month_into_objects(&parameters.options, &objects, &parameters.s3, month, call, &mut done)
        }
        None => fetch_month(&parameters.options, &folder, month, call.name(), call, &mut done),
    };
    report(done, call)?;
    result
}

fn report(done: FetchedMonth, call: &mut Call) -> anyhow::Result<()> {
    if done.was_there {
        call.already_done();
    }
    if let Some(folder) = &done.folder {
        call.set_detail("folder", folder.to_string_lossy());
    }
    if let Some(date) = done.dump_date {
        call.set_detail("dump_date", date);
    }
    if let Some(files) = &done.files {
        call.set_detail("files", serde_json::to_value(files)?);
        call.summary(format_args!("{} dumps verified", files.len()));
    }
    if let Some(requests) = done.requests {
        call.set_metric("requests", requests);
    }
    Ok(())
}

/// Lists the months at the site: one line each on stderr, and `months` in the result.
fn list(parameters: &DownloadDumps, call: &mut Call) -> anyhow::Result<()> {
    let year = parameters.dump_month.as_ref().and_then(|month| month.as_str().get(..4));
    let found = overview(&parameters.options, year, call)?;
    for month in &found.months {
        let state = if month.complete { "complete" } else { "not complete yet" };
        let names = month.entities.join(" ");
        call.say(format_args!("{} ({}): {state}, {names}, {} MB", month.month, month.date, month.bytes / 1_000_000));
    }
    if found.months.is_empty() {
        call.say(format_args!("no dumps of {}", found.year));
    }
    if let Some(years) = found.years {
        call.set_detail("years", serde_json::to_value(years)?);
    }
    call.set_detail("months", serde_json::to_value(&found.months)?);
    call.set_metric("requests", found.requests);
    Ok(())
}
