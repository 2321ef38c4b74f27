use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::parallel::on_threads;

/// Counts and hashes what passes through to `inner`.
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        HashingWriter { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What was written to, how many bytes, and their sha256 in lower-case hexadecimal.
    pub fn finish(self) -> (W, u64, String) {
        (self.inner, self.bytes, hex::encode(self.hash.finalize()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hash.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The number of bytes of a file and their sha256.
pub fn sha256_of_file(path: &Path) -> anyhow::Result<(u64, String)> {
    sha256_of_file_watched(path, &mut |_| {})
}

/// The same; `on_bytes` hears how many bytes were read so far.
pub fn sha256_of_file_watched(path: &Path, on_bytes: &mut dyn FnMut(u64)) -> anyhow::Result<(u64, String)> {
    let mut read = || -> io::Result<(u64, String)> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok((bytes, hex::encode(hash.finalize())));
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
            on_bytes(bytes);
        }
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

/// The same for many files, on all cores, in the order given; `on_bytes` hears how many were read of all of them so far.
pub fn sha256_of_files(paths: &[PathBuf], on_bytes: &(dyn Fn(u64) + Sync)) -> anyhow::Result<Vec<(u64, String)>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let read = AtomicU64::new(0);
    let hash = |path: &PathBuf| {
        let mut before = 0;
        sha256_of_file_watched(path, &mut |bytes| {
            on_bytes(read.fetch_add(bytes - before, Ordering::Relaxed) + bytes - before);
            before = bytes;
        })
    };
    on_threads(cores, paths.iter().collect(), hash).into_iter().collect()
}
