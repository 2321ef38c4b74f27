//! Tables of users' own, found by their metadata files when the catalog is made again.
//!
//! A writer creates the metadata file of a commit before the catalog commits it, so a file may be one of a commit that was
//! not made. The committed file of a table is, in this order:
//!
//! 1. the one that the present catalog names, if the catalog can be read: that of a moved lake can.
//! 2. the one with the highest number, without the files of killed sessions: `_meta/session.json` and the records of the REST
//!    catalog's server name these, and their commits were confirmed to no user. A task whose commit fails removes its files itself.
//!
//! Another engine may leave files as well. Two files of one number follow the same metadata, so only one of them was
//! committed. Iceberg's Java library removes the manifest list of a commit that failed, so a file without it is not the one.
//! If that does not tell them apart, the table is left out and named.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use lake_catalog::{Session, TableMetadata, TableName, path_text, read_metadata, relocate};

use super::OF_RUNS;
use crate::lake::Lake;

/// The commits that are known beside the metadata files.
pub(super) struct Known {
    /// The metadata files that the present catalog names, by table, as locations that may be those of another folder.
    pub committed: HashMap<TableName, String>,
    /// The sessions that were killed.
    pub killed: Vec<Session>,
}

/// The tables in the lake's folder of tables that are not tables of runs.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The location of the committed metadata file, by name.
    pub tables: BTreeMap<TableName, String>,
    /// The tables that cannot be read, or whose metadata cannot be written for another folder.
    pub left_out: Vec<String>,
}

/// Lists the tables of users' own. Those whose metadata names another folder, because the lake was moved, get new metadata
/// for the folder in which they are.
pub(super) fn tables(lake: &Lake, session: Session, known: &Known) -> Found {
    let mut found = Found::default();
    let mut newest: BTreeMap<TableName, (i64, String)> = BTreeMap::new();
    for namespace in folders(&lake.tables_folder()) {
        for folder in folders(&namespace) {
            let name = TableName::new(&name_of(&namespace), without_id(&name_of(&folder)));
            let file = match known.file_of(lake, &name) {
                Some(file) if file.starts_with(&folder) => Ok(Some(file)),
                // Another folder has the table.
                Some(_) => continue,
                None => last_committed(&folder.join("metadata"), &known.killed),
            };
            let file = match file {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(why) => {
                    found.left_out.push(format!("{}: {why}", folder.display()));
                    continue;
                }
            };
            let mut location = format!("file://{}", file.display());
            let metadata = match read_metadata(&location) {
                Ok(metadata) if metadata.properties().contains_key(OF_RUNS) => continue,
                Ok(metadata) => metadata,
                Err(_) if is_view(&file) => continue,
                Err(error) => {
                    found.left_out.push(format!("{}: {error}", folder.display()));
                    continue;
                }
            };
            if !lies_in(&metadata, &folder) {
                match relocate(&file, &folder, session) {
                    Ok(new) => location = new,
                    Err(error) => {
                        found.left_out.push(error.to_string());
                        continue;
                    }
                }
            }
            let updated = metadata.last_updated_ms();
            if newest.get(&name).is_none_or(|(other, _)| *other < updated) {
                newest.insert(name, (updated, location));
            }
        }
    }
    found.tables = newest.into_iter().map(|(name, (_, location))| (name, location)).collect();
    found
}

impl Known {
    /// Returns the metadata file that the catalog names for a table, in the place where the lake is now.
    fn file_of(&self, lake: &Lake, name: &TableName) -> Option<PathBuf> {
        let location = Path::new(self.committed.get(name)?);
        let mut parts = location.components().rev().map(|part| part.as_os_str());
        let (file, metadata, table, namespace) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let file = lake.tables_folder().join(namespace).join(table).join(metadata).join(file);
        file.is_file().then_some(file)
    }
}

/// Returns the metadata file of the last commit, without those of killed sessions; `None` if there is none.
///
/// # Errors
/// Returns why the files do not tell which one it is.
fn last_committed(folder: &Path, killed: &[Session]) -> Result<Option<PathBuf>, String> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let is_of_killed = killed.iter().any(|session| name.contains(&session.to_string()));
        (name.ends_with(".metadata.json") && !is_of_killed).then_some(())?;
        name.split('-').next()?.parse::<u32>().ok()
    };
    let numbered: Vec<_> = entries(folder).filter_map(|path| Some((number(&path)?, path))).collect();
    let Some(highest) = numbered.iter().map(|(number, _)| *number).max() else { return Ok(None) };
    let last = numbered.into_iter().filter(|(number, _)| *number == highest).map(|(_, path)| path);
    let (mut whole, mut broken) = (Vec::new(), Vec::new());
    for path in last {
        match check(&path, folder) {
            Ok(()) => whole.push(path),
            Err(why) => broken.push(why),
        }
    }
    whole.sort();
    let way_out = "move a file of a commit that failed away, and run rebuild-catalog again";
    match (whole.as_slice(), broken.first()) {
        ([file], _) => Ok(Some(file.clone())),
        ([], Some(why)) => Err(format!("{why}; {way_out}")),
        (files, _) => {
            let names: Vec<_> = files.iter().map(|file| name_of(file)).collect();
            Err(format!("only one of {} was committed; {way_out}", names.join(" and ")))
        }
    }
}

/// Checks that a metadata file can be read and that the manifest list of its current snapshot is there.
fn check(file: &Path, folder: &Path) -> Result<(), String> {
    let metadata = match read_metadata(&format!("file://{}", file.display())) {
        Ok(metadata) => metadata,
        Err(_) if is_view(file) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let Some(snapshot) = metadata.current_snapshot() else { return Ok(()) };
    let list = path_of(snapshot.manifest_list());
    let moved = list.file_name().map(|name| folder.join(name));
    if list.is_file() || moved.is_some_and(|moved| moved.is_file()) {
        return Ok(());
    }
    Err(format!("{} names {}, which is missing", name_of(file), list.display()))
}

/// Returns whether a metadata file is that of a view.
fn is_view(file: &Path) -> bool {
    fs::read(file).is_ok_and(|text| text.windows(11).any(|part| part == b"\"view-uuid\""))
}

fn lies_in(metadata: &TableMetadata, folder: &Path) -> bool {
    path_of(metadata.location()) == folder
}

fn path_of(location: &str) -> &Path {
    Path::new(path_text(location))
}

/// Returns a table's name without the id that Trino adds to a table's folder.
fn without_id(folder: &str) -> &str {
    match folder.rsplit_once('-') {
        Some((name, id)) if id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()) => name,
        _ => folder,
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    entries(folder).filter(|path| path.is_dir())
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
