//! How much may still be written.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Returns the bytes that this user may still write to the file system of a folder.
///
/// # Errors
/// Returns an error if the folder is missing or its file system cannot be queried.
pub fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let folder = fs::canonicalize(folder).with_context(|| format!("cannot find {}", folder.display()))?;
    let system =
        rustix::fs::statvfs(&folder).with_context(|| format!("cannot query the free space of {}", folder.display()))?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
