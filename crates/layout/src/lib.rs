//! Which folders a lake keeps for itself: `_runs`, `_meta`, `_tables`, `active`, the earlier targets of `active`, and
//! every run.

#![warn(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the folder or link of a lake in which a path lies and which only tasks change. `path` is absolute, and none
/// of its links is followed.
pub fn kept_by_a_lake(path: &Path) -> Option<PathBuf> {
    let kept = path.ancestors().find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of_a_lake = ["_runs", "_meta", "_tables", "active"].contains(&name) || name.starts_with("active__prev_");
        of_a_lake && path.parent().is_some_and(|root| root.join("_runs").is_dir())
    });
    kept.or_else(|| path.ancestors().find(|folder| is_run_folder(folder))).map(Path::to_owned)
}

/// Like [`kept_by_a_lake`], of a folder that may be missing and behind links: the path as given and where it leads.
pub fn kept_behind_links(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let present = absolute.ancestors().find(|folder| folder.exists())?;
    let resolved = fs::canonicalize(present).ok()?.join(absolute.strip_prefix(present).ok()?);
    kept_by_a_lake(&absolute).or_else(|| kept_by_a_lake(&resolved))
}

fn is_run_folder(folder: &Path) -> bool {
    folder.join("_run.json").exists() || folder.join("_manifest.json").exists()
}
