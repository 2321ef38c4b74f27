//! A lake that a program keeps open, such as lakeshell: the functions that the tasks call, and the tasks themselves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use lake_catalog::{Access, TableName};
use serde::Serialize;

use super::alter_table::alter_table;
use super::project::PROJECT;
use super::rollback_table::rollback_table;
use super::upsert_table::upsert_table;
use crate::contract::{Contract, Table};
use crate::lake::{Lake, RunId, RunStatus, run_statuses};
use crate::own::changes::{self, From};
use crate::own::{own_snapshot, own_snapshots};
use crate::query::{Answer, State, mount, tables_of};
use crate::sql::{DuckDb, EngineParameters, SandboxParameters, SqlFile, quoted};
use crate::tables::iceberg::{
    AsOf, CatalogArgs, OwnName, SnapshotDescription, TableDescription, TableSummary, Tables, VIEWS, table_name,
};
use digdag_task::{Failure, Finished, Quiet, Scratch, SharedObserver};

/// A lake, with the limits of the work on it.
pub struct OpenLake {
    lake: Lake,
    contract: Contract,
    catalog: CatalogArgs,
    sandbox: SandboxParameters,
    engine: EngineParameters,
}

/// A table, under the name by which statements read it.
#[derive(Clone, Debug, Serialize)]
pub struct ReadableTable {
    /// The name.
    pub table: String,
    /// The namespace: `bronze`, `silver`, `gold` or `mine`.
    pub layer: String,
    /// The rows, before delete files are applied.
    pub rows: Option<u64>,
    /// The data files.
    pub files: Option<u64>,
    /// The bytes of all files.
    pub bytes: Option<u64>,
    /// The meaning of a row, for a table of the contract.
    pub row: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, Serialize)]
pub struct ReadableColumn {
    /// The name.
    pub name: String,
    /// The type, as DuckDB names it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The description, for a column of the contract.
    pub description: Option<String>,
}

impl OpenLake {
    /// Opens a lake.
    ///
    /// # Errors
    /// Fails if the folder is missing or is not a lake.
    pub fn open(
        folder: &std::path::Path,
        catalog: CatalogArgs,
        sandbox: SandboxParameters,
        engine: EngineParameters,
    ) -> anyhow::Result<Self> {
        Ok(OpenLake { lake: Lake::open(folder)?, contract: Contract::load()?, catalog, sandbox, engine })
    }

    /// Returns the lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Runs a statement that reads on a state of the tables, and passes its answer to `take`. Returns the state that reads
    /// the same again.
    ///
    /// # Errors
    /// Fails if the statement does more than read, with DuckDB's error, or with the error of `take`.
    pub fn select(
        &self,
        sql: &str,
        state: &State,
        take: impl FnOnce(&mut Answer<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<State> {
        let scratch = Scratch::of_the_system("discogs-query.")?;
        let engine = DuckDb::open(&self.engine, scratch.path())?;
        let state = State { catalog: self.catalog.clone(), ..state.clone() };
        let quiet: SharedObserver = Arc::new(Quiet);
        let mounted = mount(engine, &self.lake, &state, sql, self.sandbox, &quiet)?;
        take(&mut Answer::new(&mounted.sandbox, sql, "the statement")?)?;
        let run_id = mounted.run.filter(|_| state.as_of.is_none());
        // A table without a snapshot is read as it is.
        let pins = mounted.pins.into_iter().filter(|(_, snapshot)| snapshot.is_some()).collect();
        Ok(State { run_id, pins, ..state })
    }

    /// Calls `upsert-table`.
    ///
    /// # Errors
    /// Fails like the task.
    pub fn upsert(&self, arguments: Vec<OsString>) -> anyhow::Result<Finished> {
        PROJECT.call(self.with_lake(arguments), |mut parameters: super::upsert_table::UpsertTable, call| {
            (parameters.catalog, parameters.engine) = (self.catalog.clone(), self.engine.clone());
            upsert_table(parameters, call)
        })
    }

    /// Calls `alter-table`.
    ///
    /// # Errors
    /// Fails like the task.
    pub fn alter(&self, arguments: Vec<OsString>) -> anyhow::Result<Finished> {
        PROJECT.call(self.with_lake(arguments), |mut parameters: super::alter_table::AlterTable, call| {
            parameters.catalog = self.catalog.clone();
            alter_table(parameters, call)
        })
    }

    /// Calls `rollback-table`.
    ///
    /// # Errors
    /// Fails like the task.
    pub fn roll_back(&self, arguments: Vec<OsString>) -> anyhow::Result<Finished> {
        PROJECT.call(self.with_lake(arguments), |mut parameters: super::rollback_table::RollbackTable, call| {
            parameters.catalog = self.catalog.clone();
            rollback_table(parameters, call)
        })
    }

    fn with_lake(&self, arguments: Vec<OsString>) -> Vec<OsString> {
        let lake = [OsString::from("--lake"), self.lake.root().as_os_str().to_owned()];
        lake.into_iter().chain(arguments).collect()
    }

    /// Returns the state of the whole lake at `when`, and its run if it has one. Tables of people's own are as of a time or
    /// the end of a month; a run and a snapshot say nothing about them.
    ///
    /// # Errors
    /// Fails if the catalog has no such state.
    pub fn state_at(&self, when: &AsOf) -> anyhow::Result<(State, Option<RunId>)> {
        let mut tables = tables_of(&self.lake, &self.catalog)?;
        let run = match tables.run_at(when) {
            Err(_) if tables.load()?.is_empty() => None,
            found => Some(found?),
        };
        let pins = match when {
            AsOf::Time(_) | AsOf::Month(_) => own_snapshots(&mut tables, when)?,
            AsOf::Run(_) | AsOf::Snapshot(_) => BTreeMap::new(),
        };
        Ok((State { as_of: run.clone().map(AsOf::Run), pins, ..State::default() }, run))
    }

    /// Returns the name of a table that is not of runs, and its snapshot in a state.
    ///
    /// # Errors
    /// Fails if there is no such table, if it is of runs, or if it has no such state.
    pub fn snapshot_at(&self, table: &str, when: &AsOf) -> anyhow::Result<(TableName, i64)> {
        let mut tables = tables_of(&self.lake, &self.catalog)?;
        let found = tables.find(self.catalog_name(table))?;
        if crate::tables::iceberg::is_of_runs(&found) {
            return Err(Failure::parameters(format!("the tables of a month are read together, and {table} is one"))
                .hint("travel 2026-10 reads all of them as they were")
                .into());
        }
        let snapshot = own_snapshot(&mut tables, found.name(), when)?;
        Ok((found.name().clone(), snapshot))
    }

    /// Returns the tables that statements read, by name.
    ///
    /// # Errors
    /// Fails if the catalog or the published run cannot be read.
    pub fn tables(&self) -> anyhow::Result<Vec<ReadableTable>> {
        let mut found = match Tables::open(&self.lake, Access::Read, &self.catalog)? {
            Some(mut tables) => tables.all()?.iter().map(|table| self.readable(TableSummary::of(table))).collect(),
            None => self.tables_of_the_run()?,
        };
        found.sort_by(|one: &ReadableTable, other| (&one.layer, &one.table).cmp(&(&other.layer, &other.table)));
        Ok(found)
    }

    /// Returns the tables of the published run, for a lake without a catalog.
    fn tables_of_the_run(&self) -> anyhow::Result<Vec<ReadableTable>> {
        let Some(active) = self.lake.active()? else { return Ok(Vec::new()) };
        let run = self.lake.run(&active)?;
        let mut found = Vec::new();
        for table in &self.contract.tables {
            let Some(dataset) = run.dataset(&table.folder())? else { continue };
            found.push(ReadableTable {
                table: table.sql_name().to_owned(),
                layer: table_name(table).namespace,
                rows: Some(dataset.rows),
                files: Some(dataset.files.len() as u64),
                bytes: Some(dataset.bytes()),
                row: Some(table.row.clone()),
            });
        }
        Ok(found)
    }

    fn readable(&self, summary: TableSummary) -> ReadableTable {
        let (layer, name) = summary.table.split_once('.').unwrap_or(("", &summary.table));
        let of_contract = self.contract.tables.iter().find(|table| {
            let known = table_name(table);
            known.namespace == layer && known.name == name
        });
        ReadableTable {
            table: of_contract.map_or_else(|| summary.table.clone(), |table| table.sql_name().to_owned()),
            layer: layer.to_owned(),
            rows: summary.rows,
            files: summary.files,
            bytes: summary.bytes,
            row: of_contract.map(|table| table.row.clone()),
        }
    }

    /// Returns the columns of a table in a state.
    ///
    /// # Errors
    /// Fails if there is no such table.
    pub fn columns(&self, table: &str, state: &State) -> anyhow::Result<Vec<ReadableColumn>> {
        let name = table.split('.').map(quoted).collect::<Vec<_>>().join(".");
        let sql = SqlFile::load("shell/table")?.with(&[("table", &name)]);
        let of_contract = self.contract_table(table);
        let mut found = Vec::new();
        self.select(&sql, state, |answer| {
            found = answer.columns()?;
            Ok(())
        })?;
        let description = |name: &str| {
            let column = of_contract?.columns.iter().find(|column| column.name == name)?;
            Some(column.description.clone())
        };
        let columns = found.into_iter().map(|column| ReadableColumn {
            description: description(&column.name),
            name: column.name,
            data_type: column.kind,
        });
        Ok(columns.collect())
    }

    /// Returns the names of the tables that statements may read, each with the names of its columns.
    ///
    /// # Errors
    /// Fails if the catalog cannot be read.
    pub fn names(&self) -> anyhow::Result<Vec<(String, Vec<String>)>> {
        let mut names: Vec<(String, Vec<String>)> = VIEWS.iter().map(|view| ((*view).to_owned(), Vec::new())).collect();
        if self.lake.active()?.is_some() {
            let columns = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect();
            names.extend(self.contract.tables.iter().map(|table| (table.sql_name().to_owned(), columns(table))));
        }
        if let Some(mut tables) = Tables::open(&self.lake, Access::Read, &self.catalog)? {
            let described = tables.all_not_of_runs()?;
            let described = described.iter().map(TableDescription::of);
            let columns = |table: &TableDescription| table.columns.iter().map(|column| column.name.clone()).collect();
            names.extend(described.map(|table| (table.summary.table.clone(), columns(&table))));
        }
        Ok(names)
    }

    /// Returns the snapshots of a table, oldest first.
    ///
    /// # Errors
    /// Fails if the catalog has no such table.
    pub fn history(&self, table: &str) -> anyhow::Result<Vec<SnapshotDescription>> {
        let table = tables_of(&self.lake, &self.catalog)?.find(self.catalog_name(table))?;
        SnapshotDescription::all(&table)
    }

    /// Passes the changes of a table after a state to `take`, a line of NDJSON each.
    ///
    /// # Errors
    /// Fails if the table or the state is missing, or with the first error of `take`.
    pub fn changes(&self, table: &str, from: &str, take: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let invalid = |expected: String| Failure::parameters(format!("changes: {expected}"));
        let name: OwnName = table.parse().map_err(invalid)?;
        let from: From = from.parse().map_err(invalid)?;
        let scratch = Scratch::of_the_system("discogs-changes.")?;
        let engine = DuckDb::open(&self.engine, scratch.path())?;
        changes::stream(&self.lake, &name.0, &from, &self.catalog, &engine, take).map(drop)
    }

    /// Returns the runs, newest first.
    ///
    /// # Errors
    /// Fails if the runs cannot be listed.
    pub fn runs(&self) -> anyhow::Result<Vec<RunStatus>> {
        run_statuses(&self.lake, self.lake.active()?.as_ref(), &self.lake.previous()?)
    }

    /// Returns the newest report of the checks of a run; `None` stands for the published one.
    ///
    /// # Errors
    /// Fails if there is no such run, or if it has no report.
    pub fn report(&self, run: Option<&RunId>) -> anyhow::Result<serde_json::Value> {
        let id = run.cloned().map_or_else(|| self.lake.published(), Ok)?;
        let report = self.lake.run(&id)?.newest_report()?;
        report.ok_or_else(|| {
            let failure = Failure::input(format!("run {id} has no report of its checks yet"));
            failure.hint(format!("sanity-check --run-id {id} writes one")).into()
        })
    }

    /// Returns the name of a table in the catalog, for the name by which statements read it.
    pub fn catalog_name<'n>(&'n self, table: &'n str) -> &'n str {
        self.contract_table(table).map_or(table, |table| &table.name)
    }

    fn contract_table(&self, table: &str) -> Option<&Table> {
        self.contract.tables.iter().find(|known| known.sql_name() == table)
    }
}
