//! The errors of the disk that callers tell apart.

use std::path::PathBuf;

use super::lock::Holder;

/// A refusal that a caller can tell apart. Errors of the system are `std::io::Error`s with the path as context.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds the lock.
    #[error("{what} is locked by {holder}")]
    Locked {
        /// What the lock protects.
        what: String,
        /// The other process.
        holder: Holder,
    },

    /// A FIFO, a device or a folder lies where a file is expected. It was not opened.
    #[error("{} is {found}, expected a regular file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// What lies there.
        found: &'static str,
    },

    /// A path of the user's own cannot be written to.
    #[error("cannot write to {path:?}: {reason}")]
    Output {
        /// The path as given.
        path: PathBuf,
        /// Why not.
        reason: String,
    },

    /// A path of the user's own lies in a folder that must not change.
    #[error("{} lies in {}, which only the lake's own tasks may change", path.display(), kept.display())]
    Protected {
        /// The path as given.
        path: PathBuf,
        /// The folder that must not change.
        kept: PathBuf,
    },
}
