//! The rows of a table that are older than a time: whole files of them are taken out, and files that also have younger rows
//! are written again without them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use lake_catalog::{DataFile, DataWriter, Table, TableChange, Type, time_bounds};

use super::append::INGESTION_TIMESTAMP;
use super::order::order_by;
use super::scan::{self, all_columns, check_ids, create_view};
use crate::sql::statement::{number, run};
use crate::sql::{DuckDb, SqlFile, quoted};
use crate::tables::iceberg::{NewFiles, key_in};

/// How the age of a table's rows is known, and how old ones go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    column: String,
    field_id: i32,
    /// Whether only whole files go, because the table is partitioned by this column.
    by_partition: bool,
}

impl Age {
    /// Returns how the age of a table's rows is known: by its partitions of time, or by the column `ingestion_timestamp`. Returns
    /// `None` for a table that has neither.
    pub fn of(table: &Table) -> Option<Self> {
        if table.name().namespace != "mine" {
            let (field_id, column) = table.time_partition()?;
            return Some(Age { column, field_id, by_partition: true });
        }
        let field = table.metadata().current_schema().field_by_name(INGESTION_TIMESTAMP)?;
        let is_time = matches!(&*field.field_type, Type::Primitive(data_type) if super::types::is_time(data_type));
        is_time.then(|| Age { column: field.name.clone(), field_id: field.id, by_partition: false })
    }
}

/// The rows of a table that have aged.
#[derive(Debug, Default)]
pub struct Aged {
    /// The files in which all rows have aged.
    whole: Vec<DataFile>,
    /// Files that may also have younger rows, and are written again.
    mixed: Vec<DataFile>,
    deletes: Vec<DataFile>,
    is_all: bool,
    column: String,
    before: String,
}

impl Aged {
    /// Finds the rows of the current snapshot that are older than `before`, in microseconds since 1970.
    ///
    /// # Errors
    /// Fails if a manifest cannot be read, or if files have to be written again to which delete files by key apply.
    pub fn find(table: &Table, age: &Age, before: i64) -> anyhow::Result<Self> {
        let mut aged = Aged { column: age.column.clone(), before: before.to_string(), ..Aged::default() };
        let Some(current) = table.metadata().current_snapshot_id() else { return Ok(aged) };
        let scan = if age.by_partition { table.scan(current)? } else { scan::scan(table, current)? };
        let files = scan.data.len();
        for file in scan.data {
            match time_bounds(&file, age.field_id) {
                Some((_, last)) if last < before => aged.whole.push(file),
                Some((first, _)) if first >= before => {}
                _ if age.by_partition => {}
                _ => aged.mixed.push(file),
            }
        }
        aged.is_all = aged.whole.len() + aged.mixed.len() == files;
        aged.deletes = scan.position_deletes;
        Ok(aged)
    }

    /// Returns whether no file can have such rows.
    pub fn is_nothing(&self) -> bool {
        self.whole.is_empty() && self.mixed.is_empty()
    }

    /// Counts the rows, in the files that may also have younger rows one by one. A file without an aged row is left alone
    /// from then on.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or if the table has a column that this task does not write.
    pub fn count(&mut self, engine: &DuckDb, table: &Table) -> anyhow::Result<u64> {
        let mut rows: u64 = self.whole.iter().map(DataFile::record_count).sum();
        let (mixed, mut with_aged) = (self.mixed.len(), Vec::new());
        for file in std::mem::take(&mut self.mixed) {
            self.mount(engine, table, &[&file])?;
            let aged =
                number(engine, "own/aged_count", &[("column", &quoted(&self.column)), ("before", &self.before)])?;
            rows += aged;
            if aged > 0 {
                with_aged.push(file);
            }
        }
        self.is_all &= with_aged.len() == mixed;
        self.mixed = with_aged;
        Ok(rows)
    }

    /// Returns the files that take the place of those with aged rows, written in `folder`.
    ///
    /// # Errors
    /// Fails with DuckDB's error, or if a file cannot be written.
    pub fn write(self, engine: &DuckDb, table: &Table, folder: &Path) -> anyhow::Result<NewFiles> {
        let mut written = Vec::new();
        if !self.mixed.is_empty() {
            self.mount(engine, table, &self.mixed.iter().collect::<Vec<_>>())?;
            let change = TableChange::of(table);
            let mut writer = DataWriter::new(&change, folder, &key_in(table, table.metadata().current_schema()))?;
            let statement = SqlFile::load("own/not_aged")?;
            let sql = statement.with(&[
                ("column", &quoted(&self.column)),
                ("columns", &names(table)?),
                ("before", &self.before),
                ("order", &order_by(&change)?),
            ]);
            let mut batches = engine.select(&sql, &statement.path)?;
            while let Some(batch) = batches.next_batch()? {
                writer.write(&batch)?;
            }
            written = writer.finish()?;
        }
        let removed: HashSet<_> =
            self.whole.iter().chain(&self.mixed).map(|file| file.file_path().to_owned()).collect();
        // A delete file also names rows of the files that stay, unless all go.
        Ok(NewFiles { written, removed, removes_deletes: self.is_all, is_rewrite: false, properties: HashMap::new() })
    }

    /// Returns the bytes of the files in which all rows have aged.
    pub fn whole_bytes(&self) -> u64 {
        self.whole.iter().map(DataFile::file_size_in_bytes).sum()
    }

    fn mount(&self, engine: &DuckDb, table: &Table, files: &[&DataFile]) -> anyhow::Result<()> {
        run(engine, "own/utc", &[])?;
        check_ids(engine, table, files)?;
        create_view(engine, "rewritten", files, &self.deletes, &all_columns(table)?)
    }
}

fn names(table: &Table) -> anyhow::Result<String> {
    Ok(all_columns(table)?.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", "))
}
