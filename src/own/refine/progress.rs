//! Up to which snapshot of its source a table is refined: properties of the table's snapshots say so.

use std::collections::HashMap;

use lake_catalog::{Table, TableName};

use crate::tables::iceberg::{REJECTED, SOURCE_SNAPSHOT, SOURCE_TABLE};

/// The property with the digest of the declaration.
const DECLARATION: &str = "discogs.declaration-sha256";

/// The property with the run whose tables the rows were compared with.
const REFERENCE_RUN: &str = "discogs.reference-run-id";

/// Up to where a table is refined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The table is missing, or was never refined from the source.
    Nothing,
    /// The table was refined as another declaration says.
    OtherDeclaration,
    /// The table is refined up to a snapshot of the source, which may have expired.
    UpTo(i64),
}

impl Progress {
    /// Returns the progress of a table, of which a rollback is a part: snapshots beside its branch do not count.
    pub fn of(table: Option<&Table>, source: &TableName, declaration_sha256: &str) -> Self {
        let current = table.and_then(|table| Some((table, table.metadata().current_snapshot_id()?)));
        let Some((table, current)) = current else { return Progress::Nothing };
        for snapshot in table.ancestors(current).into_iter().rev() {
            let summary = &snapshot.summary().additional_properties;
            let has = |key: &str, value: &str| summary.get(key).is_some_and(|found| found == value);
            let up_to = summary.get(SOURCE_SNAPSHOT).and_then(|id| id.parse().ok());
            let Some(up_to) = up_to.filter(|_| has(SOURCE_TABLE, &source.to_string())) else { continue };
            return match has(DECLARATION, declaration_sha256) {
                true => Progress::UpTo(up_to),
                false => Progress::OtherDeclaration,
            };
        }
        // Rows of another origin are kept: they are merged by key.
        Progress::Nothing
    }
}

/// The origin of a refinement.
#[derive(Clone, Debug)]
pub struct Origin<'o> {
    /// The source.
    pub source: &'o TableName,
    /// Its snapshot.
    pub snapshot: i64,
    /// The digest of the declaration.
    pub declaration_sha256: &'o str,
    /// The run whose tables were compared with, if any were.
    pub run: Option<String>,
    /// The number of rejected rows.
    pub rejected: u64,
}

impl Origin<'_> {
    /// Returns the properties of a snapshot.
    pub fn properties(&self) -> HashMap<String, String> {
        let mut properties = HashMap::from([
            (SOURCE_TABLE.to_owned(), self.source.to_string()),
            (SOURCE_SNAPSHOT.to_owned(), self.snapshot.to_string()),
            (DECLARATION.to_owned(), self.declaration_sha256.to_owned()),
            (REJECTED.to_owned(), self.rejected.to_string()),
        ]);
        properties.extend(self.run.iter().map(|run| (REFERENCE_RUN.to_owned(), run.clone())));
        properties
    }
}
