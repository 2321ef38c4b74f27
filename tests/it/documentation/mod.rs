//! The documentation is true: its commands run, its pages agree with the contract and the code.

mod checks;
mod commands;
mod faults;
mod readme;
mod rooms;
mod tables;
mod troubleshooting;

use std::path::{Path, PathBuf};

/// The Rust files below a folder.
fn rust_files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
}
