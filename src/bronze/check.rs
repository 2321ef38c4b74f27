//! Deviations of a bronze table: commits that are no appends, and rows or files that are lost.

use std::fs;

use anyhow::Context;
use jiff::Timestamp;
use lake_catalog::{Snapshot, Table};

use super::columns::name;
use super::held::Held;
use super::load::kept_since;
use super::rows::is_file_of;
use crate::dump::Entity;
use crate::lake::Lake;
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{CatalogArgs, TASK, current_table};

/// The task that removes rows that are out of retention.
const RETENTION_TASK: &str = "enforce-retention";

/// Returns what the bronze tables of a lake have that no append leaves, table by table, or `None` if the lake has no such
/// tables.
///
/// # Errors
/// Fails if the catalog or a table cannot be read.
pub fn deviations(
    lake: &Lake,
    task: &str,
    days: u32,
    catalog: &CatalogArgs,
    engine: &EngineParameters,
) -> anyhow::Result<Option<Vec<String>>> {
    let scratch = lake.scratch(task)?;
    let mut found: Option<Vec<String>> = None;
    for entity in Entity::ALL {
        let Some(table) = current_table(lake, catalog, &name(entity))? else { continue };
        let mut deviations = of_table(&table)?;
        // DuckDB cannot count the rows of a table that has lost a file.
        if deviations.is_empty() {
            let spill = scratch.path().join(entity.name());
            fs::create_dir(&spill).with_context(|| format!("cannot make the folder {}", spill.display()))?;
            let engine = DuckDb::open(engine, &spill)?;
            if let Some(held) = Held::mount(&engine, lake, entity, catalog)? {
                deviations.extend(of_loads(&held, days));
            }
        }
        found.get_or_insert_default().extend(deviations);
    }
    Ok(found)
}

/// Returns the commits of a table that are no appends, and its missing files.
///
/// # Errors
/// Fails if the table's manifests cannot be read.
pub fn of_table(table: &Table) -> anyhow::Result<Vec<String>> {
    let mut found = of_files(table)?;
    found.extend(of_snapshots(table));
    Ok(found)
}

fn of_files(table: &Table) -> anyhow::Result<Vec<String>> {
    let Some(current) = table.metadata().current_snapshot_id() else { return Ok(Vec::new()) };
    let scan = table.scan(current)?;
    let files = scan.data.iter().zip(scan.paths());
    let lost = files.filter(|(file, path)| !is_file_of(path, file.file_size_in_bytes()));
    let mut found: Vec<_> = lost.map(|(_, path)| format!("{}: {} is missing", table.name(), path.display())).collect();
    if scan.has_deletes() {
        found.push(format!("{}: rows were deleted by delete files", table.name()));
    }
    Ok(found)
}

/// Returns the commits that are no appends. A rewrite of files keeps all rows, and rows that are out of retention may go.
fn of_snapshots(table: &Table) -> Vec<String> {
    let Some(current) = table.metadata().current_snapshot_id() else { return Vec::new() };
    let ancestors = table.ancestors(current);
    let other = ancestors.iter().enumerate().filter(|(index, snapshot)| {
        let before = index.checked_sub(1).map(|before| ancestors[before]);
        match snapshot.summary().operation.as_str() {
            "append" => false,
            "replace" => before.is_some_and(|before| rows(before) != rows(snapshot)),
            "delete" => snapshot.summary().additional_properties.get(TASK).is_none_or(|task| task != RETENTION_TASK),
            _ => true,
        }
    });
    let shown = other.map(|(_, snapshot)| {
        let operation = snapshot.summary().operation.as_str();
        format!("{}: snapshot {} is of the operation {operation}, not append", table.name(), snapshot.snapshot_id())
    });
    shown.collect()
}

fn rows(snapshot: &Snapshot) -> Option<&String> {
    snapshot.summary().additional_properties.get("total-records")
}

/// Returns the loads within retention that have lost rows.
fn of_loads(held: &Held, days: u32) -> Vec<String> {
    let (now, since) = (Timestamp::now(), kept_since(&held.table));
    let lost = held.loads.iter().filter(|load| !load.is_out_of_retention(now, days, since) && !held.is_whole(load));
    let shown = lost.map(|load| {
        let (rows, month) = (held.rows_of(load), &load.dump_month);
        format!("{}: the load of {month} has {rows} of {} rows", held.table.name(), load.rows)
    });
    shown.collect()
}
