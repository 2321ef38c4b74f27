//! Files in the folders of tables that no table names: a killed writer left them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::files::{Files, path_of};
use crate::{Result, Session, Table, snapshot};

/// The folder of a table's data files, if the table has files of its own.
pub(crate) const DATA: &str = "data";

/// Returns the files below `tables` (`<namespace>/<table>/metadata/` and `data/`) that a session wrote.
pub(crate) fn written_by(files: &Files, tables: &Path, session: Session) -> Result<Vec<PathBuf>> {
    let session = session.to_string();
    let is_of_session = |path: &Path| {
        let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
        let depth = path.strip_prefix(tables).map_or(0, |below| below.components().count());
        depth == 4
            && (parent == "metadata" || parent == DATA)
            && path.file_name().is_some_and(|name| name.to_string_lossy().contains(&session))
    };
    let listed = files.files_below(tables)?.into_iter().map(|file| file.path);
    Ok(listed.filter(|path| is_of_session(path)).collect())
}

/// Returns the files in a table's metadata folder.
pub(crate) fn metadata_files(table: &Table) -> Result<Vec<PathBuf>> {
    table.files.entries(&snapshot::folder(&table.metadata))
}

/// Returns every file that a table names: its current and earlier metadata, manifest lists and manifests, and if the
/// table has data files of its own, these.
pub(crate) fn named_by(table: &Table) -> Result<HashSet<PathBuf>> {
    let mut named = HashSet::from([path_of(&table.location)]);
    let folder = path_of(table.metadata.location()).join(DATA);
    // A list of objects costs a request, and the manifests of tables there are kept in memory.
    let has_data = table.files.is_object(&folder) || !table.files.entries(&folder)?.is_empty();
    named.extend(table.metadata.metadata_log().iter().map(|entry| path_of(&entry.metadata_file)));
    named.extend(table.metadata.statistics_iter().map(|file| path_of(&file.statistics_path)));
    named.extend(table.metadata.partition_statistics_iter().map(|file| path_of(&file.statistics_path)));
    let name = table.name.to_string();
    for snapshot in table.metadata.snapshots() {
        named.insert(path_of(snapshot.manifest_list()));
        let list = table.files.manifest_list(&name, snapshot.manifest_list(), table.metadata.format_version())?;
        for manifest in list.entries() {
            if named.insert(path_of(&manifest.manifest_path)) && has_data {
                let (entries, _) = table.files.manifest(&name, manifest)?.into_parts();
                // Those that were alive when the manifest was written.
                let alive = entries.iter().filter(|entry| entry.is_alive());
                named.extend(alive.map(|entry| path_of(entry.data_file().file_path())));
            }
        }
    }
    Ok(named)
}

/// Returns the file that a path stands for: Hadoop, which a REST server may write with, keeps a checksum of `file` in
/// `.file.crc`.
pub(crate) fn checked(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()?.strip_prefix('.')?.strip_suffix(".crc"));
    name.map_or_else(|| path.to_owned(), |name| path.with_file_name(name))
}
