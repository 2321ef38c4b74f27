//! Where the files go that people ask for: outside of everything that a lake keeps for itself, of this lake and any other.

use std::path::Path;

use lake_layout::kept_by_a_lake;

use super::disk::Error;
use super::disk::output::Output;

/// Resolves a path for a file that a user asks for. `-` is the standard output.
///
/// # Errors
/// Returns an error if the path is no place for a file, or lies in `_runs`, `_meta`, `_tables`, `active` or a run.
pub fn output_file(path: &Path) -> Result<Output, Error> {
    match digdag_task::stream(path) {
        Some(stream) => Ok(Output::Stream(stream)),
        None => Output::file(path, kept_by_a_lake),
    }
}

/// Resolves a path for a folder that a user asks for.
///
/// # Errors
/// Returns an error if the path is no place for a folder, or lies in `_runs`, `_meta`, `_tables`, `active` or a run.
pub fn output_folder(path: &Path) -> Result<Output, Error> {
    Output::folder(path, kept_by_a_lake)
}

/// Refuses a folder that a user asks for, and that may be missing, in `_runs`, `_meta`, `_tables`, `active` or a run.
///
/// # Errors
/// Returns [`Error::Protected`].
pub fn refuse_kept(folder: &Path) -> Result<(), Error> {
    match lake_layout::kept_behind_links(folder) {
        Some(kept) => Err(Error::Protected { path: folder.to_owned(), kept }),
        None => Ok(()),
    }
}
