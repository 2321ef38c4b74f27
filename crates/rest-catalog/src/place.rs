//! Where the tables of clients may lie: `<tables>/<namespace>/<folder>`, by the text of a location.

use std::path::{Path, PathBuf};

use lake_catalog::{TableMetadata, TableName, path_of, path_text};
use uuid::Uuid;

/// The longest name of a namespace, table or column of the JDBC schema.
const MAX_NAME: usize = 255;

/// The longest location: the JDBC schema has 1000 characters for that of a metadata file.
const MAX_LOCATION: usize = 800;

/// The table properties that send writers to other folders.
const FOLDERS: [&str; 4] =
    ["write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path"];

/// The folder of the tables.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    tables: PathBuf,
}

impl Places {
    pub fn new(tables: &Path) -> Self {
        Places { tables: tables.to_owned() }
    }

    /// Returns the location of a namespace.
    pub fn of_namespace(&self, namespace: &str) -> String {
        location(&self.tables.join(namespace))
    }

    /// Returns a location for a new table. A folder that exists or that another table has is not given again: files of a
    /// dropped table may be in it.
    pub fn of_new_table(&self, table: &TableName, others: &[(TableName, String)]) -> String {
        let folder = self.tables.join(&table.namespace).join(&table.name);
        match folder.symlink_metadata().is_err() && owner(&folder, others).is_none() {
            true => location(&folder),
            // As Trino names the folders of tables.
            false => format!("{}-{}", location(&folder), Uuid::new_v4().simple()),
        }
    }

    /// Returns the folder at a location that a client gives a table of a namespace.
    ///
    /// # Errors
    /// Returns why no table may lie there.
    pub fn of_table(&self, namespace: &str, location: &str) -> Result<PathBuf, String> {
        let home = self.tables.join(namespace);
        let folder = plain_path(location)?;
        match folder.strip_prefix(&home) {
            Ok(rest) if rest.components().next().is_some() => Ok(folder),
            _ => Err(format!("{location} lies elsewhere than {}/<table>", self.of_namespace(namespace))),
        }
    }

    /// Checks the location that a client gives a namespace.
    ///
    /// # Errors
    /// Returns why the namespace may not lie there.
    pub fn check_namespace(&self, namespace: &str, location: &str) -> Result<(), String> {
        let own = self.of_namespace(namespace);
        match plain_path(location)?.as_path() == self.tables.join(namespace) {
            true => Ok(()),
            false => Err(format!("{location} lies elsewhere than {own}")),
        }
    }

    /// Returns the folder of a table's metadata file: `<folder>/metadata/<file>`.
    ///
    /// # Errors
    /// Returns why the file is not one of a table of the namespace.
    pub fn of_metadata_file(&self, namespace: &str, file: &str) -> Result<PathBuf, String> {
        let folder = self.of_table(namespace, file)?;
        let table = folder.parent().filter(|parent| parent.ends_with("metadata")).and_then(Path::parent);
        match table {
            Some(table) if table.parent().is_some_and(|parent| parent.starts_with(self.tables.join(namespace))) => {
                Ok(table.to_owned())
            }
            _ => Err(format!("{file} lies elsewhere than {}/<table>/metadata", self.of_namespace(namespace))),
        }
    }

    /// Checks that all that a table's metadata names beside its snapshots' files lies in the table's folder, as far as
    /// `before` does not have it already.
    ///
    /// # Errors
    /// Returns what lies elsewhere.
    pub fn check_metadata(&self, before: Option<&TableMetadata>, after: &TableMetadata) -> Result<(), String> {
        let folder = plain_path(after.location())?;
        let inside = |what: &str, location: &str| match plain_path(location) {
            Ok(path) if path.starts_with(&folder) => Ok(()),
            Ok(_) => Err(format!("{what} {location} lies outside of the table's location {}", after.location())),
            Err(why) => Err(format!("{what}: {why}")),
        };
        for key in FOLDERS {
            let old = before.and_then(|before| before.properties().get(key));
            match after.properties().get(key) {
                Some(value) if Some(value) != old => inside(key, value)?,
                _ => {}
            }
        }
        for statistics in after.statistics_iter() {
            let is_new =
                before.is_none_or(|before| before.statistics_for_snapshot(statistics.snapshot_id) != Some(statistics));
            if is_new {
                inside("the statistics file", &statistics.statistics_path)?;
            }
        }
        for statistics in after.partition_statistics_iter() {
            let old = before.and_then(|before| before.partition_statistics_for_snapshot(statistics.snapshot_id));
            if old != Some(statistics) {
                inside("the statistics file", &statistics.statistics_path)?;
            }
        }
        for snapshot in after.snapshots() {
            if before.is_none_or(|before| before.snapshot_by_id(snapshot.snapshot_id()).is_none()) {
                inside("the manifest list", snapshot.manifest_list())?;
            }
        }
        if before.is_none() {
            for entry in after.metadata_log() {
                inside("the earlier metadata file", &entry.metadata_file)?;
            }
        }
        Ok(())
    }
}

/// Returns the table whose folder is this one, lies in it, or holds it.
pub(crate) fn owner<'o>(folder: &Path, others: &'o [(TableName, String)]) -> Option<&'o TableName> {
    others.iter().map(|(name, file)| (name, folder_of(file))).find_map(|(name, other)| {
        other.is_some_and(|other| other.starts_with(folder) || folder.starts_with(&other)).then_some(name)
    })
}

/// Returns the folder of a table by its metadata file.
fn folder_of(file: &str) -> Option<PathBuf> {
    path_of(file).parent()?.parent().map(Path::to_owned)
}

/// Returns the location of a path.
pub(crate) fn location(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Returns the path of a location that every engine takes for this path.
///
/// # Errors
/// Returns why some engine could read another file: another scheme or host, `..`, characters that some decode or expand.
fn plain_path(location: &str) -> Result<PathBuf, String> {
    let text = path_text(location).trim_end_matches('/');
    let is_plain = |c: char| !c.is_control() && !r#"%?#*[]{}\""#.contains(c);
    let mut parts = text.split('/');
    let is_path = parts.next() == Some("") && parts.all(|part| !["", ".", ".."].contains(&part));
    match is_path && location.len() <= MAX_LOCATION && text.chars().all(is_plain) {
        true => Ok(PathBuf::from(text)),
        false => Err(format!("{} is no plain location of a local file", shortened(location))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Checks the name of a new namespace, which is the name of its folder as well.
///
/// # Errors
/// Returns why it is no name.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), String> {
    let is_plain = |c: char| !c.is_control() && !r#"/\%?#*[]{}:"<>|."#.contains(c);
    let is_name = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_plain) && name.trim() == name;
    match is_name {
        true => Ok(()),
        false => Err(format!(
            "{} is no name of a {what}: 1 to {MAX_NAME} bytes without control characters, dots, space at the ends and \
             any of / \\ % ? # * [ ] {{ }} : \" < > |",
            shortened(name)
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    fn places() -> Places {
        Places::new(Path::new("/lake/_tables"))
    }

    #[test]
    fn a_table_lies_in_the_folder_of_its_namespace() {
        for location in ["file:///lake/_tables/mine/t", "file:/lake/_tables/mine/t", "/lake/_tables/mine/t/"] {
            assert_eq!(places().of_table("mine", location), Ok(PathBuf::from("/lake/_tables/mine/t")), "{location}");
        }
        for location in [
            "",
            "t",
            "file://",
            "file:///",
            "file://host/lake/_tables/mine/t",
            "file:///lake/_tables",
            "file:///lake/_tables/mine",
            "file:///lake/_tables/mine/",
            "file:///lake/_tables/silver/t",
            "file:///lake/_tables/mine/../silver/t",
            "file:///lake/_tables/mine/t/../../silver/t",
            "file:///lake/_tables/mine//t",
            "file:///lake/_tables/mine/./t",
            "file:///lake/_tables/mine/%2e%2e/silver",
            "file:///lake/_tables/mine/*",
            "file:///lake/_tables/mine2/t",
            "file:///lake/_runs/mine/t",
            "s3://bucket/lake/_tables/mine/t",
            "/lake/_tables/mine/t\0",
            "file:///lake/_tables/mine/t?x=1",
        ] {
            assert!(places().of_table("mine", location).is_err(), "{location:?}");
        }
    }

    #[test]
    fn a_metadata_file_lies_in_the_metadata_folder_of_a_table() {
        let file = "file:///lake/_tables/mine/t/metadata/00000-x.metadata.json";
        assert_eq!(places().of_metadata_file("mine", file), Ok(PathBuf::from("/lake/_tables/mine/t")));
        for file in [
            "file:///lake/_tables/mine/t/00000-x.metadata.json",
            "file:///lake/_tables/mine/metadata/00000-x.metadata.json",
            "file:///lake/_tables/silver/t/metadata/00000-x.metadata.json",
            "file:///etc/metadata/x",
        ] {
            assert!(places().of_metadata_file("mine", file).is_err(), "{file}");
        }
    }

    #[test]
    fn a_new_table_gets_no_folder_of_another() {
        let table = TableName::new("mine", "t");
        assert_eq!(places().of_new_table(&table, &[]), "file:///lake/_tables/mine/t");
        let moved =
            [(TableName::new("mine", "u"), "file:///lake/_tables/mine/t/metadata/0-x.metadata.json".to_owned())];
        let given = places().of_new_table(&table, &moved);
        assert!(given.starts_with("file:///lake/_tables/mine/t-") && given.len() == 60, "{given}");
        for (folder, is_owned) in [("t", true), ("t/data", true), ("", true), ("tt", false)] {
            let folder = Path::new("/lake/_tables/mine").join(folder);
            assert_eq!(owner(&folder, &moved).is_some(), is_owned, "{}", folder.display());
        }
    }

    #[test]
    fn names_are_names_of_folders() {
        for name in ["mine", "a b", "Straße", "x-1_y"] {
            assert_eq!(check_name("table", name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a.b", "a\\b", "a\u{1f}b", "a\nb", " a", "a%2fb", &"x".repeat(256)] {
            assert!(check_name("table", name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_location_leaves_the_folder(location in "(file:(//)?)?(/lake/_tables/mine)?[/a-z.%]{0,30}") {
            if let Ok(folder) = places().of_table("mine", &location) {
                prop_assert!(folder.starts_with("/lake/_tables/mine/"));
                prop_assert!(folder.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_))));
            }
        }
    }
}
