//! The parts of a file to send, with their digests, from one pass over its bytes.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::lake::{Error, ManifestFile, SealedRun};

/// The bytes read at once while a file is hashed.
const BUFFER: usize = 1 << 20;

/// The most parts of an object.
const MAX_PARTS: u64 = 10_000;

/// A file of a run and its parts.
#[derive(Clone, Debug)]
pub(super) struct FilePlan {
    /// Relative to the run, with `/`.
    pub path: String,
    /// Where it lies.
    pub file: PathBuf,
    /// The length.
    pub bytes: u64,
    /// The SHA-256 of all its bytes.
    pub sha256: [u8; 32],
    /// The SHA-256 of each part, at least one.
    pub parts: Vec<[u8; 32]>,
    part_bytes: u64,
}

impl FilePlan {
    /// Reads a file of a sealed run and compares it with the manifest. `on_bytes` receives the numbers of bytes read.
    pub fn read(run: &SealedRun, file: &ManifestFile, part_bytes: u64, on_bytes: &dyn Fn(u64)) -> anyhow::Result<Self> {
        let path = run.run().folder().join(&file.path);
        let cannot = || format!("cannot read {}", path.display());
        let mut source = File::open(&path).with_context(cannot)?;
        let (mut whole, mut part) = (Sha256::new(), Sha256::new());
        let (mut bytes, mut in_part) = (0_u64, 0_u64);
        let mut parts = Vec::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            let wanted = usize::try_from(part_bytes - in_part).unwrap_or(usize::MAX).min(BUFFER);
            let read = source.read(&mut buffer[..wanted]).with_context(cannot)?;
            if read == 0 {
                break;
            }
            whole.update(&buffer[..read]);
            part.update(&buffer[..read]);
            bytes += read as u64;
            in_part += read as u64;
            if in_part == part_bytes {
                parts.push(std::mem::take(&mut part).finalize().into());
                in_part = 0;
            }
            on_bytes(read as u64);
        }
        if in_part > 0 || parts.is_empty() {
            parts.push(part.finalize().into());
        }
        let sha256: [u8; 32] = whole.finalize().into();
        if bytes != file.bytes || hex::encode(sha256) != file.sha256 {
            let difference = format!("{} was changed", file.path);
            return Err(Error::Changed { run: run.run().id().clone(), difference }.into());
        }
        Ok(FilePlan { path: file.path.clone(), file: path, bytes, sha256, parts, part_bytes })
    }

    /// Returns the range of a part, which counts from 0.
    pub fn range(&self, part: usize) -> Range<u64> {
        let start = part as u64 * self.part_bytes;
        start..(start + self.part_bytes).min(self.bytes)
    }

    /// Returns the checksum that a server keeps of the object as it is sent here.
    pub fn checksum(&self) -> String {
        match self.parts.as_slice() {
            [only] => BASE64_STANDARD.encode(only),
            parts => {
                let digests = Sha256::digest(parts.concat());
                format!("{}-{}", BASE64_STANDARD.encode(digests), parts.len())
            }
        }
    }
}

/// Returns the smallest part size, at least `asked`, with which a file has no more parts than an object may have.
pub(super) fn fitting_part_bytes(asked: u64, longest: u64) -> u64 {
    asked.max(longest.div_ceil(MAX_PARTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_at_most_ten_thousand() {
        assert_eq!(fitting_part_bytes(16 << 20, 1 << 30), 16 << 20);
        let longest = 400 << 30;
        let part = fitting_part_bytes(16 << 20, longest);
        assert!(part > 16 << 20 && longest.div_ceil(part) <= 10_000);
    }

    #[test]
    fn a_checksum_of_parts_is_that_of_their_checksums() {
        let digest = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
        let plan = |parts: Vec<[u8; 32]>| FilePlan {
            path: String::new(),
            file: PathBuf::new(),
            bytes: 7,
            sha256: digest("abcdefg"),
            parts,
            part_bytes: 4,
        };
        let parts = plan(vec![digest("abcd"), digest("efg")]);
        assert_eq!((parts.range(0), parts.range(1)), (0..4, 4..7));
        let of_both = Sha256::digest([digest("abcd"), digest("efg")].concat());
        assert_eq!(parts.checksum(), format!("{}-2", BASE64_STANDARD.encode(of_both)));
        let one = plan(vec![digest("abcdefg")]);
        assert_eq!(one.checksum(), BASE64_STANDARD.encode(digest("abcdefg")));
    }
}
