//! Operations on a table's metadata that the crate `iceberg` lacks: keeping field ids at creation, and setting a
//! commit's time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use iceberg::spec::TableMetadata;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::files::{Files, location_of, path_of};
use crate::schema::{NewTable, name_mapping, schema};
use crate::{Error, Result, Session, TableChange};

/// The id that Iceberg reserves for unsorted tables.
pub(crate) const UNSORTED: i64 = 0;

/// Limit of the metadata files that a table keeps besides the current one.
const MAX_PREVIOUS_METADATA: usize = 20;

/// Builds the metadata of a table without snapshots, as JSON, because `TableMetadataBuilder::new` assigns field ids of
/// its own, and the data files have those of the contract.
pub(crate) fn create(new: &NewTable) -> Result<TableMetadata> {
    let table = new.name.to_string();
    let schema = schema(&new.name, &new.columns, 0)?;
    let mut sort_orders = vec![json!({"order-id": UNSORTED, "fields": []})];
    if let Some(column) = new.sorted_by {
        let field =
            json!({"transform": "identity", "source-id": column, "direction": "asc", "null-order": "nulls-last"});
        sort_orders.push(json!({"order-id": 1, "fields": [field]}));
    }
    let default_sort_order = sort_orders.len() - 1;
    let mut properties = json!({
        "schema.name-mapping.default": name_mapping([&schema].into_iter()),
        // The files belong to others: no engine may delete them.
        "gc.enabled": "false",
        // Spark with Iceberg up to 1.10 reads DELTA_LENGTH_BYTE_ARRAY row by row only.
        "read.parquet.vectorization.enabled": "false",
        "write.metadata.previous-versions-max": MAX_PREVIOUS_METADATA.to_string(),
        "write.metadata.delete-after-commit.enabled": "true",
    });
    for (key, value) in &new.properties {
        properties[key] = json!(value);
    }
    let metadata = json!({
        "format-version": 2,
        "table-uuid": Uuid::new_v4(),
        "location": location_of(&new.folder)?,
        "last-sequence-number": 0,
        "last-updated-ms": 0,
        "last-column-id": new.columns.iter().map(|column| column.id).max().unwrap_or(0),
        "schemas": [schema],
        "current-schema-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "default-spec-id": 0,
        "last-partition-id": 999,
        "properties": properties,
        "sort-orders": sort_orders,
        "default-sort-order-id": default_sort_order,
    });
    parse(&table, metadata)
}

/// Returns the metadata with no time after now, or `None` if it has none. The builder stamps what it builds with the clock
/// and refuses a clock that went back; [`stamp`] restores the times.
pub(crate) fn not_ahead(metadata: &TableMetadata) -> Option<TableMetadata> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    if metadata.last_updated_ms() <= now {
        return None;
    }
    let mut json = serde_json::to_value(metadata).ok()?;
    json["last-updated-ms"] = json!(now);
    for log in ["snapshot-log", "metadata-log"] {
        for entry in entries(&mut json, log) {
            entry["timestamp-ms"] = json!(entry["timestamp-ms"].as_i64().unwrap_or(now).min(now));
        }
    }
    serde_json::from_value(json).ok()
}

/// Returns the metadata as JSON with the time of a commit, in the metadata and in the entries that the commit added to the snapshot log. All tables
/// of a publication have the same time, so a query as of a time reads all of them before the publication or all after
/// it. Earlier entries get the times that they had.
pub(crate) fn stamp(change: &TableChange, metadata: &TableMetadata, at: i64) -> Result<Value> {
    let name = change.name.to_string();
    if at < change.base.last_updated_ms() {
        return Err(invalid(&name, &"the commit is older than the last one"));
    }
    let mut json = to_json(&name, metadata)?;
    json["last-updated-ms"] = json!(at);
    let old = change.base.history();
    for (index, entry) in entries(&mut json, "snapshot-log").enumerate() {
        match old.get(index) {
            Some(old) if entry["snapshot-id"] == json!(old.snapshot_id) => {
                entry["timestamp-ms"] = json!(old.timestamp_ms)
            }
            Some(_) => {}
            None => entry["timestamp-ms"] = json!(at),
        }
    }
    let old = change.base.metadata_log().iter().map(|old| (old.metadata_file.as_str(), old.timestamp_ms));
    let last = change.expected.as_deref().map(|file| (file, change.base.last_updated_ms()));
    let old: HashMap<_, _> = old.chain(last).collect();
    for entry in entries(&mut json, "metadata-log") {
        if let Some(time) = entry["metadata-file"].as_str().and_then(|file| old.get(file)) {
            entry["timestamp-ms"] = json!(time);
        }
    }
    Ok(json)
}

/// Returns metadata as JSON. The crate `iceberg` gives lists an order by chance; here they have the order of the commits,
/// which readers of snapshots expect.
pub(crate) fn to_json(table: &str, metadata: &TableMetadata) -> Result<Value> {
    let mut json = serde_json::to_value(metadata).map_err(|error| invalid(table, &error))?;
    for (list, keys) in [
        ("snapshots", ["sequence-number", "timestamp-ms"]),
        ("schemas", ["schema-id", ""]),
        ("partition-specs", ["spec-id", ""]),
        ("sort-orders", ["order-id", ""]),
    ] {
        if let Some(entries) = json.get_mut(list).and_then(Value::as_array_mut) {
            entries.sort_by_key(|entry| keys.map(|key| entry.get(key).and_then(Value::as_i64)));
        }
    }
    Ok(json)
}

/// Returns the entries of a log, which may be missing.
fn entries<'j>(metadata: &'j mut Value, log: &str) -> impl Iterator<Item = &'j mut Value> + use<'j> {
    metadata.get_mut(log).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Returns the location of a table's next metadata file, by the names that every client of the JDBC schema uses.
pub(crate) fn next_location(table: &str, current: Option<&str>, session: Session) -> String {
    let version = current.and_then(|current| current.rsplit('/').next()?.split('-').next()?.parse::<u32>().ok());
    let next = version.map_or(0, |version| version.saturating_add(1));
    format!("{table}/metadata/{next:05}-{session}.metadata.json")
}

/// Returns whether the table property is set by which a commit removes the metadata files that have left the log.
pub(crate) fn removes_old(metadata: &TableMetadata) -> bool {
    let property = metadata.properties().get("write.metadata.delete-after-commit.enabled");
    property.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Writes a metadata file durably. Adds its path to `written` first.
pub(crate) fn write(files: &Files, metadata: &Value, location: &str, written: &mut Vec<PathBuf>) -> Result<()> {
    let path = path_of(location);
    let folder = path.parent().unwrap_or(&path);
    files.make_folders(folder)?;
    written.push(path.clone());
    files.write_new(&path, metadata.to_string().as_bytes())?;
    files.sync_folder(folder)
}

/// Parses the JSON of metadata.
pub(crate) fn parse(table: &str, json: Value) -> Result<TableMetadata> {
    serde_json::from_value(json).map_err(|error| invalid(table, &error))
}

fn invalid(table: &str, error: &dyn std::fmt::Display) -> Error {
    let error = iceberg::Error::new(iceberg::ErrorKind::DataInvalid, error.to_string());
    Error::Iceberg(table.to_owned(), Box::new(error))
}
