//! A table as its metadata describes it: its columns, its size, its arrangement, and its snapshots. No data file and
//! no manifest is read.

use jiff::Timestamp;
use lake_catalog::{Snapshot, Table};
use serde::Serialize;

use super::{RUN_ID, TASK, key_in};

/// A table and the size of its current snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct TableSummary {
    /// The name, with its namespace.
    pub table: String,
    /// The rows, before delete files are applied.
    pub rows: Option<u64>,
    /// The data files.
    pub files: Option<u64>,
    /// The bytes of all files.
    pub bytes: Option<u64>,
    /// The current snapshot, as a text because JSON numbers lose digits.
    pub snapshot_id: Option<String>,
    /// The number of snapshots.
    pub snapshots: usize,
    /// When the table changed last.
    pub updated: Option<Timestamp>,
}

/// A table with its columns and its arrangement.
#[derive(Clone, Debug, Serialize)]
pub struct TableDescription {
    /// The table.
    #[serde(flatten)]
    pub summary: TableSummary,
    /// The columns, in order.
    pub columns: Vec<ColumnDescription>,
    /// The columns that tell rows apart; none if the table records no key.
    pub key: Vec<String>,
    /// The partitions of new files, such as `day(added)`.
    pub partition: Vec<String>,
    /// The order of rows in new files, such as `price desc`.
    pub sort: Vec<String>,
    /// The location of the metadata file.
    pub metadata_location: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnDescription {
    /// The field id.
    pub id: Option<i32>,
    /// The name.
    pub name: String,
    /// The type, as Iceberg names it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether the column has a value in every row.
    pub required: bool,
    /// The description.
    pub doc: Option<String>,
}

/// A snapshot of a table.
#[derive(Clone, Debug, Serialize)]
pub struct SnapshotDescription {
    /// The snapshot's id, as a text because JSON numbers lose digits.
    pub snapshot_id: String,
    /// When it was committed.
    pub time: Timestamp,
    /// The run that it was made from, empty if it was made from none.
    pub run_id: String,
    /// Its rows.
    pub rows: Option<u64>,
    /// The tags and branches that name it.
    pub refs: Vec<String>,
    /// Its schema.
    pub schema_id: Option<i32>,
    /// The task that wrote it.
    pub task: Option<String>,
}

impl TableSummary {
    /// Returns the summary of a table.
    pub fn of(table: &Table) -> Self {
        let metadata = table.metadata();
        let current = metadata.current_snapshot().map(|snapshot| &**snapshot);
        let total = |name: &str| current.and_then(|snapshot| property(snapshot, name)?.parse().ok());
        TableSummary {
            table: table.name().to_string(),
            rows: total("total-records"),
            files: total("total-data-files"),
            bytes: total("total-files-size"),
            snapshot_id: metadata.current_snapshot_id().map(|id| id.to_string()),
            snapshots: metadata.snapshots().len(),
            updated: Timestamp::from_millisecond(metadata.last_updated_ms()).ok(),
        }
    }
}

impl TableDescription {
    /// Returns the description of a table.
    pub fn of(table: &Table) -> Self {
        let schema = table.metadata().current_schema();
        let column = |field: &std::sync::Arc<lake_catalog::Field>| ColumnDescription {
            id: Some(field.id),
            name: field.name.clone(),
            data_type: field.field_type.to_string(),
            required: field.required,
            doc: field.doc.clone(),
        };
        TableDescription {
            summary: TableSummary::of(table),
            columns: schema.as_struct().fields().iter().map(column).collect(),
            key: key_in(table, schema),
            partition: table.partitions(),
            sort: table.sort_order(),
            metadata_location: Some(table.metadata_location().to_owned()),
        }
    }
}

impl SnapshotDescription {
    /// Returns the snapshots of a table, oldest first.
    ///
    /// # Errors
    /// Fails if the table's metadata is invalid.
    pub fn all(table: &Table) -> anyhow::Result<Vec<Self>> {
        let refs = table.refs().map_err(anyhow::Error::new)?;
        let mut snapshots: Vec<_> = table.metadata().snapshots().collect();
        snapshots.sort_by_key(|snapshot| snapshot.sequence_number());
        let described = |snapshot: &std::sync::Arc<Snapshot>| {
            let id = snapshot.snapshot_id();
            Ok(SnapshotDescription {
                snapshot_id: id.to_string(),
                time: Timestamp::from_millisecond(snapshot.timestamp_ms())?,
                run_id: property(snapshot, RUN_ID).unwrap_or_default().to_owned(),
                rows: property(snapshot, "total-records").and_then(|rows| rows.parse().ok()),
                refs: refs.iter().filter(|it| it.snapshot_id == id).map(|it| it.name.clone()).collect(),
                schema_id: snapshot.schema_id(),
                task: property(snapshot, TASK).map(str::to_owned),
            })
        };
        snapshots.into_iter().map(described).collect()
    }
}

fn property<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s str> {
    snapshot.summary().additional_properties.get(name).map(String::as_str)
}
