//! The rewriting of files by another engine: it decides which files, and commits by itself.

use std::collections::HashMap;

use lake_catalog::{DataFile, FILE_BYTES, Table};

use super::compaction::SMALL_BYTES;
use super::spark::Spark;
use crate::sql::{SqlFile, Trino, quoted, text_literal};
use digdag_task::Failure;

/// The engine that rewrites files of a table, if it is not DuckDB in this process.
pub enum Elsewhere {
    /// A Trino whose catalog is that of the lake.
    Trino {
        /// Its session.
        trino: Trino,
        /// Its name of the catalog.
        catalog: String,
    },
    /// A Spark, started for each table.
    Spark(Spark),
}

impl Elsewhere {
    /// Rewrites the files of a table, in its order and to the target size.
    ///
    /// # Errors
    /// Fails with the engine's error, or if it has another catalog.
    pub fn rewrite(&self, table: &Table) -> anyhow::Result<()> {
        match self {
            Elsewhere::Trino { trino, catalog } => by_trino(trino, catalog, table),
            Elsewhere::Spark(spark) => spark.rewrite(table),
        }
    }
}

fn by_trino(trino: &Trino, catalog: &str, table: &Table) -> anyhow::Result<()> {
    let name = table.name();
    let qualified = |table: &str| [catalog, &name.namespace, table].map(quoted).join(".");
    let Some(current) = table.metadata().current_snapshot_id() else { return Ok(()) };
    let known = SqlFile::load("trino/snapshot")?;
    let snapshots = qualified(&format!("{}$snapshots", name.name));
    let rows = trino.table(&known.with(&[("snapshots", &snapshots), ("id", &current.to_string())]), &known.path)?.1;
    if rows.is_empty() {
        let message = format!("catalog {catalog} of Trino has another table {name}: it lacks snapshot {current}");
        return Err(Failure::parameters(message)
            .hint("trino_iceberg_catalog names Trino's catalog over the lake's catalog; scripts/stack up has one")
            .into());
    }
    let optimize = SqlFile::load("trino/optimize")?;
    let threshold = text_literal(&format!("{SMALL_BYTES}B"));
    let places = [("table", qualified(&name.name)), ("threshold", threshold)];
    trino
        .with_property(catalog, "target_max_file_size", &format!("{FILE_BYTES}B"))
        .execute(&optimize.with(&places.each_ref().map(|(place, value)| (*place, value.as_str()))), &optimize.path)
}

/// Files that were taken out of a table, or put into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Their number.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Returns the data files that rewrites took out of a table and put into it since a snapshot. Files that other writers
/// added or removed meanwhile do not count.
///
/// # Errors
/// Fails if a manifest cannot be read.
pub fn rewritten_since(table: &Table, before: i64) -> anyhow::Result<(Files, Files)> {
    let (mut removed, mut added) = (Files::default(), Files::default());
    let Some(current) = table.metadata().current_snapshot_id() else { return Ok((removed, added)) };
    let since = table.ancestors(current).into_iter().rev().take_while(|snapshot| snapshot.snapshot_id() != before);
    for snapshot in since.filter(|snapshot| snapshot.summary().operation.as_str() == "replace") {
        let Some(parent) = snapshot.parent_snapshot_id() else { continue };
        let (old, new) = (sizes(table.scan(parent)?.data), sizes(table.scan(snapshot.snapshot_id())?.data));
        removed.add(old.iter().filter(|(path, _)| !new.contains_key(*path)));
        added.add(new.iter().filter(|(path, _)| !old.contains_key(*path)));
    }
    Ok((removed, added))
}

fn sizes(files: Vec<DataFile>) -> HashMap<String, u64> {
    files.into_iter().map(|file| (file.file_path().to_owned(), file.file_size_in_bytes())).collect()
}

impl Files {
    fn add<'f>(&mut self, files: impl Iterator<Item = (&'f String, &'f u64)>) {
        for (_, bytes) in files {
            self.count += 1;
            self.bytes += bytes;
        }
    }
}
