//! Files in the metadata folders that no table names: a killed writer left them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use iceberg::spec::ManifestList;

use crate::files::{block_on, failed, io, path_of};
use crate::{Result, Session, Table, snapshot};

/// Returns the files in the metadata folders below `tables` (`<namespace>/<table>/metadata/`) that a session wrote.
pub(crate) fn written_by(tables: &Path, session: Session) -> Result<Vec<PathBuf>> {
    let session = session.to_string();
    let mut found = Vec::new();
    for namespace in entries(tables)? {
        for table in entries(&namespace)? {
            let of_session =
                |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&session));
            found.extend(entries(&table.join("metadata"))?.into_iter().filter(of_session));
        }
    }
    Ok(found)
}

/// Returns the files in a table's metadata folder.
pub(crate) fn metadata_files(table: &Table) -> Result<Vec<PathBuf>> {
    entries(&snapshot::folder(&table.metadata))
}

/// Returns every metadata file that a table names: its current and earlier metadata, manifest lists and manifests.
pub(crate) fn named_by(table: &Table) -> Result<HashSet<PathBuf>> {
    let mut named = HashSet::from([path_of(&table.location)]);
    named.extend(table.metadata.metadata_log().iter().map(|entry| path_of(&entry.metadata_file)));
    for snapshot in table.metadata.snapshots() {
        named.insert(path_of(snapshot.manifest_list()));
        for manifest in block_on(list(table, snapshot.manifest_list()))?
            .map_err(|error| crate::Error::Iceberg(table.name.to_string(), Box::new(error)))?
            .entries()
        {
            named.insert(path_of(&manifest.manifest_path));
        }
    }
    Ok(named)
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
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let listed = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        listed => listed.map_err(failed("list", folder))?,
    };
    listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed("list", folder))).collect()
}
