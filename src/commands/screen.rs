//! Numbers and columns as people read them.

use crate::page::grouped_by;

/// Bytes with a unit, three digits of it at most: `17.2 MiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && size < 99.95);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A count with its thousands apart: `19 341 287`.
pub fn count(count: u64) -> String {
    grouped_by(' ', count)
}

/// Returns a number with its noun: `1 link`, `2 links`.
pub fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// How long something took or is ago, in its largest unit: `3 d`.
pub fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// Rows of cells below a header, in columns; `right` says which columns are numbers.
pub fn columns(rows: &[Vec<String>], right: &[bool]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..right.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).zip(right).map(|((cell, width), right)| match right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let sizes = [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1 << 20, "1.0 MiB"), (18_000_000, "17.2 MiB")];
        for (number, text) in sizes {
            assert_eq!(bytes(number), text);
        }
        assert_eq!((count(7), count(1000), count(19_341_287)), ("7".into(), "1 000".into(), "19 341 287".into()));
        assert_eq!((age(-5), age(3600), age(200_000)), ("0 s".into(), "60 min".into(), "2 d".into()));
    }
}
