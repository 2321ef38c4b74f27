//! Expiry of snapshots of people's own tables, and of files in the folders of tables that no snapshot names.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::SystemTime;

use lake_catalog::{Catalog, SnapshotRetention, Table, TableChange, TableName, UnnamedFile};

use super::{Tables, failure};

impl Tables {
    /// Removes the expired snapshots of a table in one commit. Returns their number. Their files
    /// are left to [`Tables::expire_with_files`].
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit.
    pub fn expire(&mut self, name: &TableName, keep: SnapshotRetention) -> anyhow::Result<usize> {
        self.repeat(|tables| {
            let Some(table) = tables.own(name)? else { return Ok(0) };
            let expired = table.expired(keep).map_err(failure)?;
            if expired.is_empty() {
                return Ok(0);
            }
            let at = Catalog::next_time([&table]);
            let mut change = TableChange::of(&table);
            change.remove_snapshots(&expired).map_err(failure)?;
            tables.commit(vec![change], at)?;
            Ok(expired.len())
        })
    }

    /// Expires the snapshots of a table, unless `keep` is `None`, and removes the files that no snapshot names then: those
    /// that expired snapshots named, and those older than `before`. Returns the number of snapshots, and the files. The
    /// caller holds the lake's lock.
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit, or if a file cannot be removed.
    pub fn expire_with_files(
        &mut self,
        table: &Table,
        keep: Option<SnapshotRetention>,
        before: SystemTime,
    ) -> anyhow::Result<(usize, Vec<UnnamedFile>)> {
        let named = self.named_files()?;
        let expired = keep.map_or(Ok(0), |keep| self.expire(table.name(), keep))?;
        // Reading the manifests of all tables again is needed only if a snapshot has gone.
        let after = if expired > 0 { Some(self.named_files()?) } else { None };
        let unnamed = self.unnamed(table, &named, after.as_ref().unwrap_or(&named), before)?;
        self.catalog.table_files().remove_unnamed(&unnamed).map_err(failure)?;
        Ok((expired, unnamed))
    }

    /// Removes refs of a table in one commit.
    ///
    /// # Errors
    /// Fails if the catalog refuses the commit.
    pub fn remove_refs(&mut self, name: &TableName, refs: &[String]) -> anyhow::Result<()> {
        self.repeat(|tables| {
            let Some(table) = tables.own(name)? else { return Ok(()) };
            let mut change = TableChange::of(&table);
            for reference in refs {
                change.remove_ref(reference).map_err(failure)?;
            }
            tables.commit(vec![change], Catalog::next_time([&table]))
        })
    }

    /// Returns every file that a table names.
    ///
    /// # Errors
    /// Fails if a table's metadata or manifests cannot be read.
    pub fn named_files(&mut self) -> anyhow::Result<HashSet<PathBuf>> {
        self.catalog.named_files().map_err(failure)
    }

    /// Returns the files in a table's folder that are not among the `named` ones of all tables: those that were named
    /// before the expiry, and those that are older than `before`. Younger files may belong to a running writer.
    ///
    /// # Errors
    /// Fails if a table's metadata cannot be read or the folder cannot be listed.
    pub fn unnamed(
        &mut self,
        table: &Table,
        named_before: &HashSet<PathBuf>,
        named: &HashSet<PathBuf>,
        before: SystemTime,
    ) -> anyhow::Result<Vec<UnnamedFile>> {
        let mut files = self.catalog.unnamed_files(table, named).map_err(failure)?;
        files.retain(|file| named_before.contains(&file.path) || file.is_older_than(before));
        Ok(files)
    }

    /// Returns the named tables, or all tables of the catalog.
    ///
    /// # Errors
    /// Fails if the catalog lacks a name, or cannot be read.
    pub fn named(&mut self, names: &[String]) -> anyhow::Result<Vec<Table>> {
        match names {
            [] => self.catalog.load_all().map_err(failure),
            names => names.iter().map(|name| self.find(name)).collect(),
        }
    }
}

/// Returns whether a table is one of runs, which are pruned with their runs and never rewritten.
pub fn is_of_runs(table: &Table) -> bool {
    table.metadata().properties().contains_key(super::OF_RUNS)
}
