//! Numbers and tables for terminals.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{BinaryBytes, HumanDuration};

use crate::page::grouped_by;

/// Formats a number of bytes with a unit: `17.17 MiB`.
pub fn bytes(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// Formats a count with separated thousands: `19 341 287`.
pub fn count(count: u64) -> String {
    grouped_by(' ', count)
}

/// Formats a number with its noun: `1 link`, `2 links`.
pub fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Formats an age in its largest unit: `3 days`. A negative age, of a time in the future, counts as zero.
pub fn age(seconds: i64) -> String {
    HumanDuration(Duration::from_secs(seconds.try_into().unwrap_or_default())).to_string()
}

/// Formats rows of cells as lines with aligned columns; a column is aligned to the right if its element of `right` is
/// set.
pub fn columns(rows: &[Vec<String>], right: &[bool]) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).add_rows(rows);
    for (column, right) in table.column_iter_mut().zip(right) {
        column.set_padding((0, 2));
        if *right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!((bytes(20), bytes(18_000_000)), ("20 B".to_owned(), "17.17 MiB".to_owned()));
        assert_eq!((count(7), count(19_341_287)), ("7".to_owned(), "19 341 287".to_owned()));
        assert_eq!((age(-5), age(200_000)), ("0 seconds".to_owned(), "2 days".to_owned()));
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["run", "rows"], ["2026-11", "7"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows, &[false, true]), ["run      rows", "2026-11     7"]);
    }
}
