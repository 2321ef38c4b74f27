//! Tables of users' own, found by their newest metadata file after the catalog was lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lake_catalog::{Session, TableMetadata, TableName, read_metadata, relocate};

use super::OF_RUNS;
use crate::lake::Lake;

/// The tables in the lake's folder of tables that are not tables of runs.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The location of the newest metadata file, by name.
    pub tables: BTreeMap<TableName, String>,
    /// The tables that cannot be read, or whose metadata cannot be written for another folder.
    pub left_out: Vec<String>,
}

/// Lists the tables of users' own. Those whose metadata names another folder, because the lake was moved, get new metadata
/// for the folder in which they are.
pub(super) fn tables(lake: &Lake, session: Session) -> Found {
    let mut found = Found::default();
    let mut newest: BTreeMap<TableName, (i64, String)> = BTreeMap::new();
    for namespace in folders(&lake.tables_folder()) {
        for folder in folders(&namespace) {
            let Some(file) = newest_metadata(&folder.join("metadata")) else { continue };
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
            let name = TableName::new(&name_of(&namespace), without_id(&name_of(&folder)));
            let updated = metadata.last_updated_ms();
            if newest.get(&name).is_none_or(|(other, _)| *other < updated) {
                newest.insert(name, (updated, location));
            }
        }
    }
    found.tables = newest.into_iter().map(|(name, (_, location))| (name, location)).collect();
    found
}

/// Returns the metadata file with the highest number.
fn newest_metadata(folder: &Path) -> Option<PathBuf> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.ends_with(".metadata.json").then_some(())?;
        name.split('-').next()?.parse::<u32>().ok()
    };
    entries(folder).filter_map(|path| Some((number(&path)?, path))).max().map(|(_, path)| path)
}

/// Returns whether a metadata file is that of a view.
fn is_view(file: &Path) -> bool {
    fs::read(file).is_ok_and(|text| text.windows(11).any(|part| part == b"\"view-uuid\""))
}

fn lies_in(metadata: &TableMetadata, folder: &Path) -> bool {
    let location = metadata.location();
    let path = location.strip_prefix("file://").or_else(|| location.strip_prefix("file:")).unwrap_or(location);
    Path::new(path) == folder
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
