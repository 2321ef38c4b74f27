use crate::lake::Run;
use crate::sql::{DuckDb, Engine, SqlFile};
use crate::table::Contract;

/// Makes every table of a run known to the engine under the names that SQL has for it, and the views over them. A view
/// over a table that the run does not hold is left out.
pub fn mount_run(engine: &DuckDb, contract: &Contract, run: &Run) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for table in &contract.tables {
        match run.dataset(&table.folder())? {
            Some(dataset) => {
                engine.mount(&table.name, &run.dataset_files(&dataset))?;
                if table.sql_name() != table.name {
                    engine.alias(table.sql_name(), &table.name)?;
                }
            }
            None => missing.push(table.name.as_str()),
        }
    }
    for view in SqlFile::folder("views")? {
        if !missing.iter().any(|table| view.text.contains(table)) {
            engine.view(&view)?;
        }
    }
    Ok(())
}
