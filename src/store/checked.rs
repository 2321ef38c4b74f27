//! Comparing an object with what it must be, by what the server says about it, or by its bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lake_store::Found;
use sha2::{Digest, Sha256};

use super::remote::RemoteLake;

/// The bytes of one request while an object is read whole.
const RANGE: u64 = 8 << 20;

/// The state that an object must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: &'e str,
    /// The checksum of the object as it was sent, if it is known.
    pub checksum: Option<&'e str>,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The checksum that the server computed is right.
    Checksum,
    /// The server keeps no checksum, and the digest that the writer gave is right.
    Digest,
    /// The server keeps neither.
    Size,
    /// The object differs.
    Differs,
}

impl Expected<'_> {
    /// Compares by the length and the checksum.
    pub fn compare(&self, found: &Found) -> Verdict {
        if found.bytes != self.bytes {
            return Verdict::Differs;
        }
        match (&found.checksum, &found.digest) {
            (Some(checksum), digest) => match self.is_checksum(checksum) {
                Some(true) => Verdict::Checksum,
                Some(false) => Verdict::Differs,
                None => self.by_digest(digest.as_deref()),
            },
            (None, digest) => self.by_digest(digest.as_deref()),
        }
    }

    /// Returns whether a checksum is right, or `None` if it is one of parts of an unknown size.
    fn is_checksum(&self, checksum: &str) -> Option<bool> {
        let of_bytes = hex::decode(self.sha256).map(|digest| BASE64_STANDARD.encode(digest)).unwrap_or_default();
        if checksum == of_bytes || Some(checksum) == self.checksum {
            return Some(true);
        }
        // A copy that the server made, or an upload by another tool, may have parts of another size.
        if checksum.contains('-') && !self.checksum.is_some_and(|known| known.contains('-')) {
            None
        } else {
            Some(false)
        }
    }

    fn by_digest(&self, digest: Option<&str>) -> Verdict {
        match digest {
            Some(digest) if digest == self.sha256 => Verdict::Digest,
            Some(_) => Verdict::Differs,
            None => Verdict::Size,
        }
    }
}

/// Reads an object whole and returns whether its bytes have this SHA-256. `on_bytes` receives the numbers of bytes read.
pub(super) fn has_digest(
    remote: &RemoteLake,
    key: &str,
    bytes: u64,
    sha256: &str,
    on_bytes: &dyn Fn(u64),
) -> anyhow::Result<bool> {
    let mut hash = Sha256::new();
    let mut etag: Option<String> = None;
    let mut start = 0;
    while start < bytes {
        let range = start..(start + RANGE).min(bytes);
        // All ranges are of one object, even if another one takes its place meanwhile.
        let object = remote.call(|bucket| bucket.get_range(key, range.clone(), etag.as_deref()))?;
        hash.update(&object.bytes);
        on_bytes(object.bytes.len() as u64);
        etag = etag.or(object.etag);
        start = range.end;
    }
    Ok(hex::encode(hash.finalize()) == sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_checksum_counts_before_the_writer_s_digest() {
        let sha256 = hex::encode(Sha256::digest("a"));
        let whole = BASE64_STANDARD.encode(Sha256::digest("a"));
        let expected = Expected { bytes: 1, sha256: &sha256, checksum: Some("abc-2") };
        let found = |bytes, checksum: Option<&str>, digest: Option<&str>| Found {
            bytes,
            etag: None,
            checksum: checksum.map(str::to_owned),
            digest: digest.map(str::to_owned),
            modified: None,
        };
        let compare = |found: Found| expected.compare(&found);
        assert_eq!(compare(found(1, Some("abc-2"), Some("other"))), Verdict::Checksum);
        assert_eq!(compare(found(1, Some(&whole), None)), Verdict::Checksum);
        assert_eq!(compare(found(1, Some("xyz-2"), Some(&sha256))), Verdict::Differs);
        assert_eq!(compare(found(1, None, Some(&sha256))), Verdict::Digest);
        assert_eq!(compare(found(1, None, Some("other"))), Verdict::Differs);
        assert_eq!(compare(found(1, None, None)), Verdict::Size);
        assert_eq!(compare(found(2, Some("abc-2"), None)), Verdict::Differs);
        let unknown = Expected { checksum: None, ..expected };
        assert_eq!(unknown.compare(&found(1, Some("xyz-2"), Some(&sha256))), Verdict::Digest);
    }
}
