//! Adds a tagged snapshot of a sealed run to every table, in one commit.

use std::collections::{BTreeMap, HashMap};

use lake_catalog::{
    Catalog, DataFile, NewSnapshot, Schema, Table, TableChange, TableName, data_file, data_file_of_copy,
};

use super::{RUN_ID, Tables, binding, failure, month_tag, run_tag};
use crate::contract;
use crate::lake::{Manifest, RunId, SealedRun};
use digdag_task::Failure;

/// The summary property with the digest of the manifest of a run.
pub(super) const MANIFEST_SHA256: &str = "discogs.manifest-sha256";

/// Whether [`stage`] commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Commits the snapshots.
    Commit,
    /// Reads every file and checks every schema, and writes nothing.
    Try,
}

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
pub fn stage(tables: &mut Tables, sealed: &SealedRun, mode: Mode) -> anyhow::Result<Staged> {
    if let Some(file) = sealed.files_of_other_size().first() {
        let message = format!("run {} failed verification: {}", sealed.run().id(), file.path);
        return Err(Failure::input(message).hint("run verify-run to list every file that differs").into());
    }
    tables.repeat(|tables| stage_once(tables, &Files::Local(sealed), mode))
}

/// Like [`stage`], for a run of which only the copy in the warehouse is left. The footers of its files are read there.
///
/// # Errors
/// Fails like [`stage`].
pub(super) fn stage_copy(tables: &mut Tables, manifest: &Manifest) -> anyhow::Result<Staged> {
    tables.repeat(|tables| stage_once(tables, &Files::Copy(manifest), Mode::Commit))
}

/// Where the footers of a run's files are read.
enum Files<'f> {
    /// In the lake. The objects in the warehouse have the same bytes.
    Local(&'f SealedRun),
    /// In the warehouse.
    Copy(&'f Manifest),
}

impl Files<'_> {
    fn manifest(&self) -> &Manifest {
        match self {
            Files::Local(sealed) => sealed.manifest(),
            Files::Copy(manifest) => manifest,
        }
    }

    fn id(&self) -> &RunId {
        &self.manifest().run_id
    }

    /// Describes the files of a table, which a snapshot names in the warehouse if the tables lie there.
    fn of_table(&self, tables: &Tables, table: &contract::Table, schema: &Schema) -> anyhow::Result<Vec<DataFile>> {
        let folder = table.folder();
        match self {
            Files::Local(sealed) => {
                let run = sealed.run();
                let Some(dataset) = run.dataset(&folder)? else { return Ok(Vec::new()) };
                let paths = run.dataset_files(&dataset);
                let files = paths.iter().zip(&dataset.files).map(|(path, file)| match &tables.warehouse {
                    Some(warehouse) => {
                        let location = warehouse.location_of(run.id(), &format!("{folder}/{}", file.name));
                        data_file_of_copy(path, &location, schema)
                    }
                    None => data_file(path, schema),
                });
                files.collect::<lake_catalog::Result<Vec<_>>>().map_err(failure)
            }
            Files::Copy(manifest) => {
                let Some(warehouse) = &tables.warehouse else { return Ok(Vec::new()) };
                let files = manifest.files_of(&folder).map(|file| {
                    let location = warehouse.location_of(&manifest.run_id, &file.path);
                    tables.catalog.table_files().data_file(&location, file.bytes, schema)
                });
                files.collect::<lake_catalog::Result<Vec<_>>>().map_err(failure)
            }
        }
    }
}

fn stage_once(tables: &mut Tables, run: &Files<'_>, mode: Mode) -> anyhow::Result<Staged> {
    let known = tables.load()?;
    let at = Catalog::next_time(known.values());
    let tag = run_tag(run.id());
    let is_staged = |table: &Table| table.ref_id(&tag).is_some();
    let declared = tables.contract.tables.iter().map(|table| (table, known.get(&binding::name(table))));
    let declared: Vec<_> = declared.filter(|(_, found)| !found.is_some_and(is_staged)).collect();
    let gone: Vec<_> = not_in_contract(&tables.contract, &known).filter(|gone| !is_staged(gone)).collect();
    let mut staged = Staged { tables: declared.len() + gone.len(), files: 0 };
    if staged.tables > 0 {
        tables.require_in_warehouse(known.values(), run.manifest())?;
    }
    if mode == Mode::Commit && staged.tables > 0 {
        tables.recorder.begin(&tables.lake, tables.catalog.session())?;
    }
    let mut changes = Vec::new();
    for (table, found) in declared {
        let (mut change, schema_id, files) = change(tables, table, found, run)?;
        staged.files += files.len();
        if mode == Mode::Commit {
            add(&mut change, schema_id, files, run.manifest(), at)?;
            changes.push(change);
        }
    }
    for table in gone.into_iter().filter(|_| mode == Mode::Commit) {
        let mut change = TableChange::of(table);
        // Empty: readers would take the rows of an earlier run for those of this run.
        add(&mut change, table.metadata().current_schema_id(), Vec::new(), run.manifest(), at)?;
        changes.push(change);
    }
    tables.commit(changes, at)?;
    Ok(staged)
}

/// Returns the change of a table to the contract's columns, the id of their schema, and the run's files. A table that
/// the run lacks has none; with the files of an earlier run, readers would take those rows for rows of this run.
fn change(
    tables: &Tables,
    table: &contract::Table,
    found: Option<&Table>,
    run: &Files<'_>,
) -> anyhow::Result<(TableChange, i32, Vec<DataFile>)> {
    let mut change = match found {
        Some(found) => TableChange::of(found),
        None => {
            let new = binding::new_table(&tables.folder_of_runs(), table);
            tables.catalog.create(&new).map_err(failure)?
        }
    };
    let schema_id = change.schema(&binding::columns(table)).map_err(failure)?;
    let schema = change.schema_by_id(schema_id).map_err(failure)?;
    let files = run.of_table(tables, table, &schema)?;
    Ok((change, schema_id, files))
}

fn add(
    change: &mut TableChange,
    schema_id: i32,
    files: Vec<DataFile>,
    manifest: &Manifest,
    at: i64,
) -> anyhow::Result<()> {
    let id = &manifest.run_id;
    let properties = properties_of_run(manifest);
    let snapshot = change.add_snapshot(schema_id, NewSnapshot { files, properties, at }).map_err(failure)?;
    change.set_tag(&run_tag(id), snapshot).map_err(failure)?;
    if let Some(tag) = month_tag(id) {
        change.set_tag_if_missing(&tag, snapshot).map_err(failure)?;
    }
    Ok(())
}

/// Returns the properties of a snapshot of a run, or of one that is computed from it.
pub(super) fn properties_of_run(manifest: &Manifest) -> HashMap<String, String> {
    let id = &manifest.run_id;
    let mut properties = HashMap::from([
        (RUN_ID.to_owned(), id.to_string()),
        (MANIFEST_SHA256.to_owned(), manifest.manifest_sha256.clone()),
    ]);
    if let Some(month) = id.dump_month() {
        properties.insert("discogs.dump-month".to_owned(), month.as_str().to_owned());
    }
    properties
}

/// Returns the tables of runs that the contract no longer declares.
fn not_in_contract<'t>(
    contract: &'t contract::Contract,
    known: &'t BTreeMap<TableName, Table>,
) -> impl Iterator<Item = &'t Table> {
    let is_declared = |name: &TableName| contract.tables.iter().any(|table| binding::name(table) == *name);
    known.iter().filter(move |(name, _)| !is_declared(name)).map(|(_, table)| table)
}
