//! The transfer of one file: resumed from its part, hashed while it is written, and retried.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use sha2::{Digest, Sha256};
use ureq::Body;
use ureq::http::{Response, StatusCode, header};

use super::client::{Client, no_such_file};
use super::folder::enough_space;
use super::listing::ListedFile;
use crate::http::{RequestError, Transient, in_words};
use digdag_task::stop::{Resumable, Unfinished};
use digdag_task::{Amount, Failure, Observer, Unit};

/// Bytes read and written per call.
const BUFFER_BYTES: usize = 1 << 18;

/// Bytes per second below which a transfer counts as stalled, averaged over the stall time.
const SLOWEST: u64 = 1 << 10;

/// Bytes that a resumed attempt must add to count as progress.
const MIN_PROGRESS: u64 = 1 << 20;

/// The first bytes of a gzip file: magic number and the method deflate, the only one defined.
pub(super) const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// A file to fetch.
pub(super) struct Wanted<'w> {
    /// The file in the listing.
    pub file: &'w ListedFile,
    /// Its hash in the CHECKSUM file.
    pub sha256: &'w str,
    /// The time after which a stalled transfer is aborted.
    pub stall_time: Duration,
}

/// The transfer of a file: its part on the disk, and the hash and length of the part.
pub(super) struct Transfer<'t> {
    client: &'t Client,
    wanted: Wanted<'t>,
    part: PathBuf,
    hash: Sha256,
    /// Bytes in the part.
    there: u64,
    /// Whether the part was written from more than one response.
    pieced: bool,
    /// The action on a signal: the part is removed unless the server can resume it.
    on_signal: OnSignal,
}

enum OnSignal {
    Remove(#[expect(dead_code, reason = "held for its drop")] Unfinished),
    Keep(Resumable),
}

/// A response whose headers were checked.
struct Answer {
    body: ureq::BodyReader<'static>,
    /// The length of the whole file, if the server sent it.
    total: Option<u64>,
    /// Whether the response has a length or is chunked, so that a truncated one is detected.
    framed: bool,
    /// The first bytes of the file, which were read already to check them.
    head: Vec<u8>,
}

impl<'t> Transfer<'t> {
    /// Returns a transfer into the file `part`.
    pub fn new(client: &'t Client, wanted: Wanted<'t>, part: PathBuf) -> Self {
        let on_signal = OnSignal::Remove(Unfinished::new(&part));
        Transfer { client, wanted, part, hash: Sha256::new(), there: 0, pieced: false, on_signal }
    }

    /// Fetches the file into its part and returns its length. The part is then whole and matches its checksum.
    ///
    /// # Errors
    /// Returns an error of class `External` if the site does not send the file within the limits of the retry policy,
    /// and `Input` if the whole file does not match its checksum.
    pub fn run(mut self, observer: &dyn Observer) -> anyhow::Result<u64> {
        self.take_up()?;
        let retry_policy = self.client.retry_policy();
        let result = if self.matches() { Ok(()) } else { retry_policy.run(observer, || self.attempt(observer)) };
        if result.is_err() && matches!(self.on_signal, OnSignal::Remove(_)) {
            // The error of the transfer is reported, not that of the clean-up.
            let _ = std::fs::remove_file(&self.part);
        }
        result.map(|()| self.there)
    }

    /// Reads and hashes the part of an interrupted download, to resume it.
    fn take_up(&mut self) -> anyhow::Result<()> {
        let mut file = match File::open(&self.part) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.with_context(|| format!("cannot read {}", self.part.display()))?,
        };
        self.on_signal = OnSignal::Keep(Resumable::new());
        self.pieced = true;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = file.read(&mut buffer).with_context(|| format!("cannot read {}", self.part.display()))?;
            if read == 0 {
                return Ok(());
            }
            self.hash.update(&buffer[..read]);
            self.there += read as u64;
        }
    }

    fn matches(&self) -> bool {
        self.there > 0 && hex::encode(self.hash.clone().finalize()) == self.wanted.sha256
    }

    fn name(&self) -> &str {
        &self.wanted.file.name
    }

    /// Sends one request and receives its response.
    fn attempt(&mut self, observer: &dyn Observer) -> Result<(), RequestError> {
        let began_at = self.there;
        let from = (self.there > 0).then_some(self.there);
        let response = self.client.get(&self.wanted.file.query, self.name(), from)?;
        let answer = self.open(response)?;
        let resumed = self.there > 0;
        let result = self.receive(answer, observer);
        match result {
            Err(RequestError::Transient(error)) => {
                let progressed = resumed && self.there.saturating_sub(began_at) >= MIN_PROGRESS;
                Err(RequestError::Transient(Transient { progressed, ..error }))
            }
            result => result,
        }
    }

    /// Checks the headers and first bytes of a response before the existing part is discarded for it.
    fn open(&mut self, response: Response<Body>) -> Result<Answer, RequestError> {
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let length: Option<u64> = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
        let chunked =
            text(header::TRANSFER_ENCODING).is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
        let page = text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        let range = text(header::CONTENT_RANGE).and_then(parse_range);
        let takes_range = text(header::ACCEPT_RANGES).is_some_and(|unit| unit == "bytes");
        let framed = length.is_some() || chunked;

        match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.start_over()?;
                Err(transient(format!("{}: the part was longer than the file; it was removed", self.name())))
            }
            StatusCode::PARTIAL_CONTENT => match range {
                Some((start, total)) if start == self.there && self.there > 0 => {
                    self.pieced = true;
                    self.keep_on_signal();
                    let total = total.or(length.map(|length| self.there + length));
                    Ok(Answer { body: response.into_body().into_reader(), total, framed, head: Vec::new() })
                }
                _ => {
                    self.start_over()?;
                    Err(transient(format!("{}: the server sent another part than was asked for", self.name())))
                }
            },
            _ if page => Err(no_such_file(self.name()).into()),
            _ => {
                let mut body = response.into_body().into_reader();
                let head = self.read_head(&mut body)?;
                self.start_over()?;
                if takes_range {
                    self.keep_on_signal();
                }
                Ok(Answer { body, total: length, framed, head })
            }
        }
    }

    /// Reads the first bytes of a response that starts at byte 0. A file that is not gzip is never written to the disk.
    fn read_head(&self, body: &mut impl Read) -> Result<Vec<u8>, RequestError> {
        let mut head = Vec::new();
        if let Err(error) = body.take(GZIP.len() as u64).read_to_end(&mut head) {
            return Err(self.cut(&error));
        }
        if head == GZIP {
            return Ok(head);
        }
        if GZIP.starts_with(&head) {
            return Err(transient(format!("{}: the transfer was cut before it began", self.name())));
        }
        if head.starts_with(b"<") {
            return Err(no_such_file(self.name()).into());
        }
        Err(Failure::external(format!("{}: what the site sends is not gzip", self.name()))
            .hint("try again later; if it stays so, the site has changed")
            .into())
    }

    /// Keeps the part on a signal, because the server can resume it.
    fn keep_on_signal(&mut self) {
        if matches!(self.on_signal, OnSignal::Remove(_)) {
            self.on_signal = OnSignal::Keep(Resumable::new());
        }
    }

    /// Removes the part. The next response writes it from byte 0.
    fn start_over(&mut self) -> anyhow::Result<()> {
        self.on_signal = OnSignal::Remove(Unfinished::new(&self.part));
        (self.hash, self.there, self.pieced) = (Sha256::new(), 0, false);
        match std::fs::remove_file(&self.part) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result.with_context(|| format!("cannot remove {}", self.part.display())),
        }
    }

    /// Writes the body of a response to the part, and verifies the file at its end.
    fn receive(&mut self, mut answer: Answer, observer: &dyn Observer) -> Result<(), RequestError> {
        if let Some(total) = answer.total {
            let folder = self.part.parent().unwrap_or(Path::new("."));
            enough_space(folder, total.saturating_sub(self.there))?;
        }
        let expected = answer.total.or(self.wanted.file.size.map(|size| size.about));
        let progress = observer.begin(Amount { unit: Unit::Bytes, total: expected, resumed_at: self.there });
        let mut file = self.open_part()?;
        let head = std::mem::take(&mut answer.head);
        self.write(&mut file, &head)?;

        // A response without a length can be endless; the limit keeps it from filling the disk.
        let most = answer.total.or(self.wanted.file.size.map(|size| size.at_most));
        let mut pace = Pace::new(self.there, self.wanted.stall_time);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = match answer.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.cut(&error)),
            };
            if let Some(most) = most.filter(|most| self.there + read as u64 > *most) {
                drop(file);
                self.start_over()?;
                return Err(too_long(self.name(), most).into());
            }
            self.write(&mut file, &buffer[..read])?;
            self.client.retry_policy().left()?;
            progress.advance_to(self.there, &|| {
                format!("{}, {} MB, {:.1} MB/s", self.name(), self.there / 1_000_000, pace.rate(self.there) / 1e6)
            });
            if pace.stalled(self.there) {
                let what = format!("less than a kilobyte a second for {}", in_words(self.wanted.stall_time));
                return Err(self.cut(&std::io::Error::other(what)));
            }
        }
        drop(progress);
        self.judge(&answer)
    }

    fn open_part(&self) -> anyhow::Result<File> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.part)
            .with_context(|| format!("cannot write {}", self.part.display()))?;
        file.seek(std::io::SeekFrom::Start(self.there))
            .with_context(|| format!("cannot write {}", self.part.display()))?;
        Ok(file)
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> anyhow::Result<()> {
        file.write_all(bytes).with_context(|| format!("cannot write {}", self.part.display()))?;
        self.hash.update(bytes);
        self.there += bytes.len() as u64;
        Ok(())
    }

    /// Returns the error for a response that was cut.
    fn cut(&self, error: &std::io::Error) -> RequestError {
        let why = match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                format!("nothing came for {}", in_words(self.wanted.stall_time))
            }
            _ => error.to_string(),
        };
        transient(format!("{}: cut after {} bytes: {why}", self.name(), self.there))
    }

    /// Verifies the part at the end of a response.
    fn judge(&mut self, answer: &Answer) -> Result<(), RequestError> {
        if self.matches() {
            return Ok(());
        }
        let least = self.wanted.file.size.map(|size| size.at_least);
        let short = match (answer.total, least) {
            (Some(total), _) => self.there < total,
            (None, Some(least)) => self.there < least,
            (None, None) => !answer.framed,
        };
        if short {
            return Err(self.cut(&std::io::Error::other("the connection was closed")));
        }
        let pieced = self.pieced;
        self.start_over()?;
        if pieced {
            return Err(transient(format!("{}: its pieces do not make the file; starting over", self.name())));
        }
        Err(Failure::input(format!("{}: what the site sends does not match its CHECKSUM file", self.name()))
            .hint("nothing of it was kept; try again later, and if it stays so, tell the site")
            .into())
    }
}

fn transient(message: String) -> RequestError {
    RequestError::transient(Failure::external(message))
}

/// Parses a Content-Range such as `bytes 100-199/200`: the first byte and, if known, the length of the whole file.
pub(super) fn parse_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

pub(super) fn too_long(name: &str, most: u64) -> Failure {
    Failure::external(format!("{name}: the site sends more than the {most} bytes that the file has at most"))
        .hint("nothing of it was kept; try again later, and if it stays so, the listing or the site is wrong")
}

/// Measures the rate of a transfer.
struct Pace {
    stall_time: Duration,
    begun: (Instant, u64),
    window: (Instant, u64),
}

impl Pace {
    fn new(there: u64, stall_time: Duration) -> Self {
        let now = (Instant::now(), there);
        Pace { stall_time, begun: now, window: now }
    }

    /// Returns the bytes per second since the transfer began.
    fn rate(&self, there: u64) -> f64 {
        (there - self.begun.1) as f64 / self.begun.0.elapsed().as_secs_f64().max(1e-3)
    }

    /// Returns whether the rate over the last stall time was below `SLOWEST`.
    fn stalled(&mut self, there: u64) -> bool {
        let (since, before) = self.window;
        let elapsed = since.elapsed();
        if elapsed < self.stall_time {
            return false;
        }
        self.window = (Instant::now(), there);
        ((there - before) as f64) < SLOWEST as f64 * elapsed.as_secs_f64()
    }
}
