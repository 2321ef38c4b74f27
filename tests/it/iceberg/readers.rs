//! Other readers of the same tables: pyiceberg over the catalog's file, and DuckDB's iceberg extension.

use std::path::{Path, PathBuf};

use super::{NOVEMBER, OCTOBER, stage, two_months};
use crate::support::{TestCommand, skipped};

/// The Python of `scripts/setup-test-tools`, with pyiceberg and DuckDB.
pub fn python() -> Option<PathBuf> {
    let installed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/iceberg/bin/python");
    let python = std::env::var_os("DISCOGS_ICEBERG_PYTHON").map_or_else(installed, PathBuf::from);
    if !python.is_file() {
        skipped("pyiceberg is missing (scripts/setup-test-tools)");
        return None;
    }
    Some(python)
}

#[test]
fn pyiceberg_and_duckdb_read_the_sums_of_every_column_of_every_table_now_and_a_month_back() {
    let Some(python) = python() else { return };
    let lake = two_months();
    for run in [OCTOBER, NOVEMBER] {
        stage(&lake, run).expect_status(0);
        lake.promote(run).expect_status(0);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/iceberg/readers.py");
    for run in [OCTOBER, NOVEMBER] {
        let mut command = TestCommand::new(&python, &lake.root());
        let finished = command.args(&[script, lake.root().to_str().unwrap(), run]).run().expect_status(0);
        assert_eq!(finished.stdout.trim(), "37 tables");
    }
}
