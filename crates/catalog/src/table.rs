//! A loaded table: its name, metadata, snapshots and refs.

use std::fmt;

use iceberg::spec::{Snapshot, SnapshotRetention, TableMetadata};

use crate::{Error, Result, Session};

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
        // The crate has no accessor for all refs; the metadata's JSON has them.
        let invalid = |error: serde_json::Error| self.invalid(error.to_string());
        let json = serde_json::to_value(&self.metadata).map_err(invalid)?;
        let mut refs = Vec::new();
        for (name, value) in json["refs"].as_object().into_iter().flatten() {
            let reference: iceberg::spec::SnapshotReference = serde_json::from_value(value.clone()).map_err(invalid)?;
            let is_branch = matches!(reference.retention, SnapshotRetention::Branch { .. });
            refs.push(Ref { name: name.clone(), snapshot_id: reference.snapshot_id, is_branch });
        }
        refs.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(refs)
    }

    /// Returns the error for invalid metadata.
    pub(crate) fn invalid(&self, what: String) -> Error {
        let error = iceberg::Error::new(iceberg::ErrorKind::DataInvalid, what);
        Error::Iceberg(self.name.to_string(), Box::new(error))
    }
}
