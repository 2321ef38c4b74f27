use std::fs;
use std::path::Path;

use anyhow::Context;

/// The bytes that this user may still write to the file system of a folder.
pub fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let folder = fs::canonicalize(folder).with_context(|| format!("cannot find {}", folder.display()))?;
    let system =
        rustix::fs::statvfs(&folder).with_context(|| format!("cannot ask how full {} is", folder.display()))?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
