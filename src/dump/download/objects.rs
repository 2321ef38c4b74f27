//! The month's dumps as objects in S3, streamed from the site: nothing is written to the disk.
//!
//! A dump is sent by parts while its response arrives, and appears whole, once its SHA-256 is the published one. A broken
//! response goes on behind the last part, by a range. A download that is killed leaves parts, which a lifecycle rule of the
//! bucket removes, and the next one begins that dump again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};

use lake_store::Condition;
use ureq::http::{StatusCode, header};

use super::DownloadOptions;
use super::client::{Client, no_such_file, retry_policy};
use super::fetch::{FetchedFile, FetchedMonth, listing_of_year, published};
use super::listing::ListedFile;
use super::month::MonthOnSite;
use super::transfer::{GZIP, parse_range};
use crate::dump::{Entity, parse_checksums};
use crate::http::{RequestError, Transient};
use crate::lake::DumpMonth;
use crate::store::{ObjectAddress, ObjectWriter, OpenObject, S3Args};
use digdag_task::{Amount, Failure, Observer, Status};

/// Bytes read per call.
const BUFFER_BYTES: usize = 1 << 18;

/// Fetches the missing dumps of a month into the folder of objects, and fills `done`.
///
/// # Errors
/// Fails as [`super::fetch_month`] does, and if the server of the bucket refuses.
pub fn fetch_month_into_objects(
    options: &DownloadOptions,
    folder: &ObjectAddress,
    server: &S3Args,
    month: &DumpMonth,
    observer: &dyn Observer,
    done: &mut FetchedMonth,
) -> anyhow::Result<()> {
    done.folder = Some(folder.to_string().into());
    let wanted = options.wanted();
    let month_there = MonthThere { options, folder, server, observer };
    if let Some((date, files)) = month_there.all_there(month, &wanted)? {
        done.was_there = true;
        (done.dump_date, done.files, done.requests) = (Some(date), Some(files), Some(0));
        return Ok(());
    }
    let policy = retry_policy(options.max_wait, options.first_wait);
    let client = Client::new(&options.base_url, policy, options.stall_time)?;
    let fetched = month_there.fetch(&client, month, &wanted, done);
    done.requests = Some(client.requests());
    fetched
}

/// The folder of a month's objects.
struct MonthThere<'m> {
    options: &'m DownloadOptions,
    folder: &'m ObjectAddress,
    server: &'m S3Args,
    observer: &'m dyn Observer,
}

impl MonthThere<'_> {
    fn find(&self, name: &str) -> anyhow::Result<Option<OpenObject>> {
        self.folder.join(name).open(self.server, self.observer)
    }

    /// Returns the date and files of the month if the newest CHECKSUM object lists all wanted dumps, and they were written
    /// with these digests.
    fn all_there(&self, month: &DumpMonth, wanted: &[Entity]) -> anyhow::Result<Option<(String, Vec<FetchedFile>)>> {
        let prefix = format!("discogs_{}", month.compact());
        let names = self.folder.names(self.server, self.observer)?.into_iter();
        let newest = names.filter(|name| name.starts_with(&prefix) && name.ends_with("_CHECKSUM.txt")).max();
        let Some(newest) = newest else { return Ok(None) };
        let Some(text) = self.folder.join(&newest).text(self.server, self.observer)? else { return Ok(None) };
        let Ok(checksums) = parse_checksums(&text, &newest) else { return Ok(None) };
        let date = newest.trim_start_matches("discogs_").trim_end_matches("_CHECKSUM.txt").to_owned();
        let mut files = Vec::new();
        for entity in wanted {
            let name = format!("discogs_{date}_{entity}.xml.gz");
            let Some(sha256) = checksums.get(&name) else { return Ok(None) };
            match self.find(&name)? {
                Some(found) if found.digest() == Some(sha256) => {
                    files.push(FetchedFile::there(&name, found.bytes(), sha256));
                }
                _ => return Ok(None),
            }
        }
        Ok(Some((date, files)))
    }

    fn fetch(
        &self,
        client: &Client,
        month: &DumpMonth,
        wanted: &[Entity],
        done: &mut FetchedMonth,
    ) -> anyhow::Result<()> {
        let year = month.as_str().get(..4).unwrap_or_default();
        let listing = listing_of_year(client, year, &self.options.base_url, self.observer)?;
        let site = MonthOnSite::find(&listing, month, wanted, &self.options.base_url)?;
        done.dump_date = Some(site.date.clone());
        let text = client.text(&site.checksum.query, &site.checksum.name, self.observer)?;
        if text.trim_start().starts_with('<') {
            return Err(no_such_file(&site.checksum.name).into());
        }
        let checksums = parse_checksums(&text, &site.checksum.name)?;
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for listed in site.dumps.values() {
            let sha256: &str = published(&checksums, listed)?;
            let found = self.find(&listed.name)?;
            match &found {
                Some(found) if found.digest() == Some(sha256) => {
                    files.push(FetchedFile::there(&listed.name, found.bytes(), sha256));
                }
                Some(_) if !self.options.replace.is_on() => return Err(self.refusal(&listed.name).into()),
                _ => missing.push((listed, sha256, found.and_then(|found| found.etag().map(str::to_owned)))),
            }
        }
        for (listed, sha256, replaced) in missing {
            let bytes = Sending { there: self, client, listed, sha256 }.send(replaced)?;
            self.observer.detail(format_args!("{}: {bytes} bytes, verified", listed.name));
            files.push(FetchedFile { status: Status::Done, ..FetchedFile::there(&listed.name, bytes, sha256) });
        }
        // Last, as at the site: a month with a CHECKSUM file has only verified dumps.
        self.write_checksums(&site.checksum.name, &text, &checksums)?;
        done.files = Some(files);
        Ok(())
    }

    fn write_checksums(&self, name: &str, text: &str, new: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let address = self.folder.join(name);
        let there = address.text(self.server, self.observer)?;
        let old = there.as_deref().and_then(|there| parse_checksums(there, name).ok());
        match old {
            Some(old) if old == *new => Ok(()),
            Some(_) if !self.options.replace.is_on() => Err(self.refusal(name).into()),
            _ => address.write(text.as_bytes(), self.server, self.observer),
        }
    }

    fn refusal(&self, name: &str) -> Failure {
        Failure::input(format!("{name} in {} is not what the site publishes", self.folder))
            .hint("pass --replace=true to fetch it again in place of it")
    }
}

/// One dump on its way.
struct Sending<'s> {
    there: &'s MonthThere<'s>,
    client: &'s Client,
    listed: &'s ListedFile,
    sha256: &'s str,
}

impl Sending<'_> {
    /// Sends the dump in place of the object of an ETag, or as a new one. Returns its length.
    fn send(&self, replaced: Option<String>) -> anyhow::Result<u64> {
        let MonthThere { folder, server, observer, .. } = *self.there;
        let mut digest = [0; 32];
        hex::decode_to_slice(self.sha256, &mut digest)?;
        let address = folder.join(&self.listed.name);
        let mut writer = ObjectWriter::begin(&address, server, digest, observer)?;
        let mut is_pieced = false;
        let policy = self.client.retry_policy();
        if let Err(error) = policy.run(observer, || self.attempt(&mut writer, &mut is_pieced)) {
            // The error of the transfer is reported, not that of the clean-up.
            let _ = writer.abort(observer);
            return Err(error);
        }
        let bytes = writer.bytes();
        let only_if = replaced.map_or(Condition::Absent, Condition::Match);
        if !writer.complete(&only_if, observer)? {
            return Err(Failure::locked(format!("{address} was written by another task meanwhile"))
                .hint("run the same command again")
                .into());
        }
        Ok(bytes)
    }

    /// Sends one request to the site and passes its response on.
    fn attempt(&self, writer: &mut ObjectWriter, is_pieced: &mut bool) -> Result<(), RequestError> {
        writer.drop_rest();
        let from = writer.sent_bytes();
        let result = self.receive(writer, from, is_pieced);
        match result {
            Err(RequestError::Transient(error)) => {
                let progressed = writer.sent_bytes() > from;
                Err(RequestError::Transient(Transient { progressed, ..error }))
            }
            result => result,
        }
    }

    fn receive(&self, writer: &mut ObjectWriter, from: u64, is_pieced: &mut bool) -> Result<(), RequestError> {
        let observer = self.there.observer;
        let name = &self.listed.name;
        let response = self.client.get(&self.listed.query, name, (from > 0).then_some(from))?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let begins = text(header::CONTENT_RANGE).and_then(parse_range).map(|(start, _)| start);
        if text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(no_such_file(name).into());
        }
        if response.status() == StatusCode::PARTIAL_CONTENT && begins == Some(from) {
            *is_pieced = true;
        } else if from > 0 && response.status() == StatusCode::OK {
            // The server does not know ranges.
            writer.start_over(observer)?;
        } else if from > 0 {
            writer.start_over(observer)?;
            return Err(transient(format!("{name}: the server sent another part than was asked for")));
        }
        let most = self.listed.size.map(|size| size.at_most);
        let progress = observer.begin(Amount::bytes(self.listed.size.map_or(0, |size| size.about)));
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(transient(format!("{name}: cut after {} bytes: {error}", writer.bytes()))),
            };
            if writer.bytes() == 0 && read >= GZIP.len() && !buffer.starts_with(&GZIP) {
                return Err(Failure::external(format!("{name}: what the site sends is not gzip"))
                    .hint("try again later; if it stays so, the site has changed")
                    .into());
            }
            writer.write(&buffer[..read], observer)?;
            if let Some(most) = most.filter(|most| writer.bytes() > *most) {
                return Err(super::transfer::too_long(name, most).into());
            }
            self.client.retry_policy().left()?;
            let bytes = writer.bytes();
            progress.advance_to(bytes, &|| format!("{name}, {} MB", bytes / 1_000_000));
        }
        drop(progress);
        if writer.is_whole() {
            return Ok(());
        }
        if self.listed.size.is_some_and(|size| writer.bytes() < size.at_least) {
            return Err(transient(format!("{name}: cut after {} bytes: the connection was closed", writer.bytes())));
        }
        writer.start_over(observer)?;
        if std::mem::take(is_pieced) {
            return Err(transient(format!("{name}: its pieces do not make the file; starting over")));
        }
        Err(Failure::input(format!("{name}: what the site sends does not match its CHECKSUM file"))
            .hint("nothing of it was kept; try again later, and if it stays so, tell the site")
            .into())
    }
}

fn transient(message: String) -> RequestError {
    RequestError::transient(Failure::external(message))
}
