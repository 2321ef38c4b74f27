//! A change of a table as clients of the REST protocol ask for it: what must hold of the table, and updates of its metadata.

use std::time::{SystemTime, UNIX_EPOCH};

use iceberg::spec::{
    FormatVersion, PrimitiveType, Schema, Snapshot, SortOrder, TableMetadata, Type, UnboundPartitionSpec,
};
use iceberg::{ErrorKind, TableRequirement, TableUpdate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::files::{Files, lies_in, path_of};
use crate::{Error, Result, Session, Table, TableChange, TableName, metadata};

/// The clock of a client may be ahead of this machine's by so much. A snapshot of a later time would be the current one of
/// every time after it.
const MAX_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

/// Manifest lists and manifests have kilobytes to megabytes.
const MAX_MANIFEST_BYTES: u64 = 256 << 20;

/// The last partition id of a table without partitions.
const NO_PARTITIONS: i32 = 999;

/// A request to change a table, or to create it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRequest {
    /// The table.
    pub name: TableName,
    /// The conditions that the table has to meet.
    pub requirements: Vec<TableRequirement>,
    /// The updates, in order.
    pub updates: Vec<TableUpdate>,
}

impl TableRequest {
    /// Returns whether the request creates the table.
    pub fn creates(&self) -> bool {
        self.requirements.contains(&TableRequirement::NotExist)
    }

    /// Returns the location that the request gives the table.
    pub fn location(&self) -> Option<&str> {
        self.updates.iter().rev().find_map(|update| match update {
            TableUpdate::SetLocation { location } => Some(location.as_str()),
            _ => None,
        })
    }

    /// Returns the change that is asked for, of a table as it was loaded; `None` for a table that the catalog lacks, which
    /// the request creates at `location`, unless it names one itself.
    ///
    /// # Errors
    /// Fails with [`Error::NoTable`] if the table is missing and not to be created, with [`Error::Requirement`] if a
    /// requirement does not hold, and with [`Error::Refused`] if an update is not valid.
    pub fn change(&self, table: Option<&Table>, location: &str, session: Session) -> Result<TableChange> {
        if table.is_none() && !self.creates() {
            return Err(Error::NoTable(self.name.clone()));
        }
        let requires = |error| Error::Requirement(self.name.clone(), Box::new(error));
        let loaded = table.map(Table::metadata);
        self.requirements.iter().try_for_each(|requirement| requirement.check(loaded)).map_err(requires)?;
        let mut change = match table {
            Some(table) => {
                let (expected, base) = (Some(table.location.clone()), table.metadata.clone());
                TableChange::begin(self.name.clone(), expected, base, session, table.files.clone())
            }
            None => TableChange::with_metadata(self.name.clone(), self.first_metadata(location)?, session),
        };
        let refused = |error| Error::Refused(self.name.clone(), Box::new(error));
        let mut builder = change.builder.clone();
        let mut sequence_number = change.base.last_sequence_number();
        for update in &self.updates {
            check(update, &change.base, table.is_none()).map_err(refused)?;
            if let TableUpdate::AddSnapshot { snapshot } = update {
                // A snapshot without a parent replaces what another writer did at the same time.
                let replaces = snapshot.parent_snapshot_id().is_none() && snapshot.sequence_number() == sequence_number;
                if snapshot.sequence_number() <= sequence_number && !replaces {
                    let why = format!("snapshot {} follows an older state of the table", snapshot.snapshot_id());
                    return Err(requires(iceberg::Error::new(ErrorKind::CatalogCommitConflicts, why)));
                }
                sequence_number = snapshot.sequence_number();
            }
            builder = update.clone().apply(builder).map_err(refused)?;
        }
        let built = builder.clone().build().map_err(refused)?;
        change.builder = builder;
        change.holds = table.is_some() && built.changes.is_empty();
        Ok(change)
    }

    /// Builds the metadata that the updates of a creation start from: with the first schema, partition spec and sort order,
    /// whose ids the data files of the client have already. The builder of `iceberg` would assign other ids.
    fn first_metadata(&self, location: &str) -> Result<TableMetadata> {
        let refused =
            |why: &str| Error::Refused(self.name.clone(), Box::new(iceberg::Error::new(ErrorKind::DataInvalid, why)));
        let schema = self.updates.iter().find_map(|update| match update {
            TableUpdate::AddSchema { schema } => Some(schema),
            _ => None,
        });
        let schema = schema.ok_or_else(|| refused("a table is created with a schema"))?;
        let spec = self.updates.iter().find_map(|update| match update {
            TableUpdate::AddSpec { spec } => Some(spec),
            _ => None,
        });
        let order = self.updates.iter().find_map(|update| match update {
            TableUpdate::AddSortOrder { sort_order } => Some(sort_order),
            _ => None,
        });
        let uuid = self.updates.iter().find_map(|update| match update {
            TableUpdate::AssignUuid { uuid } => Some(*uuid),
            _ => None,
        });
        let (fields, last_partition_id) = partition_fields(spec).ok_or_else(|| refused("a partition field's id"))?;
        let mut orders = vec![json!({"order-id": metadata::UNSORTED, "fields": []})];
        let sorted = order.filter(|order| !order.fields.is_empty());
        let json = |value: serde_json::Result<Value>| value.map_err(|error| refused(&error.to_string()));
        if let Some(SortOrder { fields, .. }) = sorted {
            orders.push(json!({"order-id": 1, "fields": json(serde_json::to_value(fields))?}));
        }
        let mut first_schema = json(serde_json::to_value(schema))?;
        first_schema["schema-id"] = json!(0);
        let location = self.location().unwrap_or(location).trim_end_matches('/');
        let first = json!({
            "format-version": 2,
            "table-uuid": uuid.unwrap_or_else(Uuid::new_v4),
            "location": location,
            "last-sequence-number": 0,
            "last-updated-ms": 0,
            "last-column-id": schema.highest_field_id(),
            "schemas": [first_schema],
            "current-schema-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": fields}],
            "default-spec-id": 0,
            "last-partition-id": last_partition_id,
            "properties": {},
            "default-sort-order-id": orders.len() - 1,
            "sort-orders": orders,
        });
        serde_json::from_value(first).map_err(|error| refused(&error.to_string()))
    }
}

/// Returns the fields of a partition spec with their ids, and the highest id.
fn partition_fields(spec: Option<&UnboundPartitionSpec>) -> Option<(Vec<Value>, i32)> {
    let (mut fields, mut last) = (Vec::new(), NO_PARTITIONS);
    for field in spec.map(UnboundPartitionSpec::fields).unwrap_or_default() {
        let id = match field.field_id {
            Some(id) if id > NO_PARTITIONS => id,
            Some(_) => return None,
            None => last.checked_add(1)?,
        };
        last = last.max(id);
        let transform = field.transform.to_string();
        fields.push(json!({"source-id": field.source_id, "field-id": id, "name": field.name, "transform": transform}));
    }
    Some((fields, last))
}

/// Checks what the builder of `iceberg` does not.
fn check(update: &TableUpdate, base: &TableMetadata, is_new: bool) -> iceberg::Result<()> {
    let refused = |why: String| Err(iceberg::Error::new(ErrorKind::DataInvalid, why));
    match update {
        TableUpdate::AssignUuid { uuid } if !is_new && *uuid != base.uuid() => {
            refused(format!("a table keeps its UUID, {}", base.uuid()))
        }
        TableUpdate::UpgradeFormatVersion { format_version } if *format_version != FormatVersion::V2 => {
            refused(format!("tables are of format version 2, not {format_version}"))
        }
        TableUpdate::AddEncryptionKey { .. } | TableUpdate::RemoveEncryptionKey { .. } => {
            refused("encryption keys are of format version 3; tables are of version 2".to_owned())
        }
        TableUpdate::AddSchema { schema } => check_schema(schema),
        TableUpdate::AddSnapshot { snapshot } => check_snapshot(snapshot),
        TableUpdate::SetSnapshotRef { ref_name, .. } if ref_name.is_empty() || ref_name.len() > 255 => {
            refused("the name of a tag or branch has 1 to 255 bytes".to_owned())
        }
        _ => Ok(()),
    }
}

/// Checks that a schema is one of format version 2, with ids that leave room for more columns.
///
/// # Errors
/// Fails with the name of the first column that is not.
pub fn check_schema(schema: &Schema) -> iceberg::Result<()> {
    let fields = schema.field_id_to_name_map().keys().filter_map(|id| schema.field_by_id(*id));
    for field in fields {
        let why = match &*field.field_type {
            Type::Primitive(PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs) => {
                "timestamps of nanoseconds are of format version 3; tables are of version 2"
            }
            _ if field.initial_default.is_some() || field.write_default.is_some() => {
                "default values are of format version 3; tables are of version 2"
            }
            _ if !(0..i32::MAX / 2).contains(&field.id) => "its id is out of range",
            _ => continue,
        };
        return Err(iceberg::Error::new(ErrorKind::DataInvalid, format!("column {}: {why}", field.name)));
    }
    Ok(())
}

fn check_snapshot(snapshot: &Snapshot) -> iceberg::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let latest = i64::try_from(now).unwrap_or(i64::MAX - MAX_AHEAD_MS) + MAX_AHEAD_MS;
    let refused = |why: &str| {
        let why = format!("snapshot {}: {why}", snapshot.snapshot_id());
        Err(iceberg::Error::new(ErrorKind::DataInvalid, why))
    };
    match snapshot {
        // Readers take -1 for no snapshot.
        _ if snapshot.snapshot_id() < 0 => refused("its id is negative"),
        _ if !(0..=latest).contains(&snapshot.timestamp_ms()) => refused("its time is not one of the past"),
        _ if snapshot.sequence_number() > i64::MAX / 2 => refused("its sequence number is out of range"),
        _ => Ok(()),
    }
}

impl TableChange {
    /// Returns why the files of the added snapshots are not all in the table's folder, or cannot be read there: manifest
    /// lists, their manifests, and unless `data` is false the files that their new manifests name.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn file_elsewhere(&self, data: bool) -> Result<Option<String>> {
        let after = self.after()?;
        let folder = path_of(after.location());
        let before = self.before();
        for snapshot in after.snapshots() {
            if before.is_some_and(|before| before.snapshot_by_id(snapshot.snapshot_id()).is_some()) {
                continue;
            }
            let is_here = |location: &str| lies_in(&path_of(location), &folder);
            if let Some(why) = elsewhere(&self.files, &after, snapshot, &is_here, data) {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}

/// Returns why a snapshot's files are not all in their table's folder.
fn elsewhere(
    files: &Files,
    metadata: &TableMetadata,
    snapshot: &Snapshot,
    is_here: &dyn Fn(&str) -> bool,
    data: bool,
) -> Option<String> {
    let list = snapshot.manifest_list();
    if !is_here(list) {
        return Some(format!("the manifest list {list} lies outside of the table's location"));
    }
    if let Err(why) = is_readable(list) {
        return Some(why);
    }
    let manifests = match files.manifest_list(list, list, metadata.format_version()) {
        Ok(manifests) => manifests,
        Err(error) => return Some(format!("{list} is no manifest list: {error}")),
    };
    for manifest in manifests.entries() {
        let path = &manifest.manifest_path;
        if !is_here(path) {
            return Some(format!("the manifest {path} lies outside of the table's location"));
        }
        // Those of earlier snapshots were looked at when these were committed.
        if !data || manifest.added_snapshot_id != snapshot.snapshot_id() {
            continue;
        }
        if let Err(why) = is_readable(path) {
            return Some(why);
        }
        let entries = match files.manifest(path, manifest) {
            Ok(loaded) => loaded.into_parts().0,
            Err(error) => return Some(format!("{path} is no manifest: {error}")),
        };
        let files = entries.iter().map(|entry| entry.data_file().file_path());
        if let Some(file) = files.into_iter().find(|file| !is_here(file)) {
            return Some(format!("the data file {file} lies outside of the table's location"));
        }
    }
    None
}

fn is_readable(location: &str) -> std::result::Result<(), String> {
    match std::fs::metadata(path_of(location)) {
        Ok(file) if !file.is_file() => Err(format!("{location} is no file")),
        Ok(file) if file.len() > MAX_MANIFEST_BYTES => Err(format!("{location} has more than 256 MiB")),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{location} cannot be read: {error}")),
    }
}
