//! Moves `main` of single tables back without moving `active`.

use lake_catalog::{Catalog, Table, TableChange};

use super::{AsOf, Tables, failure, run_tag};
use digdag_task::Failure;

impl Tables {
    /// Moves `main` of a table, or of all tables of runs, to an earlier snapshot, in one commit. Returns the names of
    /// the moved tables; with `dry_run`, of those that would move.
    ///
    /// # Errors
    /// Fails if one of the tables has no such snapshot, or if the catalog refuses the commit.
    pub fn move_back(&mut self, table: Option<&str>, to: &str, dry_run: bool) -> anyhow::Result<Vec<String>> {
        self.repeat(|tables| tables.move_back_once(table, to, dry_run))
    }

    fn move_back_once(&mut self, table: Option<&str>, to: &str, dry_run: bool) -> anyhow::Result<Vec<String>> {
        let tables = match table {
            Some(name) => vec![self.find(name)?],
            None => self.load()?.into_values().collect(),
        };
        let at = Catalog::next_time(&tables);
        let (mut names, mut changes) = (Vec::new(), Vec::new());
        for table in &tables {
            let (snapshot, schema_id) = snapshot(table, to)?;
            if table.ref_id("main") == Some(snapshot) && table.metadata().current_schema_id() == schema_id {
                continue;
            }
            let mut change = TableChange::of(table);
            change.set_main(snapshot, schema_id).map_err(failure)?;
            changes.push(change);
            names.push(table.name().to_string());
        }
        if !dry_run {
            self.commit(changes, at)?;
        }
        Ok(names)
    }
}

/// Returns the ids of the snapshot that a tag or an [`AsOf`] names in a table, and of its schema.
fn snapshot(table: &Table, to: &str) -> anyhow::Result<(i64, i32)> {
    let metadata = table.metadata();
    let found = match metadata.snapshot_for_ref(to) {
        Some(found) => Some(&**found),
        None => {
            let as_of: AsOf = to.parse().map_err(|expected| {
                Failure::parameters(format!("parameter to: {} has no tag {to}; {expected}", table.name()))
            })?;
            match as_of {
                AsOf::Month(month) => metadata.snapshot_for_ref(&format!("month_{month}")).map(|found| &**found),
                AsOf::Run(run) => metadata.snapshot_for_ref(&run_tag(&run)).map(|found| &**found),
                AsOf::Time(time) => table.snapshot_at(time.as_millisecond()),
                AsOf::Snapshot(id) => metadata.snapshot_by_id(id).map(|found| &**found),
            }
        }
    };
    let found = found.ok_or_else(|| {
        Failure::parameters(format!("table {} has no snapshot {to}", table.name()))
            .hint(format!("table-history --table {} lists its snapshots", table.name()))
    })?;
    Ok((found.snapshot_id(), found.schema_id().unwrap_or_else(|| metadata.current_schema_id())))
}
