//! Runs that a table still needs: a snapshot that another engine made names their files, or a ref names their snapshot.

use std::collections::BTreeMap;

use lake_catalog::{Snapshot, Table};

use super::{RUN_ID, RunCopy, Tables, failure, is_of_runs, month_tag, run_tag};
use crate::lake::RunId;

impl Tables {
    /// Returns the runs whose copy in a place a table holds, each with the ref or snapshot that needs it. The tags that
    /// staging makes hold no run, because they go with it.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn held_runs(&mut self, copy: RunCopy) -> anyhow::Result<BTreeMap<RunId, String>> {
        let mut held = BTreeMap::new();
        let names_copy = self.copy_of_runs() == copy;
        for table in self.catalog.load_all().map_err(failure)? {
            for reference in table.refs().map_err(failure)?.into_iter().filter(|_| names_copy) {
                let run =
                    table.metadata().snapshot_by_id(reference.snapshot_id).and_then(|found| run_of(&table, found));
                if let Some(run) = run
                    && reference.name != run_tag(&run)
                    && Some(&reference.name) != month_tag(&run).as_ref()
                {
                    held.insert(run, format!("{} of {}", reference.name, table.name()));
                }
            }
            for snapshot in table.metadata().snapshots().filter(|snapshot| run_of(&table, snapshot).is_none()) {
                for path in self.catalog.data_paths(&table, snapshot).map_err(failure)? {
                    if let Some((run, _)) = self.run_with(&path).filter(|(_, found)| *found == copy) {
                        held.insert(run, format!("snapshot {} of {}", snapshot.snapshot_id(), table.name()));
                    }
                }
            }
        }
        Ok(held)
    }
}

/// Returns the run of a snapshot that staging made.
fn run_of(table: &Table, snapshot: &Snapshot) -> Option<RunId> {
    is_of_runs(table).then_some(())?;
    snapshot.summary().additional_properties.get(RUN_ID)?.parse().ok()
}
