//! An object that is written as a stream, part by part; it appears at once, when its bytes are whole.

use lake_store::{Address, Bucket, CompletedPart, Condition, Error, Kind};
use sha2::{Digest, Sha256};

use super::object::{ObjectAddress, failed};
use super::server::S3Args;
use crate::http::RetryPolicy;
use digdag_task::Observer;

/// The bytes of a part, so that an object may have 156 GiB.
const PART: usize = 16 << 20;

/// Writes an object. One part is in memory.
pub struct ObjectWriter {
    bucket: Bucket,
    key: String,
    retry: RetryPolicy,
    /// The SHA-256 that all bytes must have.
    sha256: [u8; 32],
    upload: String,
    parts: Vec<CompletedPart>,
    rest: Vec<u8>,
    /// The hash of the parts that were sent.
    sent: Sha256,
}

impl ObjectWriter {
    /// Begins an object whose bytes have this SHA-256.
    ///
    /// # Errors
    /// Fails if there are no credentials, or if the server refuses.
    pub fn begin(
        address: &ObjectAddress,
        server: &S3Args,
        sha256: [u8; 32],
        observer: &dyn Observer,
    ) -> anyhow::Result<Self> {
        let (place, key): (&Address, &str) = address.parts();
        let (bucket, retry) = (Bucket::open(place, &server.settings(1))?, server.retry());
        let upload = begin(&bucket, key, &retry, &sha256, observer)?;
        let key = key.to_owned();
        Ok(ObjectWriter {
            bucket,
            key,
            retry,
            sha256,
            upload,
            parts: Vec::new(),
            rest: Vec::new(),
            sent: Sha256::new(),
        })
    }

    /// Returns the number of bytes that were sent; bytes behind them are in memory.
    pub fn sent_bytes(&self) -> u64 {
        (self.parts.len() * PART) as u64
    }

    /// Returns the number of bytes so far.
    pub fn bytes(&self) -> u64 {
        self.sent_bytes() + self.rest.len() as u64
    }

    /// Adds bytes, and sends each part that is full.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn write(&mut self, mut bytes: &[u8], observer: &dyn Observer) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            let room = (PART - self.rest.len()).min(bytes.len());
            self.rest.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            if self.rest.len() == PART {
                self.send(observer)?;
            }
        }
        Ok(())
    }

    /// Forgets the bytes that were not sent.
    pub fn drop_rest(&mut self) {
        self.rest.clear();
    }

    /// Forgets all bytes, and removes the parts that were sent.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn start_over(&mut self, observer: &dyn Observer) -> anyhow::Result<()> {
        if self.bytes() == 0 {
            return Ok(());
        }
        self.abort(observer)?;
        self.upload = begin(&self.bucket, &self.key, &self.retry, &self.sha256, observer)?;
        (self.parts, self.rest, self.sent) = (Vec::new(), Vec::new(), Sha256::new());
        Ok(())
    }

    /// Removes the parts that were sent.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn abort(&self, observer: &dyn Observer) -> anyhow::Result<()> {
        let abort = || self.bucket.abort_upload(&self.key, &self.upload).map_err(failed);
        self.retry.run(observer, abort)
    }

    /// Returns whether the bytes so far have the SHA-256 of the object.
    pub fn is_whole(&self) -> bool {
        let mut hash = self.sent.clone();
        hash.update(&self.rest);
        hash.finalize().as_slice() == self.sha256
    }

    /// Completes the object. Returns `false` if another object is in its place: the condition does not hold.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn complete(mut self, only_if: &Condition, observer: &dyn Observer) -> anyhow::Result<bool> {
        if !self.rest.is_empty() || self.parts.is_empty() {
            self.send(observer)?;
        }
        let complete = || self.bucket.complete_upload(&self.key, &self.upload, &self.parts, only_if).map_err(failed);
        match self.retry.run(observer, complete) {
            Ok(()) => Ok(true),
            Err(error) => match error.downcast_ref::<Error>().map(|error| error.kind) {
                Some(Kind::Condition) => {
                    self.abort(observer)?;
                    Ok(false)
                }
                // An earlier attempt whose answer was lost has completed it.
                Some(Kind::Missing) => {
                    let found = self.retry.run(observer, || self.bucket.head(&self.key).map_err(failed))?;
                    let is_ours = found.is_some_and(|found| found.digest.as_deref() == Some(&hex::encode(self.sha256)));
                    if is_ours { Ok(true) } else { Err(error) }
                }
                _ => Err(error),
            },
        }
    }

    fn send(&mut self, observer: &dyn Observer) -> anyhow::Result<()> {
        let sha256: [u8; 32] = Sha256::digest(&self.rest).into();
        let number = self.parts.len() + 1;
        let send = || self.bucket.put_part(&self.key, &self.upload, number, &self.rest, &sha256).map_err(failed);
        let part = self.retry.run(observer, send)?;
        self.sent.update(&self.rest);
        self.parts.push(part);
        self.rest.clear();
        Ok(())
    }
}

fn begin(
    bucket: &Bucket,
    key: &str,
    retry: &RetryPolicy,
    sha256: &[u8; 32],
    observer: &dyn Observer,
) -> anyhow::Result<String> {
    retry.run(observer, || bucket.begin_upload(key, sha256, "application/gzip").map_err(failed))
}
