//! Real dumps: those that `support::sample_dumps` finds.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::Entity;

/// The folders of dumps, by the month they are of.
pub const MONTHS: [&str; 3] = ["2020-08", "2017-04", "2025-01"];

/// The dump of an entity in the folder of a month.
pub fn dump(month: &Path, entity: Entity) -> PathBuf {
    let end = format!("_{}.xml.gz", entity.name());
    let mut files = fs::read_dir(month).unwrap().map(|entry| entry.unwrap().path());
    let found = files.find(|file| file.to_string_lossy().ends_with(&end));
    found.unwrap_or_else(|| panic!("{} holds no dump of {}", month.display(), entity.name()))
}

pub fn text(dump: &Path) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(File::open(dump).unwrap()).read_to_string(&mut text).unwrap();
    text
}
