//! A query for one day, one month or one year reads the files of these days, and names no partition.

use std::path::Path;

use super::readers::python;
use crate::support::TestCommand;

/// Ranges of the column `sold`, as conditions that every engine reads, and the files of `rows` that have such days.
pub const RANGES: [(&str, &str, u64); 4] = [
    ("2025-03-15", "2025-03-16", 1),
    ("2025-03-01", "2025-04-01", 2),
    ("2025-01-01", "2026-01-01", 24),
    ("2027-01-01", "2028-01-01", 0),
];

/// All files: two days of each month of two years.
pub const FILES: u64 = 48;

/// A CSV of one row for each of these days.
pub fn rows() -> String {
    let days = (2025..2027).flat_map(|year| (1..13).flat_map(move |month| [1, 15].map(|day| (year, month, day))));
    let row = |(id, (year, month, day)): (usize, (i32, i32, i32))| format!("{id},{year}-{month:02}-{day:02}\n");
    "id,sold\n".to_owned() + &days.enumerate().map(row).collect::<String>()
}

/// The arguments of the upsert that creates the table.
pub const CREATE: [&str; 6] = ["--table", "mine.sales", "--key", "id", "--partition", "day(sold)"];

#[test]
fn duckdb_and_pyiceberg_read_the_files_of_a_day_a_month_and_a_year() {
    let own = crate::own::Own::new();
    let input = own.0.write("sales.csv", rows());
    let from = ["--from", input.to_str().unwrap()];
    own.0.call("upsert-table", &[&CREATE[..], &from].concat()).run().expect_status(0);
    for (first, end, files) in RANGES {
        let condition = format!("sold >= DATE '{first}' AND sold < DATE '{end}'");
        let sql = format!("SELECT count(*) FROM mine.sales WHERE {condition}");
        let explained = own.0.call("query", &["--sql", &sql, "--explain", "true"]).run().expect_status(0).json();
        assert_eq!(explained["metrics"]["files"], FILES, "{explained}");
        assert_eq!(explained["metrics"]["files_read"], files, "{condition}: {explained}");
        assert_eq!(own.rows(&sql, &[]), [files.to_string()], "{condition}");
        let Some(python) = python() else { continue };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/iceberg/partitions.py");
        let root = own.0.root();
        let mut command = TestCommand::new(Path::new(&python), &root);
        let found = command.args(&[script, root.to_str().unwrap(), first, end]).run().expect_status(0).json();
        assert_eq!((&found["all"], &found["files"]), (&FILES.into(), &files.into()), "{condition}: {found}");
    }
}
