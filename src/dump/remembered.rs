//! Caches the sha256 of a dump beside it, in `.<name>.sha256.json`, with the size and the time of the file. While both
//! are unchanged, no task reads the 12 GB again to hash them.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DumpFile;
use crate::lake::sha256_of_file_watched;
use crate::store::{OpenObject, error_in};
use digdag_task::Failure;

#[derive(Serialize, Deserialize)]
struct Remembered {
    bytes: u64,
    /// The modification time in nanoseconds since 1970.
    modified: i64,
    sha256: String,
}

/// Returns the sha256 of a dump: the cached one if size and time of the file are unchanged; otherwise reads the file
/// and reports the bytes read so far to `on_bytes`.
///
/// # Errors
/// Returns an I/O error if the file cannot be read, and an error of class `Input` if it changed while it was read.
pub fn sha256_of_dump(file: &DumpFile, on_bytes: &mut dyn FnMut(u64)) -> anyhow::Result<String> {
    if let Some(object) = &file.object {
        return sha256_of_object(object, on_bytes).with_context(|| format!("cannot read {}", file.path.display()));
    }
    if let Some(sha256) = remembered(file) {
        return Ok(sha256);
    }
    let (bytes, sha256) = sha256_of_file_watched(&file.path, on_bytes)?;
    let after = DumpFile::open(&file.path)?;
    if (bytes, after.bytes, after.modified) != (file.bytes, file.bytes, file.modified) {
        return Err(Failure::input(format!("{} changed while it was read", file.path.display()))
            .hint("try again when the process that writes it has ended")
            .into());
    }
    remember_sha256(file, &sha256);
    Ok(sha256)
}

/// Reads an object whole. Its hash is not cached: nothing is written beside it.
fn sha256_of_object(object: &Arc<OpenObject>, on_bytes: &mut dyn FnMut(u64)) -> anyhow::Result<String> {
    let (mut reader, mut hash, mut bytes) = (object.reader(), Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(hash.finalize())),
            Ok(read) => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
                on_bytes(bytes);
            }
            Err(error) => return Err(error_in(error).unwrap_or_else(anyhow::Error::new)),
        }
    }
}

/// Caches the sha256 of a dump. Write errors are ignored: in a read-only folder the next task hashes the file again,
/// and there is no other consequence.
pub fn remember_sha256(file: &DumpFile, sha256: &str) {
    let remembered = Remembered { bytes: file.bytes, modified: file.modified, sha256: sha256.to_owned() };
    let _ = write(&file.path, &remembered);
}

fn remembered(file: &DumpFile) -> Option<String> {
    let note: Remembered = serde_json::from_slice(&fs::read(note_of(&file.path)?).ok()?).ok()?;
    (note.bytes == file.bytes && note.modified == file.modified).then_some(note.sha256)
}

fn write(path: &Path, remembered: &Remembered) -> anyhow::Result<()> {
    let note = note_of(path).context("a file has a name")?;
    let folder = path.parent().context("a file is in a folder")?;
    // Readable for all: other users would have to hash the file again.
    let mut file = tempfile::Builder::new()
        .prefix(".sha256-")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(remembered)?)?;
    file.persist(note)?;
    Ok(())
}

fn note_of(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(format!(".{}.sha256.json", path.file_name()?.to_str()?)))
}
