//! Views over the tables of a run, in DuckDB.

use crate::contract::{Contract, Table};
use crate::lake::{Dataset, Run};
use crate::sql::{DuckDb, Engine, SqlFile};

/// Makes a table of a run readable under its names in SQL.
pub fn mount_table(engine: &dyn Engine, table: &Table, run: &Run, dataset: &Dataset) -> anyhow::Result<()> {
    engine.mount(&table.name, &run.dataset_files(dataset))?;
    if table.sql_name() != table.name {
        engine.alias(table.sql_name(), &table.name)?;
    }
    Ok(())
}

/// Makes every table of a run readable, and the views over them. A view over a table that the run lacks is left out.
pub fn mount_run(engine: &DuckDb, contract: &Contract, run: &Run) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for table in &contract.tables {
        match run.dataset(&table.folder())? {
            Some(dataset) => mount_table(engine, table, run, &dataset)?,
            None => missing.extend([table.name.as_str(), table.sql_name()]),
        }
    }
    for view in SqlFile::folder("views")? {
        if !view.names_any(&missing) {
            engine.view(&view)?;
        }
    }
    Ok(())
}
