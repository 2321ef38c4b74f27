//! Writes the rows of a load: every record, or those that differ from the latest of their ids.

use std::path::Path;

use anyhow::Context;
use arrow::array::{Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Int64Array, StringArray};
use arrow::compute::filter;
use arrow::record_batch::RecordBatch;
use lake_catalog::{DataWriter, TableChange, WrittenFile};
use md5::{Digest, Md5};

use super::columns::Stamp;
use super::known::Known;
use crate::ingest::RowWriter;

/// Rows that say that an id is gone, in a batch.
const DELETIONS: usize = 8192;

/// The records of a load, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The records of the dump.
    pub records: u64,
    /// Records whose ids are new.
    pub inserted: u64,
    /// Records whose bytes differ from the latest of their ids.
    pub updated: u64,
    /// Records whose bytes are the same, at another place among the others.
    pub moved: u64,
    /// Records that are as they were, of which a load of changes has no row.
    pub unchanged: u64,
    /// Ids that are gone.
    pub deleted: u64,
}

impl Counts {
    /// Returns the rows of the load.
    pub fn rows(&self) -> u64 {
        self.inserted + self.updated + self.moved + self.deleted
    }
}

/// A dump whose changes cannot be told, because its records have no ids or the same ones.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotKeyed(pub String);

/// The written rows of a load.
pub struct Written {
    /// The files, in the order of their rows.
    pub files: Vec<WrittenFile>,
    /// The counts.
    pub counts: Counts,
    /// The MD5 of the MD5s of all records.
    pub records_md5: String,
    /// The ids of the records, as far as their order tells.
    pub ids: Ids,
}

/// The ids of a dump's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// No two records have the same id.
    Unique,
    /// New ids came out of order, so two of them may be the same.
    Unsure,
    /// A record has no id.
    Missing,
}

/// Writes the rows of a load.
pub struct LoadWriter {
    files: DataWriter,
    stamp: Stamp,
    /// The latest records, for a load of changes.
    known: Option<Known>,
    order: Order,
    counts: Counts,
    ids: Ids,
    largest: Option<i64>,
    sequence: Md5,
}

impl LoadWriter {
    /// Returns a writer into a folder, of all records or, with `known`, of those that differ from it.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub fn new(change: &TableChange, folder: &Path, stamp: Stamp, known: Option<Known>) -> anyhow::Result<Self> {
        Ok(LoadWriter {
            files: DataWriter::new(change, folder, &[])?,
            stamp,
            known,
            order: Order::default(),
            counts: Counts::default(),
            ids: Ids::Unique,
            largest: None,
            sequence: Md5::new(),
        })
    }

    /// Writes a row for each id that is gone, and closes the files.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub fn finish(mut self) -> anyhow::Result<Written> {
        if let Some(mut known) = self.known.take() {
            let mut gone = Vec::new();
            known.each_unseen(|id| {
                self.counts.deleted += 1;
                gone.push(id);
                match gone.len() {
                    DELETIONS => Ok(self.files.write(&self.stamp.deletions(std::mem::take(&mut gone))?)?),
                    _ => Ok(()),
                }
            })?;
            if !gone.is_empty() {
                self.files.write(&self.stamp.deletions(gone)?)?;
            }
        }
        Ok(Written {
            files: self.files.finish()?,
            counts: self.counts,
            records_md5: hex::encode(self.sequence.finalize()),
            ids: self.ids,
        })
    }

    /// Returns whether the load has a row of the next record.
    fn takes(&mut self, id: Option<i64>, md5: &[u8]) -> anyhow::Result<bool> {
        self.counts.records += 1;
        self.sequence.update(md5);
        let number = self.counts.records;
        let Some(id) = id else {
            if self.known.is_some() {
                return Err(NotKeyed(format!("record {number} of the dump has no id")).into());
            }
            self.ids = Ids::Missing;
            self.counts.inserted += 1;
            return Ok(true);
        };
        let is_largest = self.largest.is_none_or(|largest| largest < id);
        let known = match &mut self.known {
            None => None,
            Some(known) => known.find(id)?,
        };
        let takes = match (&mut self.known, known) {
            (Some(known), Some(entry)) => {
                if known.mark(&entry) {
                    return Err(NotKeyed(format!("record {number} of the dump has the id {id} again")).into());
                }
                let keeps_order = self.order.keeps(entry.position);
                let is_same = entry.md5 == md5;
                match (is_same, keeps_order) {
                    (true, true) => self.counts.unchanged += 1,
                    (true, false) => self.counts.moved += 1,
                    (false, _) => self.counts.updated += 1,
                }
                !(is_same && keeps_order)
            }
            _ => {
                if !is_largest && self.ids == Ids::Unique {
                    self.ids = Ids::Unsure;
                }
                self.counts.inserted += 1;
                true
            }
        };
        if is_largest {
            self.largest = Some(id);
        }
        Ok(takes)
    }
}

impl RowWriter for LoadWriter {
    fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        let [ids, xml, md5] = batch.columns() else { anyhow::bail!("records have other columns than id, XML and MD5") };
        let (ids_of, md5_of) = (ids.as_any().downcast_ref::<Int64Array>(), md5.as_any().downcast_ref());
        let (ids_of, md5_of): (&Int64Array, &FixedSizeBinaryArray) =
            ids_of.zip(md5_of).context("records have other columns than id, XML and MD5")?;
        let (mut taken, mut positions, mut hashes) = (Vec::with_capacity(ids.len()), Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            let is_taken = self.takes(ids_of.is_valid(row).then(|| ids_of.value(row)), md5_of.value(row))?;
            taken.push(is_taken);
            if is_taken {
                positions.push(i64::try_from(self.counts.records)?);
                hashes.push(hex::encode(md5_of.value(row)));
            }
        }
        if positions.is_empty() {
            return Ok(());
        }
        let (ids, xml): (ArrayRef, ArrayRef) = match positions.len() == taken.len() {
            true => (ids.clone(), xml.clone()),
            false => {
                let taken = BooleanArray::from(taken);
                (filter(ids, &taken)?, filter(xml, &taken)?)
            }
        };
        let rows = self.stamp.rows(ids, xml, Int64Array::from(positions), StringArray::from_iter_values(hashes))?;
        Ok(self.files.write(&rows)?)
    }
}

/// Positions within which the next record is expected, so that deleted records are passed.
const NEAR: i64 = 100;

/// Records in a row that show that a larger gap is one of deleted records.
const ENOUGH: u32 = 64;

/// Tells the records that keep their order from those that moved. Where both dumps ascend by id, all keep it.
///
/// The positions of records that keep their order ascend. A record that is ahead of the others would leave all others
/// behind, so a gap is passed only once many records in a row are behind it.
#[derive(Debug, Default)]
struct Order {
    /// The former position of the last record that kept its order.
    last: i64,
    /// The former position of the last record behind a gap, and the number of such records in a row.
    ahead: (i64, u32),
}

impl Order {
    /// Returns whether the next record, by its former position, keeps its order.
    fn keeps(&mut self, position: i64) -> bool {
        let follows = |last: i64| position > last && position - last <= NEAR;
        if follows(self.last) {
            self.last = position;
            return true;
        }
        if position <= self.last {
            return false;
        }
        self.ahead = (position, if follows(self.ahead.0) { self.ahead.1 + 1 } else { 1 });
        if self.ahead.1 < ENOUGH {
            return false;
        }
        self.last = position;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(positions: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut order = Order::default();
        positions.into_iter().filter(|position| order.keeps(*position)).collect()
    }

    #[test]
    fn records_that_ascend_keep_their_order() {
        assert_eq!(kept([1, 2, 3, 7, 8, 90]), [1, 2, 3, 7, 8, 90]);
        assert_eq!(kept([]), Vec::<i64>::new());
    }

    #[test]
    fn a_record_at_another_place_moves_alone() {
        assert_eq!(kept([1, 2, 5000, 3, 4, 5]), [1, 2, 3, 4, 5]);
        assert_eq!(kept([3, 4, 1, 2, 5, 6]), [3, 4, 5, 6]);
        assert_eq!(kept([2, 1, 3]), [2, 3]);
    }

    #[test]
    fn a_large_gap_of_deleted_records_is_passed() {
        let found = kept((1..10).chain(20_000..21_000));
        assert_eq!(found.len(), 9 + 1000 - 63);
        assert!(found.is_sorted());
    }
}
