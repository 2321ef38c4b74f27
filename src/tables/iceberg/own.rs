//! Tables of people's own, in the namespace `mine`: found by name, and changed by optimistic commits.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use lake_catalog::{
    Access, Catalog, PartitionBy, PrimitiveType, Replacement, Session, SortBy, Table, TableChange, TableName,
    WrittenFile,
};

use super::session::is_conflict;
use super::{CatalogArgs, Tables, failure, is_of_runs};
use crate::contract::Layers;
use crate::lake::{Lake, make_folder, rename};
use digdag_task::Failure;

/// The property with the names of the key's columns.
pub const KEY: &str = "discogs.key";

/// The namespace of people's own tables.
const NAMESPACE: &str = "mine";

/// The namespace of records as they came.
const BRONZE: &str = "bronze";

/// The name of a table of people's own: `mine.inventory`, or `inventory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnName(pub TableName);

impl FromStr for OwnName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = text.split_once('.').unwrap_or((NAMESPACE, text));
        if ["bronze", "silver", "gold"].contains(&namespace) {
            return Err(format!(
                "{namespace} holds the catalogue's tables; tables of your own are in mine: mine.{name}"
            ));
        }
        if namespace != NAMESPACE {
            return Err(format!("expected mine.NAME, found the namespace {namespace}"));
        }
        if !is_plain(name) {
            return Err("expected mine.NAME with lower-case letters, digits and _ in the name".to_owned());
        }
        Ok(OwnName(TableName::new(NAMESPACE, name)))
    }
}

/// The name of a table of people's files as they came: `bronze.mine_collection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BronzeName(pub TableName);

impl FromStr for BronzeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix(BRONZE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(text);
        if !is_plain(name) || name.strip_prefix("mine_").is_none_or(str::is_empty) {
            let expected = "expected bronze.mine_NAME with lower-case letters, digits and _ in the name";
            return Err(format!("{expected}, found {text}"));
        }
        Ok(BronzeName(TableName::new(BRONZE, name)))
    }
}

fn is_plain(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty()
        && name.len() <= 100
        && name.chars().all(is_word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Parses the name of a column's type.
///
/// # Errors
/// Returns a message with the types that are known.
pub fn data_type(text: &str) -> Result<PrimitiveType, String> {
    super::alteration::data_type(text)
}

/// Returns the properties of a new table whose files are its own, written as `sql/layers.yml` says for the namespace.
///
/// # Errors
/// Fails if there is no such layer.
pub fn properties_of_own_files(namespace: &str) -> anyhow::Result<HashMap<String, String>> {
    // The files belong to the table alone, and every reader knows their encodings.
    let mut properties = HashMap::from([
        ("gc.enabled".to_owned(), "true".to_owned()),
        ("read.parquet.vectorization.enabled".to_owned(), "true".to_owned()),
    ]);
    properties.extend(Layers::load()?.layer(namespace)?.properties());
    Ok(properties)
}

/// Returns the partitions and the order that every table of a namespace has, as `sql/layers.yml` says.
///
/// # Errors
/// Fails if there is no such layer, or if it names a partition of an unknown kind.
pub fn arrangement_of(namespace: &str) -> anyhow::Result<(Vec<PartitionBy>, Vec<SortBy>)> {
    let layers = Layers::load()?;
    let layer = layers.layer(namespace)?;
    let partition = layer.partition().iter().map(|text| text.parse()).collect::<Result<_, String>>();
    let sort = layer.sort().iter().map(|text| text.parse()).collect::<Result<_, String>>();
    let refused = |why| anyhow::anyhow!("sql/layers.yml, {namespace}: {why}");
    Ok((partition.map_err(refused)?, sort.map_err(refused)?))
}

/// Returns a table that is not of runs, as it is now, or `None` if the lake has no catalog or the catalog lacks the name.
///
/// # Errors
/// Fails as [`Tables::open`] and [`Tables::own`] do.
pub fn current_table(lake: &Lake, catalog: &CatalogArgs, name: &TableName) -> anyhow::Result<Option<Table>> {
    match Tables::open(lake, Access::Read, catalog)? {
        Some(mut tables) => tables.own(name),
        None => Ok(None),
    }
}

/// Returns the failure of a task whose commits other writers overtook each time.
pub fn overtaken(name: &TableName, attempts: usize) -> Failure {
    Failure::locked(format!("table {name} was changed by other writers {attempts} times in a row"))
        .hint("run the same command again")
}

/// The files that a commit puts in place of others.
#[derive(Clone, Debug, Default)]
pub struct NewFiles {
    /// The files to add, outside of the table's folder.
    pub written: Vec<WrittenFile>,
    /// The locations of the files to remove.
    pub removed: HashSet<String>,
    /// Whether all delete files are removed.
    pub removes_deletes: bool,
    /// Whether the rows stay the same.
    pub is_rewrite: bool,
    /// Properties of the snapshot.
    pub properties: HashMap<String, String>,
}

/// Returns the change of a table's columns, or the creation of the table, in a session of the catalog.
type Change<'c> = Box<dyn FnOnce(Option<&Table>, Session) -> anyhow::Result<TableChange> + 'c>;

/// A commit to one of several tables.
pub struct OwnCommit<'c> {
    /// The table.
    pub name: &'c TableName,
    /// The table as it was when the files were written, unless it is new.
    pub base: Option<&'c Table>,
    /// The files.
    pub new: NewFiles,
    /// The change of its columns.
    pub change: Change<'c>,
}

impl Tables {
    /// Returns a table of people's own, or `None` if the catalog lacks the name.
    ///
    /// # Errors
    /// Fails if the catalog or the table's metadata cannot be read, or if the table is one of runs.
    pub fn own(&mut self, name: &TableName) -> anyhow::Result<Option<Table>> {
        let found = self.catalog.find(name).map_err(failure)?;
        if found.as_ref().is_some_and(is_of_runs) {
            return Err(Failure::parameters(format!("table {name} is a table of runs, which only runs change"))
                .hint("choose another name")
                .into());
        }
        Ok(found)
    }

    /// Returns all tables that are not of runs, by name: people's own, and those that are computed from runs.
    ///
    /// # Errors
    /// Fails if the catalog or a table's metadata cannot be read.
    pub fn all_not_of_runs(&mut self) -> anyhow::Result<Vec<Table>> {
        let mut tables = self.all()?;
        tables.retain(|table| !is_of_runs(table));
        Ok(tables)
    }

    /// Puts files in place and commits them, if the table still is the one in `base`. Returns the new snapshot's id, or
    /// `None` if another writer committed first: nothing is changed then. The caller holds the lake's lock. `change`
    /// returns the change of the schema.
    ///
    /// # Errors
    /// Fails if a file cannot be moved or the catalog refuses the commit.
    pub fn commit_own<'c>(
        &mut self,
        name: &'c TableName,
        base: Option<&'c Table>,
        new: NewFiles,
        change: impl FnOnce(Option<&Table>, Session) -> anyhow::Result<TableChange> + 'c,
    ) -> anyhow::Result<Option<i64>> {
        let committed = self.commit_together(vec![OwnCommit { name, base, new, change: Box::new(change) }])?;
        Ok(committed.and_then(|snapshots| snapshots.first().copied()))
    }

    /// Like [`Tables::commit_own`], for several tables in one transaction: all are committed, or none. Returns the ids of the
    /// new snapshots, in the order of the commits.
    ///
    /// # Errors
    /// Fails if a file cannot be moved or the catalog refuses the commit.
    pub fn commit_together(&mut self, commits: Vec<OwnCommit<'_>>) -> anyhow::Result<Option<Vec<i64>>> {
        let mut current = Vec::new();
        for commit in &commits {
            let found = self.own(commit.name)?;
            if found.as_ref().map(Table::metadata_location) != commit.base.map(Table::metadata_location) {
                return Ok(None);
            }
            current.push(found);
        }
        let session = self.catalog.session();
        let at = Catalog::next_time(current.iter().flatten());
        self.recorder.begin(&self.lake, session)?;
        let (mut changes, mut snapshots) = (Vec::new(), Vec::new());
        for (commit, current) in commits.into_iter().zip(&current) {
            let mut change = (commit.change)(current.as_ref(), session)?;
            snapshots.push(put_in_place(&mut change, commit.new, session, at)?);
            changes.push(change);
        }
        match self.commit(changes, at) {
            Ok(()) => Ok(Some(snapshots)),
            Err(error) if is_conflict(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn file_name(session: Session, index: usize) -> String {
    format!("{session}-{index:05}.parquet")
}

/// Returns whether a data file has a name that this software gives, so its columns have field ids.
pub fn is_named_here(location: &str) -> bool {
    let name = location.rsplit('/').next().unwrap_or_default();
    let parts = name.strip_suffix(".parquet").and_then(|stem| stem.rsplit_once('-'));
    let Some((session, index)) = parts else { return false };
    let (session, index) = (session.parse::<Session>(), index.parse());
    session.is_ok_and(|session| index.is_ok_and(|index| file_name(session, index) == name))
}

/// Moves new files into a table's folder and adds the snapshot that has them. Returns the snapshot's id.
pub(super) fn put_in_place(change: &mut TableChange, new: NewFiles, session: Session, at: i64) -> anyhow::Result<i64> {
    let schema = change.current_schema().map_err(failure)?;
    let folder = change.data_folder();
    make_folder(&folder)?;
    let mut added = Vec::new();
    for (index, written) in new.written.iter().enumerate() {
        let target = folder.join(file_name(session, index));
        change.track(target.clone());
        rename(&written.path, &target)?;
        added.push(lake_catalog::written_data_file(&target, &schema, written).map_err(failure)?);
    }
    let NewFiles { removed, removes_deletes, is_rewrite, properties, .. } = new;
    change.replace_files(Replacement { removed, removes_deletes, added, is_rewrite, properties, at }).map_err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrangement_of_bronze_is_that_of_its_layer() {
        let (partition, sort) = arrangement_of("bronze").expect("sql/layers.yml");
        assert_eq!(partition, ["day(ingestion_timestamp)".parse().expect("a partition")]);
        assert_eq!(
            sort.iter().map(|sort| sort.column.as_str()).collect::<Vec<_>>(),
            ["ingestion_timestamp", "position"]
        );
        assert_eq!(arrangement_of("mine").expect("sql/layers.yml"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn names_of_this_software_are_told_from_others() {
        let ours = file_name(Session::new(), 12);
        assert!(is_named_here(&format!("file:///lake/_tables/mine/t/data/{ours}")));
        let uuid = "6cdd9152-9ec5-4a5a-8f1a-7c07c8bfb70e";
        for other in [format!("00000-0-{uuid}.parquet"), format!("{uuid}.parquet"), format!("{uuid}-0.parquet")] {
            assert!(!is_named_here(&other), "{other}");
        }
    }
}
