//! Writes and reads snapshots of a table: manifests, manifest list, and a summary with correct totals.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use iceberg::spec::{
    DataFile, ManifestContentType, ManifestFile, ManifestListWriter, ManifestWriter, ManifestWriterBuilder, Operation,
    PartitionSpec, SchemaRef, Snapshot, SnapshotSummaryCollector, Summary, TableMetadata,
};
use uuid::Uuid;

use crate::files::{Files, path_of};
use crate::{Result, Session};

/// A snapshot to be added to a table, with the complete list of its files.
#[derive(Clone, Debug)]
pub struct NewSnapshot {
    /// All files of the snapshot; empty for an empty table.
    pub files: Vec<DataFile>,
    /// Properties of the snapshot's summary.
    pub properties: HashMap<String, String>,
    /// The snapshot's time in milliseconds since 1970, from [`crate::Catalog::next_time`].
    pub at: i64,
}

/// Where a snapshot is written: the table, its files, and the writer's session.
pub(crate) struct Writing<'w> {
    pub table: &'w str,
    pub files: &'w Files,
    pub session: Session,
    /// The paths of new files are added before the files are created.
    pub written: &'w mut Vec<PathBuf>,
}

/// Writes the manifests and the manifest list of a snapshot. Its parent is the table's current snapshot; the manifests
/// record the parent's files as removed, for readers of changes.
pub(crate) fn write(
    metadata: &TableMetadata,
    schema: SchemaRef,
    new: NewSnapshot,
    writing: &mut Writing<'_>,
) -> Result<Snapshot> {
    let id = new_id(metadata);
    let sequence_number = metadata.next_sequence_number();
    let parent = metadata.current_snapshot();
    let spec = metadata.default_partition_spec();
    let folder = format!("{}/metadata", metadata.location());
    let session = writing.session;
    let mut summary = SnapshotSummaryCollector::default();
    let (mut records, mut bytes) = (0, 0);
    let files = new.files.len();
    let mut manifests = Vec::new();

    let mut removed = Vec::new();
    if let Some(parent) = parent {
        removed = alive(writing.files, writing.table, metadata, parent)?;
    }
    let replaces = !removed.is_empty();
    if replaces {
        for (file, _, _) in &removed {
            summary.remove_file(file, schema.clone(), spec.clone());
        }
        let location = format!("{folder}/{session}-{id}-m0.avro");
        manifests.push(writing.manifest(&location, id, &schema, spec, |writer| {
            for (file, sequence_number, file_sequence_number) in removed {
                writer.add_delete_file(file, sequence_number, file_sequence_number)?;
            }
            Ok(())
        })?);
    }
    if files > 0 {
        for file in &new.files {
            records += file.record_count();
            bytes += file.file_size_in_bytes();
            summary.add_file(file, schema.clone(), spec.clone());
        }
        let location = format!("{folder}/{session}-{id}-m1.avro");
        manifests.push(writing.manifest(&location, id, &schema, spec, |writer| {
            // -1: the file inherits the snapshot's sequence number.
            new.files.into_iter().try_for_each(|file| writer.add_file(file, -1))
        })?);
    }
    let list = format!("{folder}/snap-{id}-1-{session}.avro");
    writing.written.push(path_of(&list));
    let parent_id = parent.map(|parent| parent.snapshot_id());
    write_list(writing.files, writing.table, &list, manifests, id, parent_id, sequence_number)?;

    let mut properties = summary.build();
    // The collector omits the totals, to which any engine adds those of its later appends.
    for (name, total) in [("total-records", records), ("total-files-size", bytes), ("total-data-files", files as u64)] {
        properties.insert(name.to_owned(), total.to_string());
    }
    for name in ["total-delete-files", "total-position-deletes", "total-equality-deletes"] {
        properties.insert(name.to_owned(), "0".to_owned());
    }
    properties.extend(new.properties);
    Ok(Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(parent_id)
        .with_sequence_number(sequence_number)
        .with_timestamp_ms(new.at)
        .with_manifest_list(list)
        .with_summary(Summary {
            operation: if replaces { Operation::Overwrite } else { Operation::Append },
            additional_properties: properties,
        })
        .with_schema_id(schema.schema_id())
        .build())
}

impl Writing<'_> {
    /// Writes a manifest of data files.
    fn manifest(
        &mut self,
        location: &str,
        id: i64,
        schema: &SchemaRef,
        spec: &PartitionSpec,
        fill: impl FnOnce(&mut ManifestWriter) -> iceberg::Result<()>,
    ) -> Result<ManifestFile> {
        self.written.push(path_of(location));
        self.files.write_with(self.table, location, |output| async move {
            let mut writer = ManifestWriterBuilder::new(output, Some(id), schema.clone(), spec.clone()).build_v2_data();
            fill(&mut writer)?;
            writer.write_manifest_file().await
        })
    }
}

/// Writes the manifest list of a snapshot. `table` names the table in errors.
pub(crate) fn write_list(
    files: &Files,
    table: &str,
    location: &str,
    manifests: Vec<ManifestFile>,
    id: i64,
    parent: Option<i64>,
    sequence_number: i64,
) -> Result<()> {
    files.write_with(table, location, |output| async move {
        let mut writer = ManifestListWriter::v2(output.writer().await?, id, parent, sequence_number);
        writer.add_manifests(manifests.into_iter())?;
        writer.close().await
    })
}

/// Returns the live data files of a snapshot, each with its data and file sequence numbers. `table` names the table in errors.
pub(crate) fn alive(
    files: &Files,
    table: &str,
    metadata: &TableMetadata,
    snapshot: &Snapshot,
) -> Result<Vec<(DataFile, i64, Option<i64>)>> {
    let list = files.manifest_list(table, snapshot.manifest_list(), metadata.format_version())?;
    let mut found = Vec::new();
    for manifest in list.consume_entries().into_iter().filter(|file| file.content == ManifestContentType::Data) {
        let (entries, _) = files.manifest(table, &manifest)?.into_parts();
        for entry in entries.iter().filter(|entry| entry.is_alive()) {
            let sequence_number = entry.sequence_number().unwrap_or(manifest.sequence_number);
            let file_sequence_number = entry.file_sequence_number.or(Some(manifest.sequence_number));
            found.push((entry.data_file().clone(), sequence_number, file_sequence_number));
        }
    }
    Ok(found)
}

/// Returns whether a snapshot has delete files, which only an Iceberg reader applies. `table` names the table in errors.
pub(crate) fn has_deletes(files: &Files, table: &str, metadata: &TableMetadata, snapshot: &Snapshot) -> Result<bool> {
    let list = files.manifest_list(table, snapshot.manifest_list(), metadata.format_version())?;
    Ok(list.entries().iter().any(|manifest| manifest.content == ManifestContentType::Deletes))
}

/// Returns the metadata folder of a table.
pub(crate) fn folder(metadata: &TableMetadata) -> PathBuf {
    path_of(metadata.location()).join(Path::new("metadata"))
}

/// Returns a random snapshot id that the table does not have.
pub(crate) fn new_id(metadata: &TableMetadata) -> i64 {
    loop {
        let (high, low) = Uuid::new_v4().as_u64_pair();
        let id = i64::try_from((high ^ low) >> 1).unwrap_or_default();
        if id != 0 && metadata.snapshot_by_id(id).is_none() {
            return id;
        }
    }
}
