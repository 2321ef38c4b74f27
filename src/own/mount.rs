//! Mounts the tables that are not of runs in DuckDB, under their namespaces: people's own as `mine`, and `gold`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lake_catalog::{Table, TableName, Type};

use super::scan::{self, ReadColumn};
use super::types;
use crate::lake::RunId;
use crate::sql::statement::run;
use crate::sql::{DuckDb, Filter, Reads, quoted};
use crate::tables::iceberg::{AsOf, Tables, is_from_runs};
use crate::tables::{ReadTable, files_to_read};
use digdag_task::Failure;

/// Tables that are not of runs, each with the snapshot that is read; `None` for a table that does not exist in the state.
pub type Pins = BTreeMap<TableName, Option<i64>>;

/// A table that is not of runs, and the snapshot that is read; `None` for a table without any.
pub type Pin = (TableName, Option<i64>);

/// Mounts the tables that a statement names and that are not of runs, as `mine.inventory` or `gold.release_wide`, without the
/// files that the conditions of the statement rule out. A table of `pins` is mounted with its snapshot, and refused if it has
/// none. A table that is computed from runs is mounted as it was built from `run`, if that is given. All others are mounted as
/// they are. Returns the tables, each with its snapshot.
///
/// # Errors
/// Fails if the catalog cannot be read, if a pinned table has no snapshot, or if a table was not built from the run.
pub fn mount_own(
    engine: &DuckDb,
    tables: &mut Tables,
    pins: &Pins,
    run: Option<&RunId>,
    is_named: impl Fn(&str) -> bool,
    reads: Option<&Reads>,
) -> anyhow::Result<Vec<(ReadTable, Pin)>> {
    let mut own = tables.all_not_of_runs()?;
    own.retain(|table| {
        let TableName { namespace, name } = table.name();
        is_named(namespace) && is_named(name)
    });
    let mounted = |table: &Table| {
        let snapshot = match (pins.get(table.name()), run) {
            (Some(None), _) => return Err(no_state(table)),
            (Some(pinned), _) => *pinned,
            (None, Some(run)) if is_from_runs(table) => Some(snapshot_of(table, &AsOf::Run(run.clone()))?),
            (None, _) => table.metadata().current_snapshot_id(),
        };
        let filter = reads.and_then(|reads| reads.filter(&table.name().namespace, &[&table.name().name]));
        Ok((mount(engine, table, snapshot, filter.as_ref())?, (table.name().clone(), snapshot)))
    };
    own.iter().map(mounted).collect()
}

/// Returns the snapshots of all tables that are not of runs at a time or at the end of a month, `None` for a table that has
/// none of that age. Tables that are computed from runs are left out, because they follow their run.
///
/// # Errors
/// Fails if the catalog cannot be read.
pub fn own_snapshots(tables: &mut Tables, state: &AsOf) -> anyhow::Result<Pins> {
    let mut own = tables.all_not_of_runs()?;
    own.retain(|table| !is_from_runs(table));
    Ok(own.iter().map(|table| (table.name().clone(), snapshot_of(table, state).ok())).collect())
}

/// Returns the snapshot of a table of people's own in a state.
///
/// # Errors
/// Fails if the catalog lacks the table, or if the table has no such state.
pub fn own_snapshot(tables: &mut Tables, name: &TableName, state: &AsOf) -> anyhow::Result<i64> {
    let own = tables.all_not_of_runs()?;
    let table = own.iter().find(|table| table.name() == name).ok_or_else(|| {
        Failure::parameters(format!("the catalog has no table {name}")).hint("table-history lists them")
    })?;
    snapshot_of(table, state)
}

fn snapshot_of(table: &Table, state: &AsOf) -> anyhow::Result<i64> {
    let found = match state {
        AsOf::Time(time) => table.snapshot_at(time.as_millisecond()).map(|snapshot| snapshot.snapshot_id()),
        AsOf::Snapshot(id) => table.metadata().snapshot_by_id(*id).map(|snapshot| snapshot.snapshot_id()),
        AsOf::Month(month) => end_of(month).and_then(|end| table.snapshot_at(end)).map(|found| found.snapshot_id()),
        AsOf::Run(run) => table.ref_id(&format!("run_{run}")),
    };
    found.ok_or_else(|| no_state(table))
}

fn no_state(table: &Table) -> anyhow::Error {
    Failure::parameters(format!("table {} has no such state", table.name()))
        .hint(format!("table-history --table {} lists its snapshots", table.name()))
        .into()
}

/// Returns the last millisecond of a month.
fn end_of(month: &str) -> Option<i64> {
    let first: jiff::civil::Date = format!("{month}-01").parse().ok()?;
    let end = first.last_of_month().at(23, 59, 59, 999_000_000).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from(end).as_millisecond())
}

/// Mounts a table as of a snapshot, with the snapshot's columns.
fn mount(engine: &DuckDb, table: &Table, snapshot: Option<i64>, filter: Option<&Filter>) -> anyhow::Result<ReadTable> {
    let metadata = table.metadata();
    let found = snapshot.and_then(|id| metadata.snapshot_by_id(id));
    let of_snapshot = found.and_then(|snapshot| metadata.schema_by_id(snapshot.schema_id()?));
    let is_current = snapshot == metadata.current_snapshot_id();
    let schema = of_snapshot.filter(|_| !is_current).unwrap_or_else(|| metadata.current_schema());
    // A column of a type that DuckDB is not told about is left out.
    let columns = schema.as_struct().fields().iter().filter_map(|field| match &*field.field_type {
        Type::Primitive(data_type) if types::sql(data_type).is_some() => Some(ReadColumn {
            name: field.name.clone(),
            data_type: data_type.clone(),
            stored: Some((field.id, data_type.clone())),
            is_lenient: false,
        }),
        _ => None,
    });
    let columns: Vec<_> = columns.collect();
    let scan = snapshot.map(|snapshot| scan::scan(table, snapshot)).transpose()?.unwrap_or_default();
    let view = format!("{} with files", table.name());
    let files = files_to_read(&scan.data, schema, filter);
    // DuckDB ends the process at a file that has none.
    scan::check_ids(engine, table, &files)?;
    scan::create_view(engine, &view, &files, &scan.position_deletes, &columns)?;
    let schema = quoted(&table.name().namespace);
    run(engine, "own/create_schema", &[("schema", &schema)])?;
    run(engine, "own/mount", &[("schema", &schema), ("name", &quoted(&table.name().name)), ("view", &quoted(&view))])?;
    Ok(ReadTable::of(table.name(), &scan.data, files))
}
