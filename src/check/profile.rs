//! Statistics of the tables of a run, kept in `_reports/profile.json` and compared with later runs.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::query::number;
use crate::contract::{ColumnType, Contract, Table};
use crate::lake::{ColumnDescription, Dataset, Run, RunId};
use crate::sql::{Engine, SqlFile, quoted};

/// The name of the file in a run's reports.
pub const FILE_NAME: &str = "profile.json";

/// The statistics of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The format of this file, 1.
    pub format: u32,
    /// The run that was measured.
    pub run_id: RunId,
    /// By the name of the table in the contract.
    pub tables: BTreeMap<String, TableProfile>,
}

/// The measurements of one table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableProfile {
    /// The digest of the profiled files: [`Dataset::identity`].
    pub sha256: String,
    /// The number of rows.
    pub rows: u64,
    /// The bytes of the table's files.
    pub bytes: u64,
    /// Distinct values of the first column of the key, or of the first column.
    pub keys: u64,
    /// The column that `keys` counts. Profiles of older versions lack it.
    #[serde(default)]
    pub keys_of: Option<String>,
    /// The measurements of the columns, in the order of the contract.
    pub columns: Vec<ColumnProfile>,
}

/// The measurements of one column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// The name of the column.
    pub name: String,
    /// The SQL type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The number of NULLs.
    pub nulls: u64,
    /// The number of empty texts; 0 for other types.
    pub empty_texts: u64,
    /// Texts that hold U+FFFD, which stands for bytes that were not UTF-8.
    pub replaced: u64,
    /// Of the lengths of texts in characters, of numbers that are no ids, of flags as 0 and 1.
    pub mean: Option<f64>,
}

impl Profile {
    /// Returns the profile of a run without tables.
    pub fn new(run: &Run) -> Self {
        Profile { format: 1, run_id: run.id().clone(), tables: BTreeMap::new() }
    }

    /// Returns the profile that an earlier check of the run kept, if there is one.
    pub fn kept(run: &Run) -> Option<Self> {
        let text = fs::read(run.folder().join("_reports").join(FILE_NAME)).ok()?;
        serde_json::from_slice(&text).ok().filter(|profile: &Profile| profile.format == 1)
    }

    /// Stores the profile among the run's reports.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn keep(&self, run: &Run) -> anyhow::Result<()> {
        run.write_report(FILE_NAME, &serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}

/// The number of columns that one query profiles.
const COLUMNS_AT_ONCE: usize = 12;

/// The queries of `sql/profile`.
pub struct Profiler {
    keys: SqlFile,
    text: SqlFile,
    number: SqlFile,
    flag: SqlFile,
    numbered: SqlFile,
}

impl Profiler {
    /// Loads the statements of `sql/profile`.
    ///
    /// # Errors
    /// Returns an error if a statement is missing.
    pub fn load() -> anyhow::Result<Self> {
        let file = |name: &str| SqlFile::load(&format!("profile/{name}"));
        Ok(Profiler {
            keys: file("keys")?,
            text: file("text")?,
            number: file("number")?,
            flag: file("flag")?,
            numbered: file("numbered")?,
        })
    }

    /// Profiles a table that is mounted under its name in the contract.
    ///
    /// # Errors
    /// Fails if the engine cannot run a query.
    pub fn table(
        &self,
        engine: &dyn Engine,
        table: &Table,
        dataset: &Dataset,
        rows: u64,
    ) -> anyhow::Result<TableProfile> {
        let keys = self.keys(engine, table, dataset)?;
        let mut columns = Vec::new();
        for some in dataset.columns.chunks(COLUMNS_AT_ONCE) {
            columns.extend(self.columns(engine, table, some)?);
        }
        Ok(TableProfile {
            sha256: dataset.identity().sha256,
            rows,
            bytes: dataset.bytes(),
            keys,
            keys_of: TableProfile::first_key(table, dataset),
            columns,
        })
    }

    /// Counts the distinct values of the first column of the key.
    ///
    /// # Errors
    /// Fails if the engine cannot run the query.
    pub fn keys(&self, engine: &dyn Engine, table: &Table, dataset: &Dataset) -> anyhow::Result<u64> {
        let Some(column) = TableProfile::first_key(table, dataset) else { return Ok(0) };
        let sql = self.keys.with(&[("table", &quoted(&table.name)), ("column", &quoted(&column))]);
        Ok(number(&engine.rows(&sql, &self.keys.path)?).unwrap_or_default())
    }

    /// Like [`Profiler::table`], but over Trino, where each query is a round trip, reuses a profile of the same files.
    ///
    /// # Errors
    /// Fails if the engine cannot run a query.
    pub fn table_of(
        &self,
        run: &Run,
        engine: &dyn Engine,
        table: &Table,
        dataset: &Dataset,
        rows: u64,
    ) -> anyhow::Result<TableProfile> {
        if engine.name() == "trino"
            && let Some(kept) = Profile::kept(run).and_then(|mut kept| kept.tables.remove(&table.name))
            && kept.sha256 == dataset.identity().sha256
        {
            return Ok(kept);
        }
        self.table(engine, table, dataset, rows)
    }

    /// Profiles some columns in one query.
    fn columns(
        &self,
        engine: &dyn Engine,
        table: &Table,
        columns: &[ColumnDescription],
    ) -> anyhow::Result<Vec<ColumnProfile>> {
        let query = |(index, column): (usize, &ColumnDescription)| {
            let file = match column.data_type.as_str() {
                text if text == ColumnType::Varchar.to_string() => &self.text,
                flag if flag == ColumnType::Boolean.to_string() => &self.flag,
                _ => &self.number,
            };
            let sql = file.with(&[("table", &quoted(&table.name)), ("column", &quoted(&column.name))]);
            self.numbered.with(&[("index", &index.to_string()), ("query", &sql)])
        };
        let queries: Vec<_> = columns.iter().enumerate().map(query).collect();
        let origin = format!("sql/profile for {}", table.name);
        let mut rows = engine.rows(&queries.join("UNION ALL\n"), &origin)?;
        rows.sort_by_key(|row| row.first().cloned().flatten().and_then(|index| index.parse::<usize>().ok()));
        anyhow::ensure!(rows.len() == columns.len(), "{origin} gives {} rows", rows.len());
        Ok(columns.iter().zip(rows).map(|(column, cells)| ColumnProfile::of(table, column, &cells[1..])).collect())
    }
}

impl ColumnProfile {
    /// Whether the mean of a column says anything. The mean of ids does not.
    pub fn has_mean(table: &Table, column: &ColumnDescription) -> bool {
        let is_id = table.key.contains(&column.name) || column.name.ends_with("_id");
        !is_id || column.data_type == "VARCHAR"
    }

    fn of(table: &Table, column: &ColumnDescription, cells: &[Option<String>]) -> Self {
        let cell = |index: usize| cells.get(index).and_then(Option::as_deref);
        let count = |index: usize| cell(index).and_then(|cell| cell.parse().ok()).unwrap_or_default();
        ColumnProfile {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            nulls: count(0),
            empty_texts: count(1),
            replaced: count(2),
            mean: cell(3).and_then(|cell| cell.parse().ok()).filter(|_| Self::has_mean(table, column)),
        }
    }
}

impl TableProfile {
    /// Returns the column whose distinct values are counted: the first of the key, or the first of the table.
    pub fn first_key(table: &Table, dataset: &Dataset) -> Option<String> {
        table.key.first().or(dataset.columns.first().map(|column| &column.name)).cloned()
    }
}

/// Profiles all tables of a run; reuses the kept profile of a table whose files are the same.
///
/// # Errors
/// Fails if a table cannot be read.
pub fn profile_run(engine: &dyn Engine, contract: &Contract, run: &Run) -> anyhow::Result<Profile> {
    let kept = Profile::kept(run);
    let profiler = Profiler::load()?;
    let mut profile = Profile::new(run);
    let mut measured = false;
    for table in &contract.tables {
        let Some(dataset) = run.dataset(&table.folder())? else { continue };
        let same = kept.as_ref().and_then(|kept| kept.tables.get(&table.name));
        let found = match same.filter(|same| same.sha256 == dataset.identity().sha256) {
            Some(same) => same.clone(),
            None => {
                measured = true;
                engine.mount(&table.name, &run.dataset_files(&dataset))?;
                profiler.table(engine, table, &dataset, dataset.rows)?
            }
        };
        profile.tables.insert(table.name.clone(), found);
    }
    if measured {
        profile.keep(run)?;
    }
    Ok(profile)
}
