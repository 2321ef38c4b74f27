//! Tables of runs that no longer show the run that is published, because another program changed or dropped them.

use super::{Tables, binding, run_tag};
use crate::lake::RunId;

impl Tables {
    /// Returns the number of tables that have a snapshot of the run.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn count_of_run(&mut self, run: &RunId) -> anyhow::Result<usize> {
        let tag = run_tag(run);
        Ok(self.load()?.values().filter(|table| table.ref_id(&tag).is_some()).count())
    }

    /// Returns the tables of the contract whose `main` is not their snapshot of the run, or which the catalog lacks. A
    /// run that was never staged has no snapshots to compare with, so the list is empty.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn deviations(&mut self, run: &RunId) -> anyhow::Result<Vec<String>> {
        let known = self.load()?;
        let tag = run_tag(run);
        if !known.values().any(|table| table.ref_id(&tag).is_some()) {
            return Ok(Vec::new());
        }
        let mut deviations = Vec::new();
        for table in &self.contract.tables {
            let name = binding::name(table);
            match known.get(&name) {
                None => deviations.push(format!("{name} is not in the catalog")),
                Some(found) if found.ref_id(&tag).is_none() => deviations.push(format!("{name} has no tag {tag}")),
                Some(found) if found.ref_id("main") != found.ref_id(&tag) => {
                    deviations.push(format!("main of {name} is not the snapshot of the run"));
                }
                Some(_) => {}
            }
        }
        Ok(deviations)
    }
}
