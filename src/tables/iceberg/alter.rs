//! Changes the columns of people's tables. Those of the contract's tables follow the contract.

use lake_catalog::{Catalog, TableChange};

use super::{Changes, OF_RUNS, Tables};
use digdag_task::Failure;

impl Tables {
    /// Changes columns of a table in one commit, and returns the columns, in order. With `dry_run` it commits nothing.
    ///
    /// # Errors
    /// Fails if the table is one of the contract, if Iceberg does not allow a change, or if the catalog refuses the
    /// commit.
    pub fn alter(&mut self, name: &str, changes: &Changes, dry_run: bool) -> anyhow::Result<Vec<String>> {
        self.repeat(|tables| tables.alter_once(name, changes, dry_run))
    }

    fn alter_once(&mut self, name: &str, changes: &Changes, dry_run: bool) -> anyhow::Result<Vec<String>> {
        let table = self.find(name)?;
        if table.metadata().properties().contains_key(OF_RUNS) {
            return Err(Failure::parameters(format!("table {} follows the data contract", table.name()))
                .hint("change sql/contract.yml; the next staged run carries the change over")
                .into());
        }
        let at = Catalog::next_time([&table]);
        let mut change = TableChange::of(&table);
        // The hint of the contract's own changes names the contract, which has no say here.
        change.alter(&changes.0).map_err(|error| Failure::parameters(error.to_string()))?;
        let columns = change.current_columns();
        if !dry_run {
            self.commit(vec![change], at)?;
        }
        Ok(columns)
    }
}
