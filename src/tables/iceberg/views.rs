//! Tables about the lake's Iceberg tables, for SQL: their sizes, files, snapshots and schemas.
//!
//! Rows go to DuckDB one by one as manifests are read, so a table of many files takes no more memory than one manifest.

use std::collections::BTreeMap;

use lake_catalog::{DataContentType, LiveFile, Ref, Snapshot, Table, TableName, path_text};

use super::{RUN_ID, Tables, failure, is_of_runs, run_tag};
use crate::lake::RunId;
use crate::sql::{Cell, DuckDb, Filler, SqlFile};

/// The names of the tables about tables.
pub const VIEWS: [&str; 4] = ["table_files", "table_schema_versions", "table_sizes", "table_snapshots"];

/// The state of the tables that a statement reads. Without a run or a snapshot, tables are as they are.
#[derive(Clone, Debug, Default)]
pub struct ReadState {
    /// The run that tables of runs are read as of.
    pub run: Option<RunId>,
    /// Tables that are not of runs, and the snapshots that they are read as of; `None` for one that does not exist then.
    pub own: BTreeMap<TableName, Option<i64>>,
}

impl ReadState {
    /// Returns whether a table exists in the state, and the snapshot that it then has; none if it is empty.
    fn snapshot(&self, table: &Table) -> Option<Option<i64>> {
        match (&self.run, self.own.get(table.name())) {
            (Some(run), _) if is_of_runs(table) => table.ref_id(&run_tag(run)).map(Some),
            (_, Some(pinned)) => pinned.map(Some),
            _ => Some(table.metadata().current_snapshot_id()),
        }
    }
}

/// Makes those of [`VIEWS`] that are named, over all tables of the catalog.
///
/// # Errors
/// Fails if the catalog, or a table's metadata or manifests cannot be read.
pub fn mount_views(engine: &DuckDb, tables: &mut Tables, names: &[&str], state: &ReadState) -> anyhow::Result<()> {
    let mut found = tables.catalog.load_all().map_err(failure)?;
    found.sort_by(|one, other| one.name().cmp(other.name()));
    for name in names {
        engine.execute_file(&format!("lake/{name}"))?;
        engine.fill(name, |filler| {
            found.iter().try_for_each(|table| match (*name, state.snapshot(table)) {
                ("table_snapshots", _) => snapshots(filler, table),
                ("table_schema_versions", _) => schemas(filler, table),
                ("table_sizes", Some(snapshot)) => size(filler, table, snapshot),
                ("table_files", Some(Some(snapshot))) => files(filler, tables, table, snapshot),
                _ => Ok(()),
            })
        })?;
        if *name == "table_snapshots" {
            let tags = SqlFile::load("lake/tags")?;
            engine.execute(&tags.text, &tags.path)?;
        }
    }
    Ok(())
}

fn size(filler: &mut Filler<'_>, table: &Table, snapshot: Option<i64>) -> anyhow::Result<()> {
    let (mut bytes, mut rows, mut files, mut deleted_rows, mut delete_files) = (0, 0, 0, 0, 0);
    if let Some(snapshot) = snapshot {
        table.each_file(snapshot, |file| {
            bytes += file.file_size_in_bytes();
            match file.content_type() {
                DataContentType::Data => (rows, files) = (rows + file.record_count(), files + 1),
                DataContentType::PositionDeletes => {
                    (deleted_rows, delete_files) = (deleted_rows + file.record_count(), delete_files + 1);
                }
                DataContentType::EqualityDeletes => delete_files += 1,
            }
            Ok::<_, anyhow::Error>(())
        })?;
    }
    let [layer, name] = names(table);
    let [bytes, rows, files, deleted_rows, delete_files] = [bytes, rows, files, deleted_rows, delete_files].map(number);
    filler.row([layer, name, bytes, rows, files, deleted_rows, delete_files, snapshot.into()])
}

fn files(filler: &mut Filler<'_>, tables: &Tables, table: &Table, snapshot: i64) -> anyhow::Result<()> {
    let [layer, name] = names(table);
    table.each_file(snapshot, |file: LiveFile<'_>| {
        let location = file.file_path();
        let path = path_text(location);
        let run = tables.run_with(std::path::Path::new(path)).map(|(run, _)| run.to_string());
        let (format, partition) = (file.file_format().to_string(), file.partition_text());
        let content = match file.content_type() {
            DataContentType::Data => "data",
            DataContentType::PositionDeletes => "position_deletes",
            DataContentType::EqualityDeletes => "equality_deletes",
        };
        let (bytes, rows) = (number(file.file_size_in_bytes()), number(file.record_count()));
        let (partition, run) = (partition.as_deref().into(), run.as_deref().into());
        filler.row([
            layer,
            name,
            Cell::Text(path),
            bytes,
            rows,
            Cell::Text(content),
            Cell::Text(&format),
            partition,
            run,
        ])
    })
}

fn snapshots(filler: &mut Filler<'_>, table: &Table) -> anyhow::Result<()> {
    let refs = table.refs().map_err(failure)?;
    let mut all: Vec<_> = table.metadata().snapshots().collect();
    all.sort_by_key(|snapshot| snapshot.sequence_number());
    all.into_iter().try_for_each(|snapshot| of_snapshot(filler, table, snapshot, &refs))
}

/// Adds a snapshot. The totals are those that its writer recorded; an engine may leave them out.
fn of_snapshot(filler: &mut Filler<'_>, table: &Table, snapshot: &Snapshot, refs: &[Ref]) -> anyhow::Result<()> {
    let [layer, name] = names(table);
    let id = snapshot.snapshot_id();
    let summary = &snapshot.summary().additional_properties;
    let total = |key: &str| Cell::from(summary.get(key).and_then(|text| text.parse::<i64>().ok()));
    let run = summary.get(RUN_ID).map(String::as_str);
    let month = run.and_then(|run| run.parse::<RunId>().ok()?.dump_month()).map(|month| month.as_str().to_owned());
    let tags: Vec<_> = refs.iter().filter(|it| !it.is_branch && it.snapshot_id == id).map(|it| &*it.name).collect();
    filler.row([
        layer,
        name,
        Cell::Number(id),
        snapshot.parent_snapshot_id().into(),
        Cell::Time(snapshot.timestamp_ms()),
        Cell::Text(snapshot.summary().operation.as_str()),
        run.into(),
        month.as_deref().into(),
        Cell::Text(&tags.join("\n")),
        Cell::Flag(table.metadata().current_snapshot_id() == Some(id)),
        total("total-files-size"),
        total("total-records"),
        total("total-data-files"),
        snapshot.schema_id().map(i64::from).into(),
    ])
}

fn schemas(filler: &mut Filler<'_>, table: &Table) -> anyhow::Result<()> {
    let [layer, name] = names(table);
    let mut all: Vec<_> = table.metadata().schemas_iter().collect();
    all.sort_by_key(|schema| schema.schema_id());
    for schema in all {
        let is_current = schema.schema_id() == table.metadata().current_schema().schema_id();
        for (position, field) in (1..).zip(schema.as_struct().fields()) {
            filler.row([
                layer,
                name,
                Cell::Number(schema.schema_id().into()),
                Cell::Flag(is_current),
                Cell::Number(field.id.into()),
                Cell::Number(position),
                Cell::Text(&field.name),
                Cell::Text(&field.field_type.to_string()),
                Cell::Flag(field.required),
                field.doc.as_deref().into(),
            ])?;
        }
    }
    Ok(())
}

fn names(table: &Table) -> [Cell<'_>; 2] {
    [Cell::Text(&table.name().namespace), Cell::Text(&table.name().name)]
}

fn number<'c>(count: u64) -> Cell<'c> {
    Cell::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    #[test]
    fn no_table_of_the_contract_and_no_view_has_the_name_of_one() {
        let contract = Contract::load().expect("the contract");
        let views = SqlFile::folder("views").expect("the views");
        let tables = contract.tables.iter().flat_map(|table| [table.name.as_str(), table.sql_name()]);
        for name in tables.chain(views.iter().map(|view| view.name.as_str())) {
            assert!(!VIEWS.contains(&name), "{name}");
        }
    }
}
