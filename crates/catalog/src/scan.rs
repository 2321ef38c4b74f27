//! The live files of a snapshot: data files, and the delete files that an engine such as Trino wrote beside them.

use std::collections::HashSet;
use std::path::PathBuf;

use iceberg::spec::{
    DataContentType, DataFile, DataFileFormat, Literal, ManifestList, PrimitiveLiteral, Snapshot, TableMetadata,
};

use crate::files::{block_on, io, path_of};
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
        let unknown = || Error::NoSnapshot(self.name.clone(), format!("snapshot {snapshot_id}"));
        let snapshot = self.metadata.snapshot_by_id(snapshot_id).ok_or_else(unknown)?;
        let scan = block_on(files_of(&self.metadata, snapshot))?;
        scan.map_err(|error| Error::Iceberg(self.name.to_string(), Box::new(error)))
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

async fn files_of(metadata: &TableMetadata, snapshot: &Snapshot) -> iceberg::Result<Scan> {
    let io = io();
    let content = io.new_input(snapshot.manifest_list())?.read().await?;
    let list = ManifestList::parse_with_version(&content, metadata.format_version())?;
    let mut scan = Scan::default();
    for manifest in list.consume_entries() {
        let (entries, _) = manifest.load_manifest(&io).await?.into_parts();
        for entry in entries.iter().filter(|entry| entry.is_alive()) {
            let file = entry.data_file();
            let is_parquet = file.file_format() == DataFileFormat::Parquet;
            match file.content_type() {
                DataContentType::Data => scan.data.push(file.clone()),
                DataContentType::PositionDeletes if is_parquet => scan.position_deletes.push(file.clone()),
                _ => scan.other_deletes += 1,
            }
        }
    }
    Ok(scan)
}
