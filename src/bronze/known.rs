//! The latest record of each id, in a file that is sorted by id: the MD5 of the record and its position.
//!
//! A dump of 19 million records has a file of 600 MB; in memory are the first id of each block of the file, one block, and a
//! bit for each record. Dumps ascend by id, so nearly every lookup finds its entry in the block of the one before. A lookup
//! out of order reads another block.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The id, the MD5 and the position.
const ENTRY_BYTES: usize = 8 + 16 + 8;

/// The entries of a block.
const BLOCK: usize = 2048;

/// The latest record of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of the entry in the file.
    index: usize,
    /// The MD5 of the record.
    pub md5: [u8; 16],
    /// The position of the record.
    pub position: i64,
}

/// The latest record of each id.
#[derive(Debug)]
pub struct Known {
    path: PathBuf,
    file: File,
    entries: usize,
    first_ids: Vec<i64>,
    /// The number and the bytes of the block that was read last.
    block: (usize, Vec<u8>),
    /// A bit for each entry that was found.
    seen: Vec<u64>,
}

/// Writes the file of a [`Known`].
pub struct KnownWriter {
    path: PathBuf,
    file: BufWriter<File>,
    entries: usize,
    first_ids: Vec<i64>,
    last: Option<i64>,
}

impl KnownWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// Fails if the file cannot be created.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file =
            File::options().read(true).write(true).create_new(true).open(path).with_context(|| cannot_write(path))?;
        let file = BufWriter::with_capacity(ENTRY_BYTES * BLOCK, file);
        Ok(KnownWriter { path: path.to_owned(), file, entries: 0, first_ids: Vec::new(), last: None })
    }

    /// Adds an entry; ids ascend.
    ///
    /// # Errors
    /// Fails if the file cannot be written or the id is not larger than the one before.
    pub fn push(&mut self, id: i64, md5: &[u8; 16], position: i64) -> anyhow::Result<()> {
        anyhow::ensure!(self.last.is_none_or(|last| last < id), "id {id} is out of order in {}", self.path.display());
        self.last = Some(id);
        if self.entries.is_multiple_of(BLOCK) {
            self.first_ids.push(id);
        }
        self.entries += 1;
        let mut entry = [0; ENTRY_BYTES];
        entry[..8].copy_from_slice(&id.to_le_bytes());
        entry[8..24].copy_from_slice(md5);
        entry[24..].copy_from_slice(&position.to_le_bytes());
        self.file.write_all(&entry).with_context(|| cannot_write(&self.path))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn finish(self) -> anyhow::Result<Known> {
        let file = self.file.into_inner().map_err(|error| error.into_error());
        let file = file.with_context(|| cannot_write(&self.path))?;
        Ok(Known {
            path: self.path,
            file,
            entries: self.entries,
            first_ids: self.first_ids,
            block: (usize::MAX, Vec::new()),
            seen: vec![0; self.entries.div_ceil(64)],
        })
    }
}

impl Known {
    /// Returns the entry of an id, or `None` if there is none.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn find(&mut self, id: i64) -> anyhow::Result<Option<Entry>> {
        let after = self.first_ids.partition_point(|first| *first <= id);
        let Some(number) = after.checked_sub(1) else { return Ok(None) };
        self.read(number)?;
        let (mut low, mut high) = (0, self.block.1.len() / ENTRY_BYTES);
        while low < high {
            let middle = (low + high) / 2;
            if self.id_at(middle) < id { low = middle + 1 } else { high = middle }
        }
        if low == self.block.1.len() / ENTRY_BYTES || self.id_at(low) != id {
            return Ok(None);
        }
        let entry = &self.block.1[low * ENTRY_BYTES..(low + 1) * ENTRY_BYTES];
        let (mut md5, mut position) = ([0; 16], [0; 8]);
        md5.copy_from_slice(&entry[8..24]);
        position.copy_from_slice(&entry[24..]);
        Ok(Some(Entry { index: number * BLOCK + low, md5, position: i64::from_le_bytes(position) }))
    }

    /// Marks an entry as seen. Returns whether it was before.
    pub fn mark(&mut self, entry: &Entry) -> bool {
        let (word, bit) = (&mut self.seen[entry.index / 64], 1 << (entry.index % 64));
        let was_seen = *word & bit != 0;
        *word |= bit;
        was_seen
    }

    /// Passes the ids that were not seen to `take`, ascending.
    ///
    /// # Errors
    /// Fails if the file cannot be read, and with the first error of `take`.
    pub fn each_unseen(&mut self, mut take: impl FnMut(i64) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for number in 0..self.first_ids.len() {
            let entries = BLOCK.min(self.entries - number * BLOCK);
            let is_seen = |index: usize| self.seen[index / 64] & (1 << (index % 64)) != 0;
            let unseen: Vec<_> = (0..entries).filter(|at| !is_seen(number * BLOCK + at)).collect();
            if unseen.is_empty() {
                continue;
            }
            self.read(number)?;
            for at in unseen {
                take(self.id_at(at))?;
            }
        }
        Ok(())
    }

    fn read(&mut self, number: usize) -> anyhow::Result<()> {
        if self.block.0 == number {
            return Ok(());
        }
        let entries = BLOCK.min(self.entries - number * BLOCK);
        self.block.0 = usize::MAX;
        self.block.1.resize(entries * ENTRY_BYTES, 0);
        let offset = (number * BLOCK * ENTRY_BYTES) as u64;
        self.file
            .read_exact_at(&mut self.block.1, offset)
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        self.block.0 = number;
        Ok(())
    }

    fn id_at(&self, at: usize) -> i64 {
        let mut id = [0; 8];
        id.copy_from_slice(&self.block.1[at * ENTRY_BYTES..at * ENTRY_BYTES + 8]);
        i64::from_le_bytes(id)
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(ids: impl Iterator<Item = i64>) -> (tempfile::TempDir, Known) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = KnownWriter::create(&folder.path().join("known")).expect("a file");
        for (position, id) in (1..).zip(ids) {
            writer.push(id, &[id as u8; 16], position).expect("an entry");
        }
        (folder, writer.finish().expect("the file"))
    }

    #[test]
    fn entries_are_found_in_any_order_and_those_not_seen_are_listed() {
        // Odd ids over several blocks.
        let last = 2 * 5000 + 1;
        let (_folder, mut known) = known((0..=5000).map(|number| 2 * number + 1));
        for id in [1, 3, last, 2 * 2048 + 1, 2 * 2048 - 1, 2 * 4096 + 1, 1] {
            let entry = known.find(id).expect("a lookup").expect("an entry");
            assert_eq!((entry.md5[0], entry.position), (id as u8, id / 2 + 1), "{id}");
        }
        for id in [i64::MIN, 0, 2, 2 * 2048, last + 1, i64::MAX] {
            assert_eq!(known.find(id).expect("a lookup"), None, "{id}");
        }
        for id in (0..=5000).map(|number| 2 * number + 1).filter(|id| ![3, 4097, last].contains(id)) {
            let entry = known.find(id).expect("a lookup").expect("an entry");
            assert!(!known.mark(&entry) && known.mark(&entry), "{id}");
        }
        let mut unseen = Vec::new();
        known
            .each_unseen(|id| {
                unseen.push(id);
                Ok(())
            })
            .expect("the ids");
        assert_eq!(unseen, [3, 4097, last]);
    }

    #[test]
    fn an_empty_file_has_no_entries() {
        let (_folder, mut known) = known(std::iter::empty());
        assert_eq!(known.find(1).expect("a lookup"), None);
        known.each_unseen(|id| anyhow::bail!("{id}")).expect("no ids");
    }
}
