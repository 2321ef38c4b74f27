use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// The contents of a folder: each path with its kind, inode, time and content.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, String>);

impl Snapshot {
    /// Takes a snapshot of a folder without `_meta`, `_tasks`, `_reports` and empty `_staging` folders, to which a failed task
    /// may add.
    pub fn of(root: &Path) -> Snapshot {
        let mut paths = BTreeMap::new();
        for entry in WalkDir::new(root).follow_links(false).min_depth(1) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.split('/').any(|name| ["_meta", "_tasks", "_reports"].contains(&name)) {
                continue;
            }
            let metadata = entry.metadata().unwrap();
            let same = format!("inode {} mode {:o}", metadata.ino(), metadata.mode());
            let what = if metadata.is_symlink() {
                format!("link to {}, {same}", fs::read_link(entry.path()).unwrap().display())
            } else if metadata.is_dir() {
                if path.ends_with("_staging") {
                    continue;
                }
                format!("folder, {same}")
            } else if metadata.is_file() {
                let hash = Sha256::digest(fs::read(entry.path()).unwrap());
                format!("file {hash:02x?}, {same}, time {}.{}", metadata.mtime(), metadata.mtime_nsec())
            } else {
                format!("something else, {same}")
            };
            paths.insert(path, what);
        }
        Snapshot(paths)
    }

    /// Compares the folder with the snapshot.
    #[track_caller]
    pub fn expect_unchanged(&self, root: &Path) {
        let now = Snapshot::of(root);
        let names = self.0.keys().chain(now.0.keys());
        let changed: Vec<_> = names.filter(|path| self.0.get(*path) != now.0.get(*path)).collect();
        assert!(changed.is_empty(), "these have changed: {changed:?}");
    }
}
