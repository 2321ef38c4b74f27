//! Real dumps. Discogs' data is not part of this project, so they may be absent.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::entity::Entity;

/// The folders of dumps, by the month they are of.
pub const MONTHS: [&str; 3] = ["2020-08", "2017-04", "2025-01"];

/// The folder with the sample dumps. Without one the test is skipped, except in CI, where that would hide its absence.
pub fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("DISCOGS_SAMPLE_DUMPS").map(PathBuf::from);
    if let Some(given) = &given {
        assert!(given.is_dir(), "DISCOGS_SAMPLE_DUMPS: there is no folder {}", given.display());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/dumps");
    let known = [given, Some(beside), Some(PathBuf::from("/work/shared/dumps"))];
    let found = known.into_iter().flatten().find(|folder| folder.is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no sample dumps: set DISCOGS_SAMPLE_DUMPS");
        eprintln!("SKIPPED: no sample dumps; set DISCOGS_SAMPLE_DUMPS to a folder that holds {}", MONTHS.join(", "));
    }
    found
}

/// The dump of an entity in the folder of a month.
pub fn dump(month: &Path, entity: Entity) -> PathBuf {
    let end = format!("_{}.xml.gz", entity.root());
    let mut files = fs::read_dir(month).unwrap().map(|entry| entry.unwrap().path());
    let found = files.find(|file| file.to_string_lossy().ends_with(&end));
    found.unwrap_or_else(|| panic!("{} holds no dump of {}", month.display(), entity.root()))
}

pub fn text(dump: &Path) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(File::open(dump).unwrap()).read_to_string(&mut text).unwrap();
    text
}
