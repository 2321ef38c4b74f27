//! Whether two tables hold the same rows in any order, by adding up hashes of the rows.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The number of rows, and the sum of their hashes. Rows that differ have equal sums once in 2 to the power of 64 times.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RowSum {
    rows: u64,
    sum: u128,
}

impl RowSum {
    /// Adds a row as often as it stands there.
    pub fn add(&mut self, row: impl Hash, times: u64) {
        self.rows += times;
        self.sum = self.sum.wrapping_add(u128::from(hash(row)) * u128::from(times));
    }
}

/// Returns the hash of a text or of a row.
pub fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
