//! Which files of a table are rewritten: small ones that share a partition, and those with deleted rows.

use std::collections::HashMap;

use lake_catalog::{DataFile, FILE_BYTES, Scan};

use crate::own::scan;

/// A file is small below this size, three quarters of a full one.
pub const SMALL_BYTES: usize = FILE_BYTES / 4 * 3;

/// Returns the files to rewrite. A small file that is alone in its partition stays, so a second compaction finds
/// nothing. `deleted_from` are the paths of files in which delete files name rows.
pub fn files<'s>(scan: &'s Scan, deleted_from: &[String]) -> Vec<&'s DataFile> {
    let is_small = |file: &&DataFile| file.file_size_in_bytes() < SMALL_BYTES as u64;
    let mut small: HashMap<_, usize> = HashMap::new();
    for file in scan.data.iter().filter(is_small) {
        *small.entry(file.partition()).or_default() += 1;
    }
    let has_others = |file: &&DataFile| small.get(file.partition()).is_some_and(|count| *count > 1);
    let is_written =
        |file: &&DataFile| (is_small(file) && has_others(file)) || deleted_from.contains(&scan::path(file));
    scan.data.iter().filter(is_written).collect()
}
