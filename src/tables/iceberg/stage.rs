//! Adds a tagged snapshot of a sealed run to every table, in one commit.

use std::collections::{BTreeMap, HashMap};

use lake_catalog::{Catalog, NewSnapshot, Table, TableChange, TableName, data_file};

use super::{RUN_ID, Tables, binding, failure, month_tag, run_tag};
use crate::contract;
use crate::lake::SealedRun;
use digdag_task::Failure;

/// The result of [`stage`].
#[derive(Clone, Debug, Default)]
pub struct Staged {
    /// The number of tables that got a snapshot of the run.
    pub tables: usize,
    /// The number of data files in these snapshots.
    pub files: usize,
}

/// Adds a snapshot of the run to every table and tags it. `main` does not move. Tables that have the tag already are
/// left unchanged, so a second call does nothing. The caller holds the lake's lock.
///
/// # Errors
/// Fails if a file of the run is missing, if Iceberg does not allow a change of the contract, or if another writer
/// commits to one of the tables.
pub fn stage(tables: &mut Tables, sealed: &SealedRun) -> anyhow::Result<Staged> {
    if let Some(file) = sealed.files_of_other_size().first() {
        let message = format!("run {} failed verification: {}", sealed.run().id(), file.path);
        return Err(Failure::input(message).hint("run verify-run to list every file that differs").into());
    }
    let known = tables.load()?;
    let at = Catalog::next_time(known.values());
    let tag = run_tag(sealed.run().id());
    let mut staged = Staged::default();
    let mut changes = Vec::new();
    for table in &tables.contract.tables {
        let found = known.get(&binding::name(table));
        if found.is_some_and(|found| found.ref_id(&tag).is_some()) {
            continue;
        }
        let (change, files) = change(tables, table, found, sealed, at)?;
        changes.push(change);
        staged.files += files;
    }
    for (_, gone) in not_in_contract(&tables.contract, &known).filter(|(_, gone)| gone.ref_id(&tag).is_none()) {
        changes.push(emptied(gone, sealed, at)?);
    }
    staged.tables = changes.len();
    if !changes.is_empty() {
        tables.catalog.commit(changes, at).map_err(failure)?;
    }
    Ok(staged)
}

/// Returns the change that adds a snapshot of the run to a table, and the number of its files. A table that the run
/// lacks gets an empty snapshot; otherwise readers would take the rows of an earlier run for those of this run.
fn change(
    tables: &Tables,
    table: &contract::Table,
    found: Option<&Table>,
    sealed: &SealedRun,
    at: i64,
) -> anyhow::Result<(TableChange, usize)> {
    let mut change = match found {
        Some(found) => TableChange::of(found),
        None => TableChange::create(&binding::new_table(&tables.lake, table)).map_err(failure)?,
    };
    let schema_id = change.schema(&binding::columns(table)).map_err(failure)?;
    let schema = change.schema_by_id(schema_id).map_err(failure)?;
    let run = sealed.run();
    let files = match run.dataset(&table.folder())? {
        Some(dataset) => {
            let paths = run.dataset_files(&dataset).into_iter();
            paths.map(|path| data_file(&path, &schema)).collect::<lake_catalog::Result<Vec<_>>>().map_err(failure)?
        }
        None => Vec::new(),
    };
    let count = files.len();
    add(&mut change, schema_id, files, sealed, at)?;
    Ok((change, count))
}

/// Returns the change that adds an empty snapshot to a table that the contract no longer declares.
fn emptied(table: &Table, sealed: &SealedRun, at: i64) -> anyhow::Result<TableChange> {
    let mut change = TableChange::of(table);
    add(&mut change, table.metadata().current_schema_id(), Vec::new(), sealed, at)?;
    Ok(change)
}

fn add(
    change: &mut TableChange,
    schema_id: i32,
    files: Vec<lake_catalog::DataFile>,
    sealed: &SealedRun,
    at: i64,
) -> anyhow::Result<()> {
    let id = sealed.run().id();
    let mut properties = HashMap::from([
        (RUN_ID.to_owned(), id.to_string()),
        ("discogs.manifest-sha256".to_owned(), sealed.manifest().manifest_sha256.clone()),
    ]);
    if let Some(month) = id.dump_month() {
        properties.insert("discogs.dump-month".to_owned(), month.as_str().to_owned());
    }
    let snapshot = change.add_snapshot(schema_id, NewSnapshot { files, properties, at }).map_err(failure)?;
    change.set_tag(&run_tag(id), snapshot).map_err(failure)?;
    if let Some(tag) = month_tag(id) {
        change.set_tag_if_missing(&tag, snapshot).map_err(failure)?;
    }
    Ok(())
}

fn not_in_contract<'t>(
    contract: &'t contract::Contract,
    known: &'t BTreeMap<TableName, Table>,
) -> impl Iterator<Item = (&'t TableName, &'t Table)> {
    known.iter().filter(|(name, _)| !contract.tables.iter().any(|table| binding::name(table) == **name))
}
