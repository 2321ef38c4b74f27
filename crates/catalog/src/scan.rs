//! The live files of a snapshot: data files, and the delete files that an engine such as Trino wrote beside them.

use std::collections::HashSet;
use std::path::PathBuf;

use iceberg::spec::{DataContentType, DataFile, DataFileFormat, Literal, PrimitiveLiteral, Snapshot, TableMetadata};

use crate::files::path_of;
use crate::{Error, Result, Table};

/// The live files of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Files with rows.
    pub data: Vec<DataFile>,
    /// Parquet files that name deleted rows by file and position.
    pub position_deletes: Vec<DataFile>,
    /// Delete files of any other kind: by key, or in another format.
    pub other_deletes: usize,
}

impl Scan {
    /// Returns whether the snapshot has delete files of any kind.
    pub fn has_deletes(&self) -> bool {
        !self.position_deletes.is_empty() || self.other_deletes > 0
    }

    /// Returns the paths of the data files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.data.iter().map(|file| path_of(file.file_path())).collect()
    }

    /// Returns the locations of the data files in a partition of a table that is partitioned by month alone, in months
    /// since 1970; of all data files if `month` is `None`.
    pub fn locations_in(&self, month: Option<i32>) -> HashSet<String> {
        let is_in = |file: &&DataFile| match (month, file.partition().fields()) {
            (None, _) => true,
            (Some(month), [Some(Literal::Primitive(PrimitiveLiteral::Int(found)))]) => *found == month,
            _ => false,
        };
        self.data.iter().filter(is_in).map(|file| file.file_path().to_owned()).collect()
    }
}

impl Table {
    /// Returns the live files of a snapshot.
    ///
    /// # Errors
    /// Fails if the table has no such snapshot or its manifests cannot be read.
    pub fn scan(&self, snapshot_id: i64) -> Result<Scan> {
        let mut scan = Scan::default();
        self.each_file(snapshot_id, |file| {
            let is_parquet = file.file_format() == DataFileFormat::Parquet;
            match file.content_type() {
                DataContentType::Data => scan.data.push(file.file.clone()),
                DataContentType::PositionDeletes if is_parquet => scan.position_deletes.push(file.file.clone()),
                _ => scan.other_deletes += 1,
            }
            Ok::<_, Error>(())
        })?;
        Ok(scan)
    }

    /// Passes each live file of a snapshot to `take`. One manifest is in memory at a time.
    ///
    /// # Errors
    /// Fails if the table has no such snapshot or its manifests cannot be read, and with the first error of `take`.
    pub fn each_file<E: From<Error>>(
        &self,
        snapshot_id: i64,
        mut take: impl FnMut(LiveFile<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let unknown = || Error::NoSnapshot(self.name.clone(), format!("snapshot {snapshot_id}"));
        let snapshot = self.metadata.snapshot_by_id(snapshot_id).ok_or_else(unknown)?;
        let table = self.name.to_string();
        let list = self.files.manifest_list(&table, snapshot.manifest_list(), self.metadata.format_version())?;
        for manifest in list.consume_entries() {
            let (entries, _) = self.files.manifest(&table, &manifest)?.into_parts();
            for entry in entries.iter().filter(|entry| entry.is_alive()) {
                let file = entry.data_file();
                take(LiveFile { file, metadata: &self.metadata, spec_id: manifest.partition_spec_id })?;
            }
        }
        Ok(())
    }

    /// Returns the snapshots from the first that is still known to one of them, by their parents, oldest first.
    pub fn ancestors(&self, snapshot_id: i64) -> Vec<&Snapshot> {
        let parent = |snapshot: &&Snapshot| Some(&**self.metadata.snapshot_by_id(snapshot.parent_snapshot_id()?)?);
        let last = self.metadata.snapshot_by_id(snapshot_id).map(|found| &**found);
        let mut found: Vec<_> = std::iter::successors(last, parent).collect();
        found.reverse();
        found
    }
}

/// A live file of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct LiveFile<'f> {
    /// The file, as its manifest describes it.
    pub file: &'f DataFile,
    metadata: &'f TableMetadata,
    spec_id: i32,
}

impl std::ops::Deref for LiveFile<'_> {
    type Target = DataFile;

    fn deref(&self) -> &DataFile {
        self.file
    }
}

impl LiveFile<'_> {
    /// Returns the file's partition, such as `country=Sweden/added_month=2026-11`, or `None` if its table was not
    /// partitioned when the file was written.
    pub fn partition_text(&self) -> Option<String> {
        let spec = self.metadata.partition_spec_by_id(self.spec_id)?;
        let fields = spec.fields();
        let knows = |schema: &&iceberg::spec::SchemaRef| {
            fields.iter().all(|field| schema.field_by_id(field.source_id).is_some())
        };
        // A source column may have been dropped since; an older schema has it then.
        let schema = self.metadata.schemas_iter().find(knows)?;
        let is_whole = !fields.is_empty() && self.file.partition().fields().len() == fields.len();
        is_whole.then(|| spec.partition_to_path(self.file.partition(), schema.clone()))
    }
}
