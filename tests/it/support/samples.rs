use std::path::{Path, PathBuf};

use super::skipped;

/// Real dumps, tables and pages of the site. Discogs' data is not part of this project, so they may be absent.
pub fn sample_dumps() -> Option<PathBuf> {
    let named = std::env::var_os("DISCOGS_SAMPLE_DUMPS").map(PathBuf::from);
    if let Some(named) = &named {
        assert!(named.is_dir(), "DISCOGS_SAMPLE_DUMPS: there is no folder {}", named.display());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/dumps");
    let places = named.into_iter().chain([beside, PathBuf::from("/work/shared/dumps")]);
    let found = places.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        skipped("the real records are missing; set DISCOGS_SAMPLE_DUMPS to their folder");
    }
    found
}
