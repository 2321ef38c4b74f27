//! SHA-256 of bytes, files and streams.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::read::open_regular;
use crate::parallel::on_threads;

/// Returns the sha256 of bytes in lower-case hexadecimal.
pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the number of bytes of a regular file and their sha256.
///
/// # Errors
/// Returns an error if the file is no regular file or cannot be read.
pub fn sha256_of_file(path: &Path) -> anyhow::Result<(u64, String)> {
    sha256_of_file_watched(path, &mut |_| {})
}

/// Like [`sha256_of_file`], but calls `on_bytes` with the number of bytes read so far.
///
/// # Errors
/// Like [`sha256_of_file`].
pub fn sha256_of_file_watched(path: &Path, on_bytes: &mut dyn FnMut(u64)) -> anyhow::Result<(u64, String)> {
    let mut file = open_regular(path)?;
    let mut read = || -> io::Result<(u64, String)> {
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

/// Like [`sha256_of_file_watched`] for many files, on all cores; returns the digests in the order of `paths`. `on_bytes`
/// receives the number of bytes read of all files together.
///
/// # Errors
/// Returns the first error of [`sha256_of_file`].
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
