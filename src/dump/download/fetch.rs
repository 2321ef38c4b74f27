//! Fetches the missing files of a month: listing, CHECKSUM file, dumps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::DownloadOptions;
use super::client::{BaseUrl, Client, no_such_file, retry_policy};
use super::folder::{Local, MonthFolder, enough_space};
use super::listing::{ListedFile, Listing};
use super::month::MonthOnSite;
use super::transfer::{Transfer, Wanted};
use crate::dump::{Entity, parse_checksums, read_checksums};
use crate::lake::{DumpMonth, write_new_file};
use digdag_task::{Failure, Observer, Status};

/// A file of the month, as the result line shows it.
#[derive(Clone, Debug, Serialize)]
pub struct FetchedFile {
    /// The file name.
    pub name: String,
    /// `Done` if this task fetched the file, `AlreadyDone` if the folder had it.
    pub status: Status,
    /// The size.
    pub bytes: u64,
    /// The verified hash.
    pub sha256: String,
    /// The new path of the file that was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_aside: Option<PathBuf>,
}

/// The result of a download. It is filled while the download runs, so that a failure reports the folder, date and
/// requests too.
#[derive(Debug, Default)]
pub struct FetchedMonth {
    /// The folder of the month.
    pub folder: Option<PathBuf>,
    /// The date of publication, `YYYYMMDD`.
    pub dump_date: Option<String>,
    /// The files of the month, once all are verified.
    pub files: Option<Vec<FetchedFile>>,
    /// Requests sent to the site.
    pub requests: Option<u64>,
    /// Whether the folder had every file, so nothing was fetched.
    pub was_there: bool,
}

/// Fetches the missing files of a month into its folder, and fills `done`.
///
/// # Errors
/// Returns an error of class `Input` if the site has no complete month or a file fails verification, `External` if the
/// site cannot be reached or sends an unexpected response, and `Locked` if another process holds the folder. Every file
/// under a final name is whole and verified, after an error too.
pub fn fetch_month(
    options: &DownloadOptions,
    folder: &Path,
    month: &DumpMonth,
    task: &str,
    observer: &dyn Observer,
    done: &mut FetchedMonth,
) -> anyhow::Result<()> {
    let wanted = options.wanted();
    let folder = MonthFolder::lock(folder, task)?;
    done.folder = Some(folder.path().to_owned());
    if let Some((date, files)) = all_there(&folder, month, &wanted, observer)? {
        done.was_there = true;
        done.dump_date = Some(date);
        done.files = Some(files);
        done.requests = Some(0);
        return Ok(());
    }
    let retry_policy = retry_policy(options.max_wait, options.first_wait);
    let client = Client::new(&options.base_url, retry_policy, options.stall_time)?;
    let fetched = Month { options, folder: &folder, client: &client, observer }.fetch(month, &wanted, done);
    done.requests = Some(client.requests());
    fetched
}

/// Fetches the site's listing of a year.
///
/// # Errors
/// Returns an error of class `External` if the site cannot be reached or the page is not a listing.
pub(super) fn listing_of_year(
    client: &Client,
    year: &str,
    base: &BaseUrl,
    observer: &dyn Observer,
) -> anyhow::Result<Listing> {
    let page = client.text(&Listing::query_of_year(year), &format!("the listing of {year}"), observer)?;
    let listing = Listing::parse(&page);
    if !listing.recognised {
        return Err(Failure::external(format!("{base} answered with a page that is no listing of dumps"))
            .hint("check base_url; if it is right, the site has changed")
            .into());
    }
    Ok(listing)
}

/// Returns the date and files of the month if the folder's newest CHECKSUM file lists all wanted dumps and they match
/// it.
fn all_there(
    folder: &MonthFolder,
    month: &DumpMonth,
    wanted: &[Entity],
    observer: &dyn Observer,
) -> anyhow::Result<Option<(String, Vec<FetchedFile>)>> {
    let prefix = format!("discogs_{}", month.compact());
    let names = fs::read_dir(folder.path())?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let newest = names.filter(|name| name.starts_with(&prefix) && name.ends_with("_CHECKSUM.txt")).max();
    let Some(newest) = newest else { return Ok(None) };
    // An unreadable CHECKSUM file counts as one that differs; `Month::fetch` replaces or refuses it.
    let Ok(checksums) = read_checksums(&folder.file(&newest)) else { return Ok(None) };
    let date = newest.trim_start_matches("discogs_").trim_end_matches("_CHECKSUM.txt").to_owned();
    let mut files = Vec::new();
    for entity in wanted {
        let name = format!("discogs_{date}_{entity}.xml.gz");
        let Some(sha256) = checksums.get(&name) else { return Ok(None) };
        let Local::Matches { bytes } = folder.local(&name, sha256, observer)? else { return Ok(None) };
        files.push(FetchedFile::there(&name, bytes, sha256));
    }
    Ok(Some((date, files)))
}

impl FetchedFile {
    /// Returns a verified file that the folder already had.
    pub(super) fn there(name: &str, bytes: u64, sha256: &str) -> Self {
        let (name, sha256) = (name.to_owned(), sha256.to_owned());
        FetchedFile { name, status: Status::AlreadyDone, bytes, sha256, kept_aside: None }
    }
}

/// The download of one month into its locked folder.
struct Month<'p> {
    options: &'p DownloadOptions,
    folder: &'p MonthFolder,
    client: &'p Client,
    observer: &'p dyn Observer,
}

impl Month<'_> {
    fn fetch(&self, month: &DumpMonth, wanted: &[Entity], done: &mut FetchedMonth) -> anyhow::Result<()> {
        let year = month.as_str().get(..4).unwrap_or_default();
        let listing = listing_of_year(self.client, year, &self.options.base_url, self.observer)?;
        let site = MonthOnSite::find(&listing, month, wanted, &self.options.base_url)?;
        done.dump_date = Some(site.date.clone());
        let checksum_text = self.checksum_file(&site.checksum)?;
        let checksums = parse_checksums(&checksum_text, &site.checksum.name)?;

        let mut files = Vec::new();
        let mut missing = Vec::new();
        let mut differing = Vec::new();
        for listed in site.dumps.values() {
            let sha256: &str = published(&checksums, listed)?;
            match self.folder.local(&listed.name, sha256, self.observer)? {
                Local::Matches { bytes } => {
                    files.push(FetchedFile::there(&listed.name, bytes, sha256));
                    continue;
                }
                Local::Differs => differing.push(listed.name.clone()),
                Local::Absent => {}
            }
            missing.push((listed, sha256));
        }
        let old_checksum = fs::read_to_string(self.folder.file(&site.checksum.name)).ok();
        let checksum_differs = self.folder.file(&site.checksum.name).exists()
            && old_checksum.as_deref().and_then(|text| parse_checksums(text, "").ok()).as_ref() != Some(&checksums);
        if checksum_differs {
            differing.push(site.checksum.name.clone());
        }
        if !differing.is_empty() && !self.options.replace.is_on() {
            return Err(self.refusal(&differing).into());
        }
        self.check_space(&missing)?;

        for (listed, sha256) in missing {
            let wanted = Wanted { file: listed, sha256, stall_time: self.options.stall_time };
            let part = self.folder.part(&listed.name, sha256);
            self.folder.remove_other_parts(&listed.name, sha256)?;
            let bytes = Transfer::new(self.client, wanted, part.clone()).run(self.observer)?;
            let aside = self.folder.commit(&part, &listed.name, sha256)?;
            self.observer.detail(format_args!("{}: {bytes} bytes, verified", listed.name));
            let there = FetchedFile::there(&listed.name, bytes, sha256);
            files.push(FetchedFile { status: Status::Done, kept_aside: aside, ..there });
        }
        // Last, as at the site: a month with a CHECKSUM file has only verified dumps.
        if checksum_differs || old_checksum.is_none() {
            self.write_checksum_file(&site.checksum.name, &checksum_text)?;
        }
        done.files = Some(files);
        Ok(())
    }

    fn checksum_file(&self, listed: &ListedFile) -> anyhow::Result<String> {
        let text = self.client.text(&listed.query, &listed.name, self.observer)?;
        if text.trim_start().starts_with('<') {
            return Err(no_such_file(&listed.name).into());
        }
        Ok(text)
    }

    fn write_checksum_file(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let part = self.folder.part(name, "unfinished");
        // A killed download may have left the file.
        if part.exists() {
            fs::remove_file(&part)?;
        }
        write_new_file(&part, text.as_bytes(), 0o644)?;
        self.folder.replace(&part, name)?;
        Ok(())
    }

    fn refusal(&self, differing: &[String]) -> Failure {
        let message = format!(
            "{} in {} {} not what the site publishes",
            differing.join(", "),
            self.folder.path().display(),
            if differing.len() == 1 { "is" } else { "are" }
        );
        Failure::input(message)
            .hint("pass --replace=true to fetch it again; the existing file is kept under another name")
    }

    /// Checks that the disk has room for the missing files: their listed sizes, less the parts that are on the disk.
    fn check_space(&self, missing: &[(&ListedFile, &str)]) -> anyhow::Result<()> {
        let wanted = missing.iter().filter_map(|(listed, sha256)| {
            let there = fs::metadata(self.folder.part(&listed.name, sha256)).map_or(0, |part| part.len());
            Some(listed.size?.about.saturating_sub(there))
        });
        enough_space(self.folder.path(), wanted.sum())
    }
}

/// Returns the hash of a listed file in the CHECKSUM file.
pub(super) fn published<'c>(
    checksums: &'c BTreeMap<String, String>,
    listed: &ListedFile,
) -> Result<&'c String, Failure> {
    checksums.get(&listed.name).ok_or_else(|| {
        Failure::input(format!("the site's CHECKSUM file does not list {}", listed.name))
            .hint("what cannot be verified is not fetched; try again later, the file may have been cut")
    })
}
