//! An object that a task reads from its beginning to its end, wherever it lies.

use std::fmt;
use std::io::{self, Cursor, Read, Write};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::Context;
use jiff::Timestamp;
use lake_store::{Address, Bucket, Condition, Error, Found, Kind, Put};
use sha2::{Digest, Sha256};

use super::remote::kind;
use super::server::S3Args;
use super::unreachable::within_io;
use crate::http::{RequestError, RetryPolicy, Transient};
use digdag_task::{Failure, Observer, Quiet};

/// The bytes of one request.
const RANGE: u64 = 8 << 20;

/// The address of an object: `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectAddress {
    bucket: Address,
    key: String,
}

impl FromStr for ObjectAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected s3://BUCKET/KEY".to_owned();
        let (bucket, key) = text.strip_prefix("s3://").and_then(|place| place.split_once('/')).ok_or_else(expected)?;
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(expected());
        }
        Ok(ObjectAddress { bucket: format!("s3://{bucket}").parse()?, key: key.to_owned() })
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

impl ObjectAddress {
    /// Copies the object to `target`, range by range: a request that fails is repeated from where it began. The server and
    /// the credentials are those of the environment or the profile.
    ///
    /// # Errors
    /// Fails if there are no credentials, if the object is missing or was replaced meanwhile, or if the server refuses.
    pub fn copy_to(&self, target: &mut impl Write, observer: &dyn Observer) -> anyhow::Result<()> {
        let object = self
            .open(&S3Args::default(), observer)?
            .ok_or_else(|| Failure::input(format!("there is no object {self}")).hint("correct the address"))?;
        for range in object.ranges() {
            let bytes = object.range(range, observer).map_err(|error| match kind(&error) {
                Some(Kind::Condition | Kind::Missing) => {
                    Failure::input(format!("{self} was replaced while it was read"))
                        .hint("run the same command again")
                        .into()
                }
                _ => error,
            })?;
            target.write_all(&bytes).with_context(|| format!("cannot write the copy of {self}"))?;
        }
        Ok(())
    }

    /// Returns the bucket and the key.
    pub(super) fn parts(&self) -> (&Address, &str) {
        (&self.bucket, &self.key)
    }

    /// Returns the address of an object in this folder.
    pub fn join(&self, name: &str) -> Self {
        let key = format!("{}/{name}", self.key.trim_end_matches('/'));
        ObjectAddress { bucket: self.bucket.clone(), key }
    }

    /// Writes a small object in one request, in place of one that is there.
    ///
    /// # Errors
    /// Fails if there are no credentials, or if the server refuses.
    pub fn write(&self, bytes: &[u8], server: &S3Args, observer: &dyn Observer) -> anyhow::Result<()> {
        let bucket = Bucket::open(&self.bucket, &server.settings(1))?;
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let put = Put { sha256: &sha256, condition: Condition::Any, content_type: "text/plain" };
        server.retry().run(observer, || bucket.put(&self.key, bytes, &put).map_err(failed)).map(drop)
    }

    /// Looks the object up; returns `None` if it is missing.
    ///
    /// # Errors
    /// Fails if there are no credentials, or if the server refuses.
    pub fn open(&self, server: &S3Args, observer: &dyn Observer) -> anyhow::Result<Option<OpenObject>> {
        let bucket = Bucket::open(&self.bucket, &server.settings(1))?;
        let retry = server.retry();
        let found = retry.run(observer, || bucket.head(&self.key).map_err(failed))?;
        Ok(found.map(|found| OpenObject { address: self.clone(), bucket, retry, found }))
    }

    /// Reads a small object whole as text; returns `None` if it is missing.
    ///
    /// # Errors
    /// Fails if there are no credentials, if the server refuses, or if the object is no text.
    pub fn text(&self, server: &S3Args, observer: &dyn Observer) -> anyhow::Result<Option<String>> {
        let bucket = Bucket::open(&self.bucket, &server.settings(1))?;
        let object = server.retry().run(observer, || bucket.get(&self.key, RANGE).map_err(failed))?;
        let text = object.map(|object| String::from_utf8(object.bytes)).transpose();
        Ok(text.map_err(|_| Failure::input(format!("{self} is not text")))?)
    }

    /// Lists the objects below the address, as of a folder: their names without the folder.
    ///
    /// # Errors
    /// Fails if there are no credentials, or if the server refuses.
    pub fn names(&self, server: &S3Args, observer: &dyn Observer) -> anyhow::Result<Vec<String>> {
        let bucket = Bucket::open(&self.bucket, &server.settings(1))?;
        let prefix = format!("{}/", self.key.trim_end_matches('/'));
        let listed = server.retry().run(observer, || bucket.list(&prefix).map_err(failed))?.into_iter();
        let name = |key: &str| key.strip_prefix(&prefix).filter(|name| !name.contains('/')).map(str::to_owned);
        Ok(listed.filter_map(|object| name(&object.key)).collect())
    }
}

/// An object, as it was when it was looked up. All reads are of that version of it.
pub struct OpenObject {
    address: ObjectAddress,
    bucket: Bucket,
    retry: RetryPolicy,
    found: Found,
}

impl fmt::Debug for OpenObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenObject").field(&self.address.to_string()).field(&self.found).finish()
    }
}

impl OpenObject {
    /// Returns the length.
    pub fn bytes(&self) -> u64 {
        self.found.bytes
    }

    /// Returns the ETag, if the server says it.
    pub fn etag(&self) -> Option<&str> {
        self.found.etag.as_deref()
    }

    /// Returns when the object was written, if the server says it.
    pub fn modified(&self) -> Option<Timestamp> {
        self.found.modified
    }

    /// Returns the SHA-256 in hexadecimal that the writer gave with the object.
    pub fn digest(&self) -> Option<&str> {
        self.found.digest.as_deref()
    }

    fn ranges(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        let bytes = self.found.bytes;
        (0..bytes).step_by(RANGE as usize).map(move |begin| begin..(begin + RANGE).min(bytes))
    }

    /// Reads a range of the object.
    fn range(&self, range: Range<u64>, observer: &dyn Observer) -> anyhow::Result<Vec<u8>> {
        let (key, etag) = (&self.address.key, self.found.etag.as_deref());
        let part = self.retry.run(observer, || self.bucket.get_range(key, range.clone(), etag).map_err(failed))?;
        Ok(part.bytes)
    }

    /// Reads the object from its beginning to its end, two ranges ahead of the caller.
    pub fn reader(self: &Arc<Self>) -> ObjectReader {
        let (ranges, received) = sync_channel(1);
        let object = self.clone();
        // The thread ends at the end of the object, at the first error, or when the reader is dropped.
        std::thread::spawn(move || {
            for range in object.ranges() {
                let part = object.range(range, &Quiet);
                let is_last = part.is_err();
                if ranges.send(part).is_err() || is_last {
                    return;
                }
            }
        });
        ObjectReader { received, current: Cursor::new(Vec::new()) }
    }
}

/// Reads an object as a stream.
pub struct ObjectReader {
    received: Receiver<anyhow::Result<Vec<u8>>>,
    current: Cursor<Vec<u8>>,
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.current.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        match self.received.recv() {
            Ok(part) => {
                self.current = Cursor::new(part.map_err(within_io)?);
                self.current.read(buffer)
            }
            // The thread has sent the last range.
            Err(_) => Ok(0),
        }
    }
}

pub(super) fn failed(error: Error) -> RequestError {
    if !error.is_transient() {
        return RequestError::Permanent(error.into());
    }
    let failure = Failure::external(error.to_string()).hint("run the same command again");
    RequestError::Transient(Transient { failure, retry_after: error.retry_after, progressed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_any_key() {
        let address: ObjectAddress = "s3://exports/2026/My collection.csv".parse().expect("an address");
        assert_eq!(address.to_string(), "s3://exports/2026/My collection.csv");
        for wrong in ["s3://exports", "s3://exports/", "s3:///x.csv", "s3://E/x.csv", "s3://exports/a\nb"] {
            assert!(wrong.parse::<ObjectAddress>().is_err(), "{wrong}");
        }
    }
}
