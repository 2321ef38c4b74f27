//! What folders take on the disk. A file that two runs share has two names, and its bytes are there once: they go when
//! the last of the names goes.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use walkdir::WalkDir;

use super::Run;

/// How much folders or files hold, and when they changed last.
#[derive(Clone, Debug)]
pub struct Extent {
    pub files: u64,
    /// Of all names: a file with two names in here counts twice.
    pub bytes: u64,
    /// Of files that have no other name anywhere.
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

impl Default for Extent {
    fn default() -> Self {
        Extent { files: 0, bytes: 0, unlinked_bytes: 0, linked: BTreeMap::new(), changed: SystemTime::UNIX_EPOCH }
    }
}

impl Extent {
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let mut extent = Extent::default();
        for entry in WalkDir::new(path).follow_links(false) {
            match entry.and_then(|entry| entry.metadata()) {
                Ok(metadata) => extent.count(&metadata),
                // Others are at work in an open run; what they have just removed is no part of it.
                Err(error) if error.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => {}
                Err(error) => return Err(error).with_context(|| format!("cannot list {}", path.display())),
            }
        }
        Ok(extent)
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

    /// Adds what another folder holds.
    pub fn add(&mut self, other: &Extent) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.unlinked_bytes += other.unlinked_bytes;
        self.changed = self.changed.max(other.changed);
        for (file, there) in &other.linked {
            let none_yet = Linked { names_here: 0, ..*there };
            self.linked.entry(*file).or_insert(none_yet).names_here += there.names_here;
        }
    }

    /// The bytes that nothing else holds: what becomes free when this is removed.
    pub fn own_bytes(&self) -> u64 {
        self.unlinked_bytes + self.bytes_of_linked(Linked::is_all_here)
    }

    /// The bytes that something else holds too: a file of another run is the same file.
    pub fn shared_bytes(&self) -> u64 {
        self.bytes_of_linked(|linked| !linked.is_all_here())
    }

    /// The bytes that are there for this, each once.
    pub fn disk_bytes(&self) -> u64 {
        self.own_bytes() + self.shared_bytes()
    }

    fn bytes_of_linked(&self, of: impl Fn(&Linked) -> bool) -> u64 {
        self.linked.values().filter(|linked| of(linked)).map(|linked| linked.bytes).sum()
    }

    /// A time in the future counts: the clock was set back, and caution is what this is about.
    pub(super) fn changed_within(&self, time: Duration) -> bool {
        self.changed.elapsed().map_or(true, |elapsed| elapsed < time)
    }
}

impl Run {
    /// What it takes on the disk, its reports and unfinished work with it.
    pub fn extent(&self) -> anyhow::Result<Extent> {
        Extent::of(self.folder())
    }
}
