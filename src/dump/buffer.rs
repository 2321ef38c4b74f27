//! Memory for XML that is used again.

use std::ops::Deref;

/// Bytes that are read piece by piece, in memory that is used again: what was written once is not zeroed for the next
/// bytes, which for all the XML of a dump is a hundredth of the time.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    /// Makes room for `length` bytes in all, in steps of at least `step`; gives what is not filled of it.
    pub(super) fn room(&mut self, length: usize, step: usize) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let room = self.bytes.capacity().max(self.filled + step).min(length);
            self.bytes.resize(room.max(self.filled), 0);
        }
        let end = self.bytes.len().min(length.max(self.filled));
        &mut self.bytes[self.filled..end]
    }

    /// Counts in what was read into the room.
    pub(super) fn fill(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        self.bytes[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.filled = self.filled.min(length);
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}
