//! Files in the folders of tables that no table names: a killed writer left them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use iceberg::spec::{ManifestFile, ManifestList};

use crate::files::{block_on, failed, io, path_of};
use crate::{Result, Session, Table, snapshot};

/// The folder of a table's data files, if the table has files of its own.
pub(crate) const DATA: &str = "data";

/// Returns the files below `tables` (`<namespace>/<table>/metadata/` and `data/`) that a session wrote.
pub(crate) fn written_by(tables: &Path, session: Session) -> Result<Vec<PathBuf>> {
    let session = session.to_string();
    let mut found = Vec::new();
    for namespace in entries(tables)? {
        for table in entries(&namespace)? {
            let of_session =
                |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&session));
            for folder in ["metadata", DATA] {
                found.extend(entries(&table.join(folder))?.into_iter().filter(of_session));
            }
        }
    }
    Ok(found)
}

/// Returns the files in a table's metadata folder.
pub(crate) fn metadata_files(table: &Table) -> Result<Vec<PathBuf>> {
    entries(&snapshot::folder(&table.metadata))
}

/// Returns every file that a table names: its current and earlier metadata, manifest lists and manifests, and if the
/// table has data files of its own, these.
pub(crate) fn named_by(table: &Table) -> Result<HashSet<PathBuf>> {
    let mut named = HashSet::from([path_of(&table.location)]);
    let has_data = path_of(table.metadata.location()).join(DATA).is_dir();
    named.extend(table.metadata.metadata_log().iter().map(|entry| path_of(&entry.metadata_file)));
    named.extend(table.metadata.statistics_iter().map(|file| path_of(&file.statistics_path)));
    named.extend(table.metadata.partition_statistics_iter().map(|file| path_of(&file.statistics_path)));
    for snapshot in table.metadata.snapshots() {
        named.insert(path_of(snapshot.manifest_list()));
        for manifest in block_on(list(table, snapshot.manifest_list()))?
            .map_err(|error| crate::Error::Iceberg(table.name.to_string(), Box::new(error)))?
            .entries()
        {
            let path = path_of(&manifest.manifest_path);
            if named.insert(path) && has_data {
                let files = block_on(files(manifest))?;
                named.extend(files.map_err(|error| crate::Error::Iceberg(table.name.to_string(), Box::new(error)))?);
            }
        }
    }
    Ok(named)
}

/// Returns the files in a manifest that were alive when it was written.
async fn files(manifest: &ManifestFile) -> iceberg::Result<Vec<PathBuf>> {
    let (entries, _) = manifest.load_manifest(&io()).await?.into_parts();
    let alive = entries.iter().filter(|entry| entry.is_alive());
    Ok(alive.map(|entry| path_of(entry.data_file().file_path())).collect())
}

async fn list(table: &Table, location: &str) -> iceberg::Result<ManifestList> {
    let content = io().new_input(location)?.read().await?;
    ManifestList::parse_with_version(&content, table.metadata.format_version())
}

/// Returns the file that a path stands for: Hadoop, which a REST server may write with, keeps a checksum of `file` in
/// `.file.crc`.
pub(crate) fn checked(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()?.strip_prefix('.')?.strip_suffix(".crc"));
    name.map_or_else(|| path.to_owned(), |name| path.with_file_name(name))
}

/// Returns the entries of a folder, or nothing if it is missing or is no folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let listed = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        listed => listed.map_err(failed("list", folder))?,
    };
    listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed("list", folder))).collect()
}
