//! Ranges of a column that bound the memory of a comparison, cut from the statistics in Parquet footers.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::sql::text_literal;

/// The approximate size of a range, over both runs.
#[derive(Clone, Copy, Debug)]
pub struct AtOnce {
    /// Rows of both runs.
    pub rows: u64,
    /// Uncompressed bytes, according to the footers.
    pub bytes: u64,
}

impl AtOnce {
    /// Returns the given rows, and a sixteenth of the memory limit in bytes (256 MiB at most): a range that the engine
    /// can aggregate, join and sort within its memory.
    pub fn within(memory_limit: u64, rows: u64) -> Self {
        const MAX_BYTES: u64 = 256 << 20;
        AtOnce { rows, bytes: (memory_limit / 16).clamp(1, MAX_BYTES) }
    }
}

/// A range of a column from `low` (included) to `high` (excluded), as SQL literals; NULL stands for no bound.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    /// The lower bound, included.
    pub low: String,
    /// The upper bound, excluded.
    pub high: String,
}

/// The least value of a column in a row group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Number(i64),
    Text(String),
}

struct Group {
    least: Least,
    /// The greatest value, if the column holds numbers.
    greatest: Option<i64>,
    rows: u64,
    bytes: u64,
}

impl Group {
    /// Splits a large group into parts, on the assumption that its numbers are evenly distributed.
    fn in_parts(self, at_once: AtOnce) -> Vec<Group> {
        let parts = (self.bytes.div_ceil(at_once.bytes)).max(self.rows.div_ceil(at_once.rows)).min(self.rows).max(1);
        let (Least::Number(least), Some(greatest)) = (&self.least, self.greatest) else { return vec![self] };
        let span = i128::from(greatest) - i128::from(*least) + 1;
        let least_of = |part: u64| i64::try_from(i128::from(*least) + span * i128::from(part) / i128::from(parts));
        let part = |part: u64| Group {
            least: Least::Number(least_of(part).unwrap_or(greatest)),
            greatest: None,
            rows: self.rows / parts,
            bytes: self.bytes / parts,
        };
        (0..parts).map(part).collect()
    }
}

/// Cuts a column into ranges of about the size of `at_once`. The ranges always cover the column; they are uneven if the
/// rows are not sorted by it or its numbers have gaps.
///
/// # Errors
/// Returns an error if a footer cannot be read.
pub fn ranges(files: &[PathBuf], column: &str, at_once: AtOnce) -> anyhow::Result<Vec<Range>> {
    let mut groups = Vec::new();
    for file in files {
        let cannot = || format!("cannot read {}", file.display());
        let reader = SerializedFileReader::new(File::open(file).with_context(cannot)?).with_context(cannot)?;
        let found = reader.metadata().row_groups().iter().filter_map(|group| of_group(group, column));
        groups.extend(found.flat_map(|group| group.in_parts(at_once)));
    }
    groups.sort_by(|a, b| a.least.cmp(&b.least));
    let mut cuts: Vec<Least> = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for group in groups {
        let full = rows > 0 && (rows + group.rows > at_once.rows || bytes + group.bytes > at_once.bytes);
        if full && cuts.last() != Some(&group.least) {
            cuts.push(group.least);
            (rows, bytes) = (0, 0);
        }
        rows += group.rows;
        bytes += group.bytes;
    }
    let literals = cuts.iter().map(Least::literal);
    let lows = std::iter::once("NULL".to_owned()).chain(literals.clone());
    let highs = literals.chain(std::iter::once("NULL".to_owned()));
    Ok(lows.zip(highs).map(|(low, high)| Range { low, high }).collect())
}

impl Least {
    fn literal(&self) -> String {
        match self {
            Least::Number(number) => number.to_string(),
            Least::Text(text) => text_literal(text),
        }
    }
}

fn of_group(group: &RowGroupMetaData, column: &str) -> Option<Group> {
    let chunk = group.columns().iter().find(|chunk| chunk.column_path().string() == column)?;
    let mut greatest = None;
    let least = match chunk.statistics()? {
        Statistics::Int64(statistics) => {
            greatest = statistics.max_opt().copied();
            Least::Number(*statistics.min_opt()?)
        }
        Statistics::Int32(statistics) => {
            greatest = statistics.max_opt().copied().map(i64::from);
            Least::Number((*statistics.min_opt()?).into())
        }
        // A footer may truncate a text, which still bounds a range. A text with NUL would end the statement, so it is
        // left out.
        Statistics::ByteArray(statistics) => {
            let text = std::str::from_utf8(statistics.min_opt()?.data()).ok()?;
            Least::Text(Some(text).filter(|text| !text.contains('\0'))?.to_owned())
        }
        _ => return None,
    };
    let [rows, bytes] =
        [group.num_rows(), group.total_byte_size()].map(|number| u64::try_from(number).unwrap_or_default());
    Some(Group { least, greatest, rows, bytes })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, Int64Array, StringArray};
    use arrow::record_batch::RecordBatch;

    use super::*;
    use crate::contract::Contract;
    use crate::parquet::TableFile;

    #[test]
    fn ranges_meet_and_begin_where_row_groups_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut table = Contract::load().expect("the contract").table("release_genres_v1").expect("is there").clone();
        table.row_group_rows = 10;
        // Texts have a least value in the footer if they are the key, or have a bloom filter.
        table.columns[2].bloom_filter = true;
        let path = folder.path().join("rows.parquet");
        let mut file = TableFile::create(&path, &table).expect("a file");
        let ids = Int64Array::from_iter_values(0..100);
        let positions = Int32Array::from_iter_values((0..100).map(|_| 1));
        let genres = StringArray::from_iter_values((0..100).map(|id| format!("genre {id:02}")));
        let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(ids), Arc::new(positions), Arc::new(genres)];
        file.append(RecordBatch::try_new(file.schema().clone(), columns).expect("rows")).expect("written");
        file.finish().expect("finished");

        let at_once = |rows, bytes| AtOnce { rows, bytes };
        let cut = |column, rows| ranges(std::slice::from_ref(&path), column, at_once(rows, u64::MAX)).expect("ranges");
        let lows = |column, rows| cut(column, rows).into_iter().map(|range| range.low).collect::<Vec<_>>();
        let highs = |column, rows| cut(column, rows).into_iter().map(|range| range.high).collect::<Vec<_>>();
        assert_eq!(lows("release_id", 30), ["NULL", "30", "60", "90"]);
        assert_eq!(highs("release_id", 30), ["30", "60", "90", "NULL"]);
        assert_eq!(lows("genre", 50), ["NULL", "'genre 50'"]);
        assert_eq!(lows("release_id", 1000), ["NULL"]);
        assert_eq!(highs("release_id", 1000), ["NULL"]);
        // Within a row group if the row group is too large.
        assert_eq!(lows("release_id", 5)[..4], ["NULL", "5", "10", "15"]);
        let little = ranges(std::slice::from_ref(&path), "release_id", at_once(1000, 1)).expect("ranges");
        assert_eq!(little.len(), 100, "no range is smaller than a row");
    }

    #[test]
    fn what_is_compared_at_once_fits_the_memory() {
        assert_eq!(AtOnce::within(64 << 20, 10).bytes, 4 << 20);
        assert_eq!(AtOnce::within(64 << 30, 10).bytes, 256 << 20);
    }
}
