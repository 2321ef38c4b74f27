//! What changed in each table against the compared run.

use serde::Serialize;

use crate::check::baseline::Baseline;
use crate::check::suite::Checked;

/// A table now and in the run that it was compared with.
#[derive(Debug, Serialize)]
pub struct TableChange {
    /// The name of the table in reports.
    pub table: String,
    /// The rows now; `None` if the table is gone.
    pub rows: Option<u64>,
    /// The rows in the published run; `None` if the table is new.
    pub rows_before: Option<u64>,
    /// The bytes now.
    pub bytes: Option<u64>,
    /// The bytes in the published run.
    pub bytes_before: Option<u64>,
}

impl TableChange {
    /// Returns whether anything changed.
    pub fn is_any(&self) -> bool {
        self.rows != self.rows_before || self.bytes != self.bytes_before
    }

    /// Returns the change as a share of the rows before; `None` if there were none.
    pub fn share(&self) -> Option<f64> {
        let (rows, before) = (self.rows? as f64, self.rows_before? as f64);
        (before > 0.0).then(|| (rows - before) / before)
    }
}

/// Returns every table of either run; empty if no run was compared.
pub fn table_changes(checked: &Checked) -> Vec<TableChange> {
    let Baseline::Run(before) = &checked.baseline else { return Vec::new() };
    let now = &checked.profile;
    let mut names: Vec<_> = now.tables.keys().chain(before.tables.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let change = |table: String| {
        let (is, was) = (now.tables.get(&table), before.tables.get(&table));
        TableChange {
            rows: is.map(|is| is.rows),
            rows_before: was.map(|was| was.rows),
            bytes: is.map(|is| is.bytes),
            bytes_before: was.map(|was| was.bytes),
            table,
        }
    };
    names.into_iter().map(change).collect()
}
