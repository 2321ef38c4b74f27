//! Changes the columns of people's tables. Those of the contract's tables follow the contract.

use lake_catalog::{Alteration, Catalog, PartitionBy, SortBy, Table, TableChange};

use super::{Changes, KEY, OF_DUMPS, Tables, is_of_runs};
use digdag_task::Failure;

/// The changes of a table: its columns, and the arrangement of files that are written from then on.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableChanges<'c> {
    /// Changes of columns.
    pub columns: Option<&'c Changes>,
    /// The new partitions; empty for none.
    pub partition: Option<&'c [PartitionBy]>,
    /// The new order of rows; empty for none.
    pub sort: Option<&'c [SortBy]>,
}

impl Tables {
    /// Changes a table in one commit, and returns the columns, in order. No file is rewritten. With `dry_run` it commits nothing.
    ///
    /// # Errors
    /// Fails if the table is one of the contract, if Iceberg does not allow a change, or if the catalog refuses the
    /// commit.
    pub fn alter(&mut self, name: &str, changes: TableChanges<'_>, dry_run: bool) -> anyhow::Result<Vec<String>> {
        self.repeat(|tables| tables.alter_once(name, changes, dry_run))
    }

    fn alter_once(&mut self, name: &str, changes: TableChanges<'_>, dry_run: bool) -> anyhow::Result<Vec<String>> {
        let table = self.find(name)?;
        if is_of_runs(&table) {
            return Err(Failure::parameters(format!("table {} follows the data contract", table.name()))
                .hint("change sql/contract.yml; the next staged run carries the change over")
                .into());
        }
        if table.metadata().properties().contains_key(OF_DUMPS) {
            return Err(Failure::parameters(format!("table {} has the records of dumps as they came", table.name()))
                .hint("a table of your own can be altered: query it into one")
                .into());
        }
        let at = Catalog::next_time([&table]);
        let mut change = TableChange::of(&table);
        // The hint of the contract's own changes names the contract, which has no say here.
        let refused = |error: lake_catalog::Error| match error {
            lake_catalog::Error::Evolution { .. } => Failure::parameters(error.to_string()),
            error => Failure::parameters(format!("{:#}", anyhow::Error::new(error))),
        };
        if let Some(columns) = changes.columns {
            change.alter(&columns.0).map_err(refused)?;
            if let Some(key) = renamed_key(&table, &columns.0)? {
                change.set_properties(&[(KEY, &key)]).map_err(refused)?;
            }
        }
        if let Some(sort) = changes.sort {
            change.sort_by(sort).map_err(refused)?;
        }
        if let Some(partition) = changes.partition {
            change.partition_by(partition).map_err(refused)?;
        }
        let columns = change.current_columns();
        if !dry_run {
            self.commit(vec![change], at)?;
        }
        Ok(columns)
    }
}

/// Returns the names of the key's columns after the alterations, or `None` if they stay.
///
/// # Errors
/// Fails if a column of the key is dropped.
fn renamed_key(table: &Table, alterations: &[Alteration]) -> Result<Option<String>, Failure> {
    let Some(before) = table.metadata().properties().get(KEY) else { return Ok(None) };
    let mut names: Vec<&str> = before.split(',').collect();
    for alteration in alterations {
        match alteration {
            Alteration::Rename(from, to) => {
                names.iter_mut().filter(|name| **name == from.as_str()).for_each(|name| *name = to)
            }
            Alteration::Drop(name) if names.contains(&name.as_str()) => {
                let message =
                    format!("table {}, column {name}: it is of the table's key, so it cannot be dropped", table.name());
                return Err(Failure::parameters(message).hint("write to another table with another --key"));
            }
            _ => {}
        }
    }
    let after = names.join(",");
    Ok((after != *before).then_some(after))
}
