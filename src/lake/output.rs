//! Where the files go that people ask for: outside of everything that a lake keeps for itself, of this lake and any other.

use std::path::{Path, PathBuf};

use super::disk::Error;
use super::disk::output::Output;
use super::root::run_around;

/// Resolves a path for a file that a user asks for. `-` is the standard output.
///
/// # Errors
/// Returns an error if the path is no place for a file, or lies in `_runs`, `_meta`, `active` or a run.
pub fn output_file(path: &Path) -> Result<Output, Error> {
    match digdag_task::stream(path) {
        Some(stream) => Ok(Output::Stream(stream)),
        None => Output::file(path, kept_by_a_lake),
    }
}

/// Resolves a path for a folder that a user asks for.
///
/// # Errors
/// Returns an error if the path is no place for a folder, or lies in `_runs`, `_meta`, `active` or a run.
pub fn output_folder(path: &Path) -> Result<Output, Error> {
    Output::folder(path, kept_by_a_lake)
}

/// Returns the folder or link of a lake in which a path lies and which only tasks change.
pub fn kept_by_a_lake(path: &Path) -> Option<PathBuf> {
    let kept = path.ancestors().find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of_a_lake = ["_runs", "_meta", "active"].contains(&name) || name.starts_with("active__prev_");
        of_a_lake && path.parent().is_some_and(|root| root.join("_runs").is_dir())
    });
    kept.or_else(|| run_around(path)).map(Path::to_owned)
}
