//! Writes a snapshot that keeps most files of its parent, removes some and adds others.
//!
//! Manifests without a removed file are taken over as they are. Other manifests are written again, with the kept files
//! as existing and the removed files as deleted, so a reader of changes finds both.

use std::collections::{BTreeMap, HashMap, HashSet};

use iceberg::spec::{
    DataFile, FormatVersion, ManifestContentType, ManifestEntryRef, ManifestFile, ManifestWriter,
    ManifestWriterBuilder, Operation, PartitionSpec, SchemaRef, Snapshot, SnapshotReference, SnapshotRetention,
    SnapshotSummaryCollector, Summary, TableMetadata,
};

use crate::change::MAIN;
use crate::files::{Files, path_of};
use crate::orphans::DATA;
use crate::snapshot::{self, new_id, write_list};
use crate::{Error, Result, TableChange};

/// The files that a snapshot removes and adds.
#[derive(Clone, Debug, Default)]
pub struct Replacement {
    /// The locations of the data files to remove.
    pub removed: HashSet<String>,
    /// Whether all delete files are removed, because the data files that they apply to are.
    pub removes_deletes: bool,
    /// The data files to add.
    pub added: Vec<DataFile>,
    /// Whether the rows stay the same: files are only rewritten. All manifests are then merged into one.
    pub is_rewrite: bool,
    /// Properties of the snapshot's summary.
    pub properties: HashMap<String, String>,
    /// The snapshot's time in milliseconds since 1970, from [`crate::Catalog::next_time`].
    pub at: i64,
}

impl TableChange {
    /// Adds a snapshot over the current one and moves `main` to it. Returns the snapshot's id.
    ///
    /// # Errors
    /// Fails if the table has another format version than 2, or if a manifest cannot be read or written.
    pub fn replace_files(&mut self, replacement: Replacement) -> Result<i64> {
        let iceberg = |name: &crate::TableName, error| Error::Iceberg(name.to_string(), Box::new(error));
        let built = self.builder.clone().build().map_err(|error| iceberg(&self.name, error))?.metadata;
        if built.format_version() != FormatVersion::V2 {
            let message = format!("expected format version 2, found {}", built.format_version());
            return Err(iceberg(&self.name, iceberg::Error::new(iceberg::ErrorKind::FeatureUnsupported, message)));
        }
        self.files.make_folders(&snapshot::folder(&self.base))?;
        let table = self.name.to_string();
        let mut writer = Writer {
            table: &table,
            files: &self.files,
            metadata: &built,
            schema: built.current_schema().clone(),
            id: new_id(&built),
            prefix: format!("{}/metadata/{}", built.location(), self.session),
            summary: SnapshotSummaryCollector::default(),
            totals: Totals::default(),
            manifests: Vec::new(),
            merged: BTreeMap::new(),
            written: &mut self.written,
        };
        let snapshot = writer.write(self.base.current_snapshot().map(|parent| &**parent), replacement)?;
        let id = snapshot.snapshot_id();
        self.apply(|builder| builder.add_snapshot(snapshot))?;
        let retention = SnapshotRetention::branch(None, None, None);
        self.apply(|builder| builder.set_ref(MAIN, SnapshotReference::new(id, retention)))?;
        Ok(id)
    }

    /// Returns the folder of the table's own data files.
    pub fn data_folder(&self) -> std::path::PathBuf {
        path_of(self.base.location()).join(DATA)
    }

    /// Records a data file that was put in place for this change. A commit that fails removes the file.
    pub fn track(&mut self, path: std::path::PathBuf) {
        self.written.push(path);
    }
}

#[derive(Default)]
struct Totals {
    records: u64,
    bytes: u64,
    files: u64,
    delete_files: u64,
    position_deletes: u64,
}

/// A live entry of a manifest of the parent.
struct Entry {
    file: DataFile,
    snapshot_id: i64,
    sequence_number: i64,
    file_sequence_number: Option<i64>,
    is_removed: bool,
}

struct Writer<'w> {
    /// The table's name in errors.
    table: &'w str,
    files: &'w Files,
    metadata: &'w TableMetadata,
    schema: SchemaRef,
    id: i64,
    /// The folder and the beginning of the names of this change's metadata files.
    prefix: String,
    summary: SnapshotSummaryCollector,
    totals: Totals,
    manifests: Vec<ManifestFile>,
    /// The entries of merged manifests, by partition spec.
    merged: BTreeMap<i32, Vec<Entry>>,
    written: &'w mut Vec<std::path::PathBuf>,
}

impl Writer<'_> {
    fn write(&mut self, parent: Option<&Snapshot>, replacement: Replacement) -> Result<Snapshot> {
        let Replacement { removed, removes_deletes, added, is_rewrite, mut properties, at } = replacement;
        let adds = !added.is_empty();
        if let Some(parent) = parent {
            let list = self.files.manifest_list(self.table, parent.manifest_list(), self.metadata.format_version())?;
            for manifest in list.consume_entries() {
                self.carry_over(manifest, &removed, removes_deletes, is_rewrite)?;
            }
        }
        for (spec_id, entries) in std::mem::take(&mut self.merged) {
            self.write_entries(spec_id, true, entries)?;
        }
        if adds {
            self.add(added)?;
        }
        let sequence_number = self.metadata.next_sequence_number();
        let parent_id = parent.map(|parent| parent.snapshot_id());
        let location = format!("{}-{}-list.avro", self.prefix, self.id).replace("/metadata/", "/metadata/snap-");
        self.written.push(path_of(&location));
        let manifests = std::mem::take(&mut self.manifests);
        write_list(self.files, self.table, &location, manifests, self.id, parent_id, sequence_number)?;
        let mut summary = std::mem::take(&mut self.summary).build();
        // The collector omits the totals, to which any engine adds those of its later appends.
        for (name, total) in [
            ("total-records", self.totals.records),
            ("total-files-size", self.totals.bytes),
            ("total-data-files", self.totals.files),
            ("total-delete-files", self.totals.delete_files),
            ("total-position-deletes", self.totals.position_deletes),
            ("total-equality-deletes", 0),
        ] {
            summary.insert(name.to_owned(), total.to_string());
        }
        summary.extend(properties.drain());
        let operation = match (removed.is_empty() && !removes_deletes, adds) {
            _ if is_rewrite => Operation::Replace,
            (true, _) => Operation::Append,
            (false, true) => Operation::Overwrite,
            (false, false) => Operation::Delete,
        };
        Ok(Snapshot::builder()
            .with_snapshot_id(self.id)
            .with_parent_snapshot_id(parent_id)
            .with_sequence_number(sequence_number)
            .with_timestamp_ms(at)
            .with_manifest_list(location)
            .with_summary(Summary { operation, additional_properties: summary })
            .with_schema_id(self.schema.schema_id())
            .build())
    }

    /// Takes a manifest of the parent over, or writes it again without the removed files. With `merges`, keeps its entries
    /// for a manifest of all.
    fn carry_over(
        &mut self,
        manifest: ManifestFile,
        removed: &HashSet<String>,
        removes_deletes: bool,
        merges: bool,
    ) -> Result<()> {
        let is_data = manifest.content == ManifestContentType::Data;
        let (entries, _) = self.files.manifest(self.table, &manifest)?.into_parts();
        let entry = |entry: &ManifestEntryRef| {
            let file = entry.data_file().clone();
            Entry {
                is_removed: if is_data { removed.contains(file.file_path()) } else { removes_deletes },
                file,
                snapshot_id: entry.snapshot_id().unwrap_or(manifest.added_snapshot_id),
                sequence_number: entry.sequence_number().unwrap_or(manifest.sequence_number),
                file_sequence_number: entry.file_sequence_number.or(Some(manifest.sequence_number)),
            }
        };
        let alive: Vec<_> = entries.iter().filter(|entry| entry.is_alive()).map(entry).collect();
        for entry in alive.iter().filter(|entry| !entry.is_removed) {
            self.count(&entry.file, is_data);
        }
        if alive.is_empty() {
            return Ok(());
        }
        if merges && is_data {
            self.merged.entry(manifest.partition_spec_id).or_default().extend(alive);
            return Ok(());
        }
        if !alive.iter().any(|entry| entry.is_removed) {
            self.manifests.push(manifest);
            return Ok(());
        }
        self.write_entries(manifest.partition_spec_id, is_data, alive)
    }

    fn write_entries(&mut self, spec_id: i32, is_data: bool, entries: Vec<Entry>) -> Result<()> {
        let spec = self.spec(spec_id);
        for Entry { file, .. } in entries.iter().filter(|entry| entry.is_removed) {
            self.summary.remove_file(file, self.schema.clone(), spec.clone().into());
        }
        self.manifest(&spec, is_data, |writer| {
            for Entry { file, snapshot_id, sequence_number, file_sequence_number, is_removed } in entries {
                if is_removed {
                    writer.add_delete_file(file, sequence_number, file_sequence_number)?;
                } else {
                    writer.add_existing_file(file, snapshot_id, sequence_number, file_sequence_number)?;
                }
            }
            Ok(())
        })
    }

    fn add(&mut self, files: Vec<DataFile>) -> Result<()> {
        let spec = self.metadata.default_partition_spec().clone();
        for file in &files {
            self.count(file, true);
            self.summary.add_file(file, self.schema.clone(), spec.clone());
        }
        // -1: the file inherits the snapshot's sequence number.
        self.manifest(&spec, true, |writer| files.into_iter().try_for_each(|file| writer.add_file(file, -1)))
    }

    /// Writes a manifest.
    fn manifest(
        &mut self,
        spec: &PartitionSpec,
        is_data: bool,
        fill: impl FnOnce(&mut ManifestWriter) -> iceberg::Result<()>,
    ) -> Result<()> {
        let location = format!("{}-{}-m{}.avro", self.prefix, self.id, self.manifests.len());
        self.written.push(path_of(&location));
        let (id, schema) = (self.id, self.schema.clone());
        let manifest = self.files.write_with(self.table, &location, |output| async move {
            let builder = ManifestWriterBuilder::new(output, Some(id), schema, spec.clone());
            let mut writer = if is_data { builder.build_v2_data() } else { builder.build_v2_deletes() };
            fill(&mut writer)?;
            writer.write_manifest_file().await
        })?;
        self.manifests.push(manifest);
        Ok(())
    }

    fn spec(&self, id: i32) -> PartitionSpec {
        let found = self.metadata.partition_spec_by_id(id).unwrap_or_else(|| self.metadata.default_partition_spec());
        (**found).clone()
    }

    fn count(&mut self, file: &DataFile, is_data: bool) {
        if is_data {
            self.totals.records += file.record_count();
            self.totals.files += 1;
        } else {
            self.totals.delete_files += 1;
            self.totals.position_deletes += file.record_count();
        }
        self.totals.bytes += file.file_size_in_bytes();
    }
}
