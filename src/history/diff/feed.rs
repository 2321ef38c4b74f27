//! The change feed of one table: a query per range of its key, and the counts of the changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::array::{AsArray, BooleanArray, StringArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::record_batch::RecordBatch;

use super::TableDiff;
use super::ranges::{AtOnce, Range, ranges};
use crate::contract::{Column, ColumnType, Table};
use crate::lake::Run;
use crate::parquet::TableFile;
use crate::sql::{DuckDb, Engine, EngineParameters, SqlFile, quoted};
use digdag_task::Failure;

/// The values of the column `_change`.
const INSERT: &str = "insert";
const BEFORE: &str = "update_before";
const AFTER: &str = "update_after";
const DELETE: &str = "delete";

/// The name of the file in the folder of each table.
pub const FILE: &str = "changes.parquet";

/// Compares the tables of two runs.
pub struct Feeds<'f> {
    /// The older run.
    pub from: &'f Run,
    /// The newer run.
    pub to: &'f Run,
    /// The folder of the unfinished feed, with a folder for each table.
    pub staged: &'f Path,
    /// A folder for temporary files.
    pub scratch: &'f Path,
    /// The approximate number of rows of both runs that are compared at once.
    pub rows_at_once: u64,
    /// The bounds of DuckDB.
    pub engine: &'f EngineParameters,
}

/// The table in one of the two runs.
struct Side {
    files: Vec<PathBuf>,
    hashes: Vec<String>,
    rows: u64,
}

impl Feeds<'_> {
    /// Writes the changes of a table and counts them. Returns `None` if neither run has the table.
    ///
    /// # Errors
    /// Returns an error of class `Input` if a run lacks a column of the contract, and an error if a table cannot be
    /// read or the feed cannot be written.
    pub fn compare(&self, table: &Table) -> anyhow::Result<Option<TableDiff>> {
        let (from, to) = (self.side(self.from, table)?, self.side(self.to, table)?);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let (from, to) = (self.or_empty(from, table)?, self.or_empty(to, table)?);
        let folder = self.staged.join(table.folder());
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut feed = Feed::create(&folder.join(FILE), table)?;
        // Files with equal digests hold equal rows, so only others are compared.
        if from.hashes != to.hashes {
            let engine = DuckDb::open(self.engine, &self.scratch.join("spill"))?;
            engine.mount("from_rows", &from.files)?;
            engine.mount("to_rows", &to.files)?;
            let query = SqlFile::load("diff/changes")?;
            for range in self.ranges(table, &from, &to)? {
                engine.stream(&statement(&query, table, &range), &query.path, |batch| feed.append(batch))?;
            }
        }
        feed.finish(table, &from, &to).map(Some)
    }

    fn side(&self, run: &Run, table: &Table) -> anyhow::Result<Option<Side>> {
        let Some(dataset) = run.dataset(&table.folder())? else { return Ok(None) };
        let lacks = table.columns.iter().find(|column| !dataset.columns.iter().any(|there| there.name == column.name));
        if let Some(column) = lacks {
            let message = format!("{} of run {} has no column {}", table.name, run.id(), column.name);
            return Err(Failure::input(message)
                .hint("an older version made it; build that month again in a new run")
                .into());
        }
        let hashes = dataset.files.iter().map(|file| file.sha256.clone()).collect();
        Ok(Some(Side { files: run.dataset_files(&dataset), hashes, rows: dataset.rows }))
    }

    /// Returns the table of a run, or one without rows if only the other run has the table.
    fn or_empty(&self, side: Option<Side>, table: &Table) -> anyhow::Result<Side> {
        if let Some(side) = side {
            return Ok(side);
        }
        let path = self.scratch.join(format!("{}.none.parquet", table.name));
        TableFile::create(&path, table)?.finish()?;
        Ok(Side { files: vec![path], hashes: Vec::new(), rows: 0 })
    }

    fn ranges(&self, table: &Table, from: &Side, to: &Side) -> anyhow::Result<Vec<Range>> {
        let first = first_column(table);
        let at_once = AtOnce::within(self.engine.memory_limit.0, self.rows_at_once);
        // Only the range without bounds contains NULL.
        if table.column(first).is_none_or(|column| !column.not_null) {
            return ranges(&[], first, at_once);
        }
        let files: Vec<PathBuf> = from.files.iter().chain(&to.files).cloned().collect();
        ranges(&files, first, at_once)
    }
}

/// Returns the columns that identify a row: the key, or all columns if the table has no key.
fn key(table: &Table) -> Vec<&str> {
    let columns = || table.columns.iter().map(|column| column.name.as_str());
    if table.key.is_empty() { columns().collect() } else { table.key.iter().map(String::as_str).collect() }
}

fn first_column(table: &Table) -> &str {
    key(table).first().copied().unwrap_or_default()
}

fn statement(query: &SqlFile, table: &Table, range: &Range) -> String {
    let list = |names: Vec<&str>| names.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
    let columns = list(table.columns.iter().map(|column| column.name.as_str()).collect());
    query.with(&[
        ("columns", &columns),
        ("key", &list(key(table))),
        ("first", &quoted(first_column(table))),
        ("low", &range.low),
        ("high", &range.high),
    ])
}

/// Writes the change feed of a table and counts its rows.
struct Feed {
    file: TableFile,
    inserted: u64,
    updated: u64,
    deleted: u64,
    columns: BTreeMap<String, u64>,
    /// The last row of a batch if it is `update_before`: its `update_after` is in the next batch.
    waiting: Option<RecordBatch>,
}

impl Feed {
    fn create(path: &Path, table: &Table) -> anyhow::Result<Self> {
        let mut with_change = table.clone();
        let change = Column {
            id: None,
            name: "_change".to_owned(),
            data_type: ColumnType::Varchar,
            not_null: true,
            relationships: None,
            joined: None,
            accepted_values: None,
            nulls: None,
            dictionary: true,
            bloom_filter: false,
            description: "What happened to the row.".to_owned(),
        };
        with_change.columns.insert(0, change);
        let file = TableFile::create(path, &with_change)?;
        Ok(Feed { file, inserted: 0, updated: 0, deleted: 0, columns: BTreeMap::new(), waiting: None })
    }

    fn append(&mut self, batch: RecordBatch) -> anyhow::Result<()> {
        let batch = RecordBatch::try_new(self.file.schema().clone(), batch.columns().to_vec())
            .context("the feed has other columns than the contract")?;
        self.file.append(batch.clone())?;
        let mut batch = match self.waiting.take() {
            Some(row) => concat_batches(batch.schema_ref(), [&row, &batch])?,
            None => batch,
        };
        let last = batch.num_rows().checked_sub(1);
        if let Some(last) = last.filter(|last| changes(&batch).is_ok_and(|changes| changes.value(*last) == BEFORE)) {
            self.waiting = Some(batch.slice(last, 1));
            batch = batch.slice(0, last);
        }
        self.count(&batch)
    }

    /// Counts the rows and the changed columns. An `update_before` is followed by its `update_after`, so the filtered
    /// rows pair up by position.
    fn count(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let pick = |change: &str| -> anyhow::Result<RecordBatch> {
            let mask: BooleanArray = changes(batch)?.iter().map(|found| Some(found == Some(change))).collect();
            Ok(filter_record_batch(batch, &mask)?)
        };
        self.inserted += pick(INSERT)?.num_rows() as u64;
        self.deleted += pick(DELETE)?.num_rows() as u64;
        let (before, after) = (pick(BEFORE)?, pick(AFTER)?);
        self.updated += after.num_rows() as u64;
        for (index, field) in batch.schema_ref().fields().iter().enumerate().skip(1) {
            let changed = distinct(before.column(index), after.column(index))?.true_count() as u64;
            if changed > 0 {
                *self.columns.entry(field.name().clone()).or_default() += changed;
            }
        }
        Ok(())
    }

    fn finish(self, table: &Table, from: &Side, to: &Side) -> anyhow::Result<TableDiff> {
        anyhow::ensure!(
            from.rows + self.inserted == to.rows + self.deleted,
            "{}: {} rows, {} inserted and {} deleted do not make {} rows",
            table.name,
            from.rows,
            self.inserted,
            self.deleted,
            to.rows
        );
        Ok(TableDiff {
            table: table.folder(),
            rows_before: from.rows,
            rows_after: to.rows,
            inserted: self.inserted,
            updated: self.updated,
            deleted: self.deleted,
            columns: self.columns,
            file: self.file.finish()?,
        })
    }
}

fn changes(batch: &RecordBatch) -> anyhow::Result<&StringArray> {
    batch.column(0).as_string_opt::<i32>().context("the first column of a feed is _change")
}
