//! Reads the XML of a dump file: inflates the file and hashes it on the way.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{Buffer, DumpFile};
use crate::store::{ObjectReader, is_replaced, is_unreachable};
use digdag_task::Failure;

/// Packed bytes read per call.
const READ_BYTES: usize = 1 << 20;

const CHANGED: &str = "the file changed while it was read";

/// The least number of bytes by which a buffer grows while XML is read into it.
const GROWTH_BYTES: usize = 1 << 20;

/// An error in a dump, with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpError {
    /// The offset in the XML.
    pub offset: u64,
    /// The message.
    pub what: String,
    /// The remedy.
    pub hint: &'static str,
    /// Whether the storage of the dump failed, and not the dump.
    pub is_external: bool,
}

impl DumpError {
    /// Returns an error whose remedy is to fetch the dump again.
    pub(super) fn new(offset: u64, what: impl Into<String>) -> Self {
        let hint = "fetch the dump again and compare its CHECKSUM";
        DumpError { offset, what: what.into(), hint, is_external: false }
    }

    /// Returns the failure of a task, of class `External` if the storage of the dump failed, else `Input`.
    pub fn failure(&self, message: String) -> Failure {
        let failure = if self.is_external { Failure::external(message) } else { Failure::input(message) };
        failure.hint(self.hint)
    }
}

/// A reader of a dump file's XML. It inflates the packed bytes and hashes them on the way.
pub struct Source {
    inflate: MultiGzDecoder<BufReader<HashingReader>>,
    file: DumpFile,
    position: Arc<AtomicU64>,
    offset: u64,
}

/// The hash and sizes of a dump file that was read to its end.
#[derive(Clone, Debug)]
pub struct SourceEnd {
    /// The sha256 of the packed bytes.
    pub sha256: String,
    /// The size of the file.
    pub packed_bytes: u64,
    /// The size of the inflated XML.
    pub xml_bytes: u64,
}

impl Source {
    /// Opens a dump file, or an object as a stream, without a copy of it on the disk.
    ///
    /// # Errors
    /// Returns the I/O error if the file cannot be opened.
    pub fn open(file: &DumpFile) -> io::Result<Self> {
        let position = Arc::new(AtomicU64::new(0));
        let packed = match &file.object {
            Some(object) => Packed::Object(object.reader()),
            None => Packed::File(File::open(&file.path)?),
        };
        let reader = HashingReader { packed, hash: Sha256::new(), position: position.clone() };
        let inflate = MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, reader));
        Ok(Source { inflate, file: file.clone(), position, offset: 0 })
    }

    /// Returns the number of packed bytes read so far, shared with the thread that draws the progress.
    pub fn position(&self) -> Arc<AtomicU64> {
        self.position.clone()
    }

    /// Returns the number of bytes of XML read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends up to `bytes` bytes of XML. Returns `true` at the end of the stream, after every gzip trailer was
    /// verified.
    ///
    /// # Errors
    /// Returns an error if the gzip stream is damaged or truncated, or if the file changed meanwhile.
    pub fn read_to(&mut self, buffer: &mut Buffer, bytes: usize) -> Result<bool, DumpError> {
        let before = buffer.len();
        let result = self.fill(buffer, before + bytes);
        self.offset += (buffer.len() - before) as u64;
        match result {
            Ok(ended) => Ok(ended),
            // A concurrent writer can surface as any gzip error, so that cause is reported first.
            Err(error) if is_replaced(&error) || self.was_changed().unwrap_or(false) => {
                Err(DumpError::new(self.offset, CHANGED))
            }
            Err(error) if is_unreachable(&error) => Err(DumpError {
                hint: "run the same command again",
                is_external: true,
                ..DumpError::new(self.offset, error.to_string())
            }),
            Err(error) => Err(DumpError::new(self.offset, self.explain(&error))),
        }
    }

    /// Inflates until the buffer holds `length` bytes; returns `true` at the end of the stream.
    fn fill(&mut self, buffer: &mut Buffer, length: usize) -> io::Result<bool> {
        while buffer.len() < length {
            match self.inflate.read(buffer.room(length, GROWTH_BYTES)) {
                Ok(0) => return Ok(true),
                Ok(read) => buffer.fill(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Returns the hash and sizes of the file.
    ///
    /// # Errors
    /// Returns an error if the file changed while it was read, or was not read to its end.
    pub fn finish(self) -> Result<SourceEnd, DumpError> {
        let offset = self.offset;
        let changed = |what: String| DumpError::new(offset, what);
        let packed_bytes = self.position.load(Ordering::Relaxed);
        if self.was_changed().map_err(|error| changed(error.to_string()))? || packed_bytes != self.file.bytes {
            return Err(changed(CHANGED.to_owned()));
        }
        let sha256 = hex::encode(self.inflate.into_inner().into_inner().hash.finalize());
        Ok(SourceEnd { sha256, packed_bytes, xml_bytes: offset })
    }

    /// Returns whether the path names another file now, or the size or time of the file changed since it was opened.
    fn was_changed(&self) -> io::Result<bool> {
        // Every range of an object is read under the condition that it is the one that was opened.
        let Packed::File(file) = &self.inflate.get_ref().get_ref().packed else { return Ok(false) };
        let metadata = fs::metadata(&self.file.path)?;
        let opened = file.metadata()?;
        let modified = jiff::Timestamp::try_from(metadata.modified()?).map(jiff::Timestamp::as_nanosecond);
        let replaced = (opened.dev(), opened.ino()) != (metadata.dev(), metadata.ino());
        let same_time = modified.is_ok_and(|time| time == i128::from(self.file.modified));
        Ok(replaced || metadata.len() != self.file.bytes || !same_time)
    }

    /// Returns the path of the dump file.
    pub fn path(&self) -> &PathBuf {
        &self.file.path
    }

    /// Returns the message for an error of the gzip decoder.
    fn explain(&self, error: &io::Error) -> String {
        let packed = self.position.load(Ordering::Relaxed);
        match error.kind() {
            _ if error.raw_os_error().is_some() => format!("the file cannot be read: {error}"),
            _ if packed == 0 => "the file is empty".to_owned(),
            io::ErrorKind::UnexpectedEof => "the gzip stream ends early; the download was cut".to_owned(),
            io::ErrorKind::InvalidInput if self.offset == 0 => "the file is not gzip".to_owned(),
            io::ErrorKind::InvalidInput if error.to_string().contains("header") => {
                "bytes that are not gzip follow the gzip stream".to_owned()
            }
            _ => format!("the gzip stream is damaged: {error}"),
        }
    }
}

/// The packed bytes of a dump.
enum Packed {
    File(File),
    Object(ObjectReader),
}

/// A reader that hashes the bytes that it reads.
struct HashingReader {
    packed: Packed,
    hash: Sha256,
    position: Arc<AtomicU64>,
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.packed {
            Packed::File(file) => file.read(buffer)?,
            Packed::Object(object) => object.read(buffer)?,
        };
        self.hash.update(&buffer[..read]);
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
