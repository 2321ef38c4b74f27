//! A month of dumps becomes a published lake: real records and invented ones, through the workflows, and what came of
//! them. The real records' tables are compared with those of the pipelines before this one (`../shared/expected`).

mod dump_tables;
mod expected;
mod name_map;
mod published;
mod release_xrefs;
mod rerun;
mod smoke;
mod workflow;

use std::path::{Path, PathBuf};

pub use smoke::digdag;
pub use workflow::path_with_binaries;

/// The folder of real records, which the project does not ship.
pub fn sample_dumps() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/dumps");
    let named = std::env::var_os("DISCOGS_SAMPLE_DUMPS").map(PathBuf::from);
    let places = named.into_iter().chain([beside, PathBuf::from("/work/shared/dumps")]);
    let found = places.into_iter().find(|folder| folder.join("SOURCES.md").is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "the real records are missing; set DISCOGS_SAMPLE_DUMPS");
        eprintln!("SKIPPED: the real records are missing; set DISCOGS_SAMPLE_DUMPS to their folder");
    }
    found
}
