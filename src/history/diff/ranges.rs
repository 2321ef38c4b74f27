use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::sql::text_literal;

/// Bytes of both runs, unpacked, that are compared at once.
const BYTES_AT_ONCE: u64 = 256 << 20;

/// A range of a column, from `low` on and below `high`, as SQL literals; NULL where it is open.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    pub low: String,
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
    rows: u64,
    bytes: u64,
}

/// Cuts a column into ranges of about so many rows. Where rows are not sorted by it the ranges are uneven, no less right.
pub fn ranges(files: &[PathBuf], column: &str, rows_at_once: u64) -> anyhow::Result<Vec<Range>> {
    let mut groups = Vec::new();
    for file in files {
        let cannot = || format!("cannot read {}", file.display());
        let reader = SerializedFileReader::new(File::open(file).with_context(cannot)?).with_context(cannot)?;
        groups.extend(reader.metadata().row_groups().iter().filter_map(|group| of_group(group, column)));
    }
    groups.sort_by(|a, b| a.least.cmp(&b.least));
    let mut cuts: Vec<Least> = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for group in groups {
        let full = rows + group.rows > rows_at_once || bytes + group.bytes > BYTES_AT_ONCE;
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
    let least = match chunk.statistics()? {
        Statistics::Int64(statistics) => Least::Number(*statistics.min_opt()?),
        Statistics::Int32(statistics) => Least::Number((*statistics.min_opt()?).into()),
        // A text may be cut short in the footer: still a place to cut at. NUL ends a statement, so not at that.
        Statistics::ByteArray(statistics) => {
            let text = std::str::from_utf8(statistics.min_opt()?.data()).ok()?;
            Least::Text(Some(text).filter(|text| !text.contains('\0'))?.to_owned())
        }
        _ => return None,
    };
    let [rows, bytes] =
        [group.num_rows(), group.total_byte_size()].map(|number| u64::try_from(number).unwrap_or_default());
    Some(Group { least, rows, bytes })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, Int64Array, StringArray};
    use arrow::record_batch::RecordBatch;

    use super::*;
    use crate::table::{Contract, TableFile};

    #[test]
    fn ranges_meet_and_begin_where_row_groups_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut table = Contract::load().expect("the contract").table("release_genres_v1").expect("is there").clone();
        table.row_group_rows = 10;
        // Texts have a least value in the footer where they are the key, or have a bloom filter.
        table.columns[2].bloom_filter = true;
        let path = folder.path().join("rows.parquet");
        let mut file = TableFile::create(&path, &table).expect("a file");
        let ids = Int64Array::from_iter_values(0..100);
        let positions = Int32Array::from_iter_values((0..100).map(|_| 1));
        let genres = StringArray::from_iter_values((0..100).map(|id| format!("genre {id:02}")));
        let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(ids), Arc::new(positions), Arc::new(genres)];
        file.append(RecordBatch::try_new(file.schema().clone(), columns).expect("rows")).expect("written");
        file.finish().expect("finished");

        let cut = |column, rows| ranges(std::slice::from_ref(&path), column, rows).expect("ranges");
        let lows = |column, rows| cut(column, rows).into_iter().map(|range| range.low).collect::<Vec<_>>();
        let highs = |column, rows| cut(column, rows).into_iter().map(|range| range.high).collect::<Vec<_>>();
        assert_eq!(lows("release_id", 30), ["NULL", "30", "60", "90"]);
        assert_eq!(highs("release_id", 30), ["30", "60", "90", "NULL"]);
        assert_eq!(lows("genre", 50), ["NULL", "'genre 50'"]);
        assert_eq!(lows("release_id", 1000), ["NULL"]);
        assert_eq!(highs("release_id", 1000), ["NULL"]);
    }
}
