//! The disk usage of folders. A file with two names (hard links) occupies its bytes once, and removing one of the names
//! frees nothing.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use walkdir::WalkDir;

/// The size of folders or files, and when they changed last.
#[derive(Clone, Debug)]
pub struct DiskUsage {
    /// Names of files.
    pub files: u64,
    /// Sum over all names: a file with two names in here counts twice.
    pub bytes: u64,
    /// Sum over the files that have no other name anywhere.
    unlinked_bytes: u64,
    /// The files with several names, by device and inode.
    linked: BTreeMap<(u64, u64), Linked>,
    changed: SystemTime,
}

#[derive(Clone, Copy, Debug)]
struct Linked {
    names_here: u64,
    names: u64,
    bytes: u64,
}

impl Linked {
    fn is_all_here(&self) -> bool {
        self.names_here >= self.names
    }
}

impl Default for DiskUsage {
    fn default() -> Self {
        DiskUsage { files: 0, bytes: 0, unlinked_bytes: 0, linked: BTreeMap::new(), changed: SystemTime::UNIX_EPOCH }
    }
}

impl DiskUsage {
    /// Measures a file, or a folder with all that is in it. Links are not followed.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be listed; what is removed meanwhile counts as missing.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let mut usage = DiskUsage::default();
        for entry in WalkDir::new(path).follow_links(false) {
            match entry.and_then(|entry| entry.metadata()) {
                Ok(metadata) => usage.count(&metadata),
                // Other tasks write to an open run, and may remove what was listed a moment ago.
                Err(error) if error.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => {}
                Err(error) => return Err(error).with_context(|| format!("cannot list {}", path.display())),
            }
        }
        Ok(usage)
    }

    fn count(&mut self, metadata: &Metadata) {
        if let Ok(modified) = metadata.modified() {
            self.changed = self.changed.max(modified);
        }
        if metadata.is_dir() {
            return;
        }
        self.files += 1;
        self.bytes += metadata.len();
        if metadata.nlink() < 2 {
            self.unlinked_bytes += metadata.len();
            return;
        }
        let linked = Linked { names_here: 0, names: metadata.nlink(), bytes: metadata.len() };
        self.linked.entry((metadata.dev(), metadata.ino())).or_insert(linked).names_here += 1;
    }

    /// Adds the usage of another folder.
    pub fn add(&mut self, other: &DiskUsage) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.unlinked_bytes += other.unlinked_bytes;
        self.changed = self.changed.max(other.changed);
        for (file, there) in &other.linked {
            let none_yet = Linked { names_here: 0, ..*there };
            self.linked.entry(*file).or_insert(none_yet).names_here += there.names_here;
        }
    }

    /// Returns the bytes that become free when this is removed.
    pub fn own_bytes(&self) -> u64 {
        self.unlinked_bytes + self.bytes_of_linked(Linked::is_all_here)
    }

    /// Returns the bytes of files that have a name elsewhere too.
    pub fn shared_bytes(&self) -> u64 {
        self.bytes_of_linked(|linked| !linked.is_all_here())
    }

    /// Returns the bytes on the disk, those of a file with several names once.
    pub fn disk_bytes(&self) -> u64 {
        self.own_bytes() + self.shared_bytes()
    }

    fn bytes_of_linked(&self, of: impl Fn(&Linked) -> bool) -> u64 {
        self.linked.values().filter(|linked| of(linked)).map(|linked| linked.bytes).sum()
    }

    /// Whether anything changed within this time. A change in the future counts: the clock was set back, and a caller that
    /// removes what is old must not remove it then.
    pub fn changed_within(&self, time: Duration) -> bool {
        self.changed.elapsed().map_or(true, |elapsed| elapsed < time)
    }
}
