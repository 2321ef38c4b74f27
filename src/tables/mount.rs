//! Views over the tables of a run, in DuckDB.

use crate::contract::{Contract, Table};
use crate::lake::{Dataset, Run};
use crate::sql::{DuckDb, Engine, SqlFile};

/// Mounts a table of a run under its SQL names.
///
/// # Errors
/// Fails with the engine's error.
pub fn mount_table(engine: &dyn Engine, table: &Table, run: &Run, dataset: &Dataset) -> anyhow::Result<()> {
    engine.mount(&table.name, &run.dataset_files(dataset))?;
    if table.sql_name() != table.name {
        engine.alias(table.sql_name(), &table.name)?;
    }
    Ok(())
}

/// Mounts every table of a run, and the views over them. A view over a table that the run lacks is left out.
///
/// # Errors
/// Fails with DuckDB's error, or if the description of a dataset cannot be read.
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
