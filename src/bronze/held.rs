//! A bronze table with its loads, mounted in DuckDB.

use std::collections::HashMap;

use anyhow::Context;
use jiff::Timestamp;
use lake_catalog::{Access, Table};

use super::columns::name;
use super::load::{Load, base_of};
use crate::dump::Entity;
use crate::lake::Lake;
use crate::own::{Pins, mount_own};
use crate::sql::{DuckDb, Engine, SqlFile, quoted};
use crate::tables::iceberg::{CatalogArgs, Tables};

/// A bronze table, and the rows that it has of each load.
pub struct Held {
    /// The table as it was mounted.
    pub table: Table,
    /// The loads, oldest first.
    pub loads: Vec<Load>,
    /// The rows of each load, by its time.
    rows: HashMap<Timestamp, u64>,
}

impl Held {
    /// Mounts the table of an entity and counts the rows of its loads. Returns `None` if the lake has no such table.
    ///
    /// # Errors
    /// Fails if the catalog or the table cannot be read.
    pub fn mount(engine: &DuckDb, lake: &Lake, entity: Entity, catalog: &CatalogArgs) -> anyhow::Result<Option<Self>> {
        let Some(mut tables) = Tables::open(lake, Access::Read, catalog)? else { return Ok(None) };
        let name = name(entity);
        let Some(table) = tables.own(&name)? else { return Ok(None) };
        mount_own(engine, &mut tables, &Pins::new(), None, |word| word == name.namespace || word == name.name, None)?;
        let counted = SqlFile::load("bronze/rows_of_loads")?;
        let mut rows = HashMap::new();
        for row in engine.rows(&counted.with(&[("table", &sql_name(entity))]), &counted.path)? {
            let [Some(time), Some(count)] = &row[..] else { continue };
            rows.insert(Timestamp::from_microsecond(time.parse()?)?, count.parse()?);
        }
        Ok(Some(Held { loads: Load::of(&table)?, table, rows }))
    }

    /// Returns the rows that the table has of a load.
    pub fn rows_of(&self, load: &Load) -> u64 {
        self.rows.get(&load.ingested_at).copied().unwrap_or_default()
    }

    /// Returns whether the table has all rows of a load.
    pub fn is_whole(&self, load: &Load) -> bool {
        self.rows_of(load) == load.rows
    }

    /// Returns the loads on which a load stands, from the full one to itself.
    ///
    /// # Errors
    /// Fails if there is none, or if rows of one are missing, and says which.
    pub fn chain(&self, index: usize) -> anyhow::Result<&[Load]> {
        let base = base_of(&self.loads, index);
        let base =
            base.with_context(|| format!("the full load below that of {} is gone", self.loads[index].dump_month))?;
        let chain = &self.loads[base..=index];
        match chain.iter().find(|load| !self.is_whole(load)) {
            None => Ok(chain),
            Some(load) => {
                let (found, rows) = (self.rows_of(load), load.rows);
                anyhow::bail!("the load of {}, of {:.0}, has {found} of {rows} rows", load.dump_month, load.ingested_at)
            }
        }
    }
}

/// Returns the name of an entity's table in SQL.
pub fn sql_name(entity: Entity) -> String {
    let name = name(entity);
    format!("{}.{}", quoted(&name.namespace), quoted(&name.name))
}
