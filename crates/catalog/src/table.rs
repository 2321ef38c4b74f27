//! A loaded table: its name, metadata, snapshots and refs.

use std::collections::BTreeMap;
use std::fmt;

use iceberg::spec::{Snapshot, SnapshotReference, SnapshotRetention, TableMetadata};

use crate::files::Files;
use crate::{Error, Result, Session, metadata};

/// The name of a table: a namespace of one level, and a name in the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The namespace, a schema to SQL engines.
    pub namespace: String,
    /// The name in the namespace.
    pub name: String,
}

impl TableName {
    /// Returns the name of a table in a namespace.
    pub fn new(namespace: &str, name: &str) -> Self {
        TableName { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)
    }
}

/// A table at the time it was loaded.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) name: TableName,
    pub(crate) metadata: TableMetadata,
    pub(crate) location: String,
    /// The session that loaded the table, and that a change of it belongs to.
    pub(crate) session: Session,
    /// The access to the table's files.
    pub(crate) files: Files,
}

/// A tag or a branch of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// The name, as in `FOR VERSION AS OF 'name'`.
    pub name: String,
    /// The snapshot that it names.
    pub snapshot_id: i64,
    /// Whether it is a branch.
    pub is_branch: bool,
}

impl Table {
    /// Returns the table's name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// Returns the location of the metadata file, the argument of DuckDB's `iceberg_scan`.
    pub fn metadata_location(&self) -> &str {
        &self.location
    }

    /// Returns the table's metadata.
    pub fn metadata(&self) -> &TableMetadata {
        &self.metadata
    }

    /// Returns the table's metadata as JSON, with lists in the order of the commits.
    ///
    /// # Errors
    /// Fails if the metadata cannot be serialised.
    pub fn metadata_json(&self) -> Result<serde_json::Value> {
        metadata::to_json(&self.name.to_string(), &self.metadata)
    }

    /// Returns the snapshot that a tag or branch names.
    ///
    /// # Errors
    /// Fails if the table has no such ref.
    pub fn snapshot_of(&self, reference: &str) -> Result<&Snapshot> {
        match self.metadata.snapshot_for_ref(reference) {
            Some(snapshot) => Ok(snapshot),
            None => Err(Error::NoSnapshot(self.name.clone(), format!("tag {reference}"))),
        }
    }

    /// Returns the id of the snapshot that a tag or branch names, or `None` if the table has no such ref.
    pub fn ref_id(&self, reference: &str) -> Option<i64> {
        self.metadata.snapshot_for_ref(reference).map(|snapshot| snapshot.snapshot_id())
    }

    /// Returns the snapshot that was current at a time, in milliseconds since 1970.
    pub fn snapshot_at(&self, time_ms: i64) -> Option<&Snapshot> {
        let entry = self.metadata.history().iter().rev().find(|entry| entry.timestamp_ms() <= time_ms)?;
        self.metadata.snapshot_by_id(entry.snapshot_id).map(|snapshot| &**snapshot)
    }

    /// Returns all tags and branches, by name.
    ///
    /// # Errors
    /// Fails if the metadata cannot be serialised.
    pub fn refs(&self) -> Result<Vec<Ref>> {
        let refs = refs(&self.metadata).map_err(|error| self.invalid(error.to_string()))?.into_iter();
        let found = refs.map(|(name, reference)| Ref {
            name,
            snapshot_id: reference.snapshot_id,
            is_branch: matches!(reference.retention, SnapshotRetention::Branch { .. }),
        });
        Ok(found.collect())
    }

    /// Returns the error for invalid metadata.
    pub(crate) fn invalid(&self, what: String) -> Error {
        let error = iceberg::Error::new(iceberg::ErrorKind::DataInvalid, what);
        Error::Iceberg(self.name.to_string(), Box::new(error))
    }
}

/// Returns all tags and branches of a table, by name. The crate `iceberg` has no accessor for them; the metadata's JSON
/// has them.
pub(crate) fn refs(metadata: &TableMetadata) -> serde_json::Result<BTreeMap<String, SnapshotReference>> {
    let json = serde_json::to_value(metadata)?;
    json.get("refs").cloned().map_or_else(|| Ok(BTreeMap::new()), serde_json::from_value)
}

/// Reads a local metadata file.
///
/// # Errors
/// Fails if the file cannot be read or is no table's metadata.
pub fn read_metadata(location: &str) -> Result<TableMetadata> {
    Files::default().metadata(location)
}

/// Loads a table from its metadata.
pub(crate) fn read(files: &Files, name: TableName, location: String, session: Session) -> Result<Table> {
    let metadata = files.metadata(&location)?;
    Ok(Table { name, metadata, location, session, files: files.clone() })
}
