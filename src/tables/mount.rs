//! Views over the tables of a run, in DuckDB.

use std::path::PathBuf;

use lake_catalog::data_file;

use super::iceberg::schema_of;
use super::needs::Needs;
use super::pruning::{ReadTable, may_match};
use crate::contract::{Contract, Table};
use crate::lake::{Dataset, Manifest, Run};
use crate::sql::{DuckDb, Engine, Filter, Reads, SqlFile};

/// Mounts a table of a run under its SQL names.
///
/// # Errors
/// Fails with the engine's error.
pub fn mount_table(engine: &dyn Engine, table: &Table, run: &Run, dataset: &Dataset) -> anyhow::Result<()> {
    mount_files(engine, table, &run.dataset_files(dataset))
}

/// Mounts files of a table under its SQL names.
///
/// # Errors
/// Fails with the engine's error.
pub(super) fn mount_files(engine: &dyn Engine, table: &Table, files: &[PathBuf]) -> anyhow::Result<()> {
    engine.mount(&table.name, files)?;
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
    mount_reads(engine, contract, run, None).map(drop)
}

/// Like [`mount_run`], but mounts only what a statement reads, without the files that its conditions rule out. Mounts
/// everything if the statement may read any table. Returns the tables of the statement.
///
/// # Errors
/// Fails like [`mount_run`].
pub fn mount_reads(
    engine: &DuckDb,
    contract: &Contract,
    run: &Run,
    reads: Option<&Reads>,
) -> anyhow::Result<Vec<ReadTable>> {
    let mut read = Vec::new();
    mount_needed(engine, contract, reads, |table, needs| {
        match (run.dataset(&table.folder())?, needs) {
            (Some(dataset), None) => mount_table(engine, table, run, &dataset)?,
            (Some(dataset), Some(needs)) => {
                read.push(mount_matching(engine, table, run, &dataset, needs.filter(table).as_ref())?);
            }
            (None, _) => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(read)
}

/// Like [`mount_reads`], but mounts the files of a run's copy in object storage, which `location` names.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn mount_copy(
    engine: &DuckDb,
    contract: &Contract,
    manifest: &Manifest,
    location: impl Fn(&str) -> String,
    reads: Option<&Reads>,
) -> anyhow::Result<Vec<ReadTable>> {
    let mut read = Vec::new();
    mount_needed(engine, contract, reads, |table, needs| {
        let files: Vec<_> = manifest.files_of(&table.folder()).collect();
        if files.is_empty() {
            return Ok(false);
        }
        if needs.is_some() {
            let (files, bytes) = (files.len(), files.iter().map(|file| file.bytes).sum());
            // DuckDB reads the footers, and of the rest what the conditions leave.
            read.push(ReadTable { table: table.name.clone(), files, bytes, files_read: files, bytes_read: bytes });
        }
        let locations: Vec<_> = files.iter().map(|file| PathBuf::from(location(&file.path))).collect();
        mount_files(engine, table, &locations)?;
        Ok(true)
    })?;
    Ok(read)
}

/// Mounts what a statement needs of the contract, or everything. `mount` mounts a table, with the condition that the statement
/// sets, and returns whether the run has it. A view over a table that the run lacks is left out.
fn mount_needed(
    engine: &DuckDb,
    contract: &Contract,
    reads: Option<&Reads>,
    mut mount: impl FnMut(&Table, Option<&Needs<'_>>) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let views = SqlFile::folder("views")?;
    let needs = reads.and_then(|reads| Needs::of(contract, &views, reads));
    let mut missing = Vec::new();
    for table in contract.tables.iter().filter(|table| needs.as_ref().is_none_or(|needs| needs.table(table))) {
        if !mount(table, needs.as_ref())? {
            missing.extend([table.name.as_str(), table.sql_name()]);
        }
    }
    for view in views.iter().filter(|view| needs.as_ref().is_none_or(|needs| needs.view(&view.name))) {
        if !view.names_any(&missing) {
            engine.view(view)?;
        }
    }
    Ok(())
}

/// Mounts the files of a table whose rows may meet a condition, as their footers tell.
fn mount_matching(
    engine: &DuckDb,
    table: &Table,
    run: &Run,
    dataset: &Dataset,
    filter: Option<&Filter>,
) -> anyhow::Result<ReadTable> {
    let all = run.dataset_files(dataset);
    let mut files: Vec<_> = all.iter().zip(&dataset.files).collect();
    // DuckDB needs a file for the columns, so the footer of a single one is left to it.
    if let Some(filter) = filter.filter(|_| files.len() > 1) {
        let schema = schema_of(run.lake(), table)?;
        // An error of a file is left to DuckDB as well, which reports those that it reads.
        let is_out = |path: &PathBuf| data_file(path, &schema).is_ok_and(|file| !may_match(&file, &schema, filter));
        files.retain(|(path, _)| !is_out(path));
        if files.is_empty() {
            files.extend(all.iter().zip(&dataset.files).min_by_key(|(_, file)| file.bytes));
        }
    }
    let read = ReadTable {
        table: table.name.clone(),
        files: all.len(),
        bytes: dataset.files.iter().map(|file| file.bytes).sum(),
        files_read: files.len(),
        bytes_read: files.iter().map(|(_, file)| file.bytes).sum(),
    };
    mount_files(engine, table, &files.into_iter().map(|(path, _)| path.clone()).collect::<Vec<_>>())?;
    Ok(read)
}
