//! The wanted tables and views of a schema.

use anyhow::Context;

use super::definition::Definition;
use super::verify::{ExpectedTable, rows_in};
use crate::contract::HistoryContract;
use crate::contract::{Contract, Table};
use crate::lake::{HistoryFolder, Lake, Run};
use crate::sql::{SqlFile, TrinoParameters, quoted, text_literal};
use crate::tables::iceberg;
use digdag_task::Failure;

/// The tables and views that a schema should hold.
pub struct Plan<'c> {
    /// The wanted tables and views.
    pub definitions: Vec<Definition>,
    /// The tables of the lake under them, each with its files and rows.
    pub tables: Vec<ExpectedTable<'c>>,
}

impl<'c> Plan<'c> {
    /// Plans the tables, SQL names and views over a run. Locations go through `folder` of the lake: `active`, or the
    /// run's own. A missing location is refused, since Trino would create the folder inside the run. `partly` accepts
    /// an unfinished run.
    ///
    /// # Errors
    /// Fails if the run lacks a table that is not optional and `partly` is false, or if its datasets cannot be read.
    pub fn new(
        contract: &'c Contract,
        run: &Run,
        folder: &str,
        trino: &TrinoParameters,
        partly: bool,
    ) -> anyhow::Result<Self> {
        let mut plan = Plan { definitions: Vec::new(), tables: Vec::new() };
        let mut missing = Vec::new();
        for table in &contract.tables {
            let Some(dataset) = run.dataset(&table.folder())? else {
                if !table.optional && !partly {
                    return Err(missing_table(run, table));
                }
                missing.extend([table.name.as_str(), table.sql_name()]);
                continue;
            };
            let location = trino.location(run.lake().root(), &format!("{folder}/{}", table.folder()));
            plan.definitions.push(Definition::of_table(table, &table.name, location.clone()));
            if table.sql_name() != table.name {
                plan.definitions.push(Definition::of_table(table, table.sql_name(), location));
            }
            plan.tables.push(ExpectedTable { table, rows: dataset.rows, files: run.dataset_files(&dataset) });
        }
        plan.add_views("views", |view| !view.names_any(&missing))?;
        Ok(plan)
    }

    /// Plans views over the Iceberg tables of a catalog as they are in a run, and the views over them. Each names the
    /// run's tag, so a statement over several of them never mixes two runs, even if another is promoted meanwhile.
    ///
    /// # Errors
    /// Fails if the run's datasets cannot be read.
    pub fn pinned(contract: &'c Contract, run: &Run, catalog: &str) -> anyhow::Result<Self> {
        let mut plan = Plan { definitions: Vec::new(), tables: Vec::new() };
        let template = SqlFile::load("trino/pinned_table")?;
        let tag = text_literal(&iceberg::run_tag(run.id()));
        let mut missing = Vec::new();
        for table in &contract.tables {
            let name = iceberg::table_name(table);
            let qualified = [catalog, &name.namespace, &name.name].map(quoted).join(".");
            let view = |name: &str| SqlFile {
                name: name.to_owned(),
                path: template.path.clone(),
                text: template.with(&[("name", name), ("comment", &table.row), ("table", &qualified), ("tag", &tag)]),
            };
            plan.definitions.push(Definition::of_view(&view(&table.name)));
            if table.sql_name() != table.name {
                plan.definitions.push(Definition::of_view(&view(table.sql_name())));
            }
            match run.dataset(&table.folder())? {
                Some(dataset) => {
                    let files = run.dataset_files(&dataset);
                    plan.tables.push(ExpectedTable { table, rows: dataset.rows, files });
                }
                None => missing.extend([table.name.as_str(), table.sql_name()]),
            }
        }
        plan.add_views("views", |view| !view.names_any(&missing))?;
        Ok(plan)
    }

    /// Plans the tables and views over the history of runs. A missing folder is created, so that its first events need
    /// no registration. `digits` is the precision of the catalog's timestamps.
    ///
    /// # Errors
    /// Fails if a folder of events cannot be created or read.
    pub fn of_history(
        contract: &'c HistoryContract,
        lake: &Lake,
        trino: &TrinoParameters,
        digits: u8,
    ) -> anyhow::Result<Self> {
        let mut plan = Plan { definitions: Vec::new(), tables: Vec::new() };
        for table in &contract.tables {
            let folder = contract.folder(&table.name)?;
            lake.history().make_event_folder(folder)?;
            let location = trino.location(lake.root(), &format!("{}/{folder}", HistoryFolder::PATH));
            plan.definitions.push(Definition::of_table(table, &table.name, location).with_timestamps(digits));
            let files = lake.history().event_files(folder)?;
            plan.tables.push(ExpectedTable { table, rows: rows_in(&files)?, files });
        }
        plan.add_views("history", |_| true)?;
        Ok(plan)
    }

    /// Returns the files and rows of a definition's table, also for the table's second name.
    pub fn written(&self, definition: &Definition) -> Option<&ExpectedTable<'c>> {
        let is = |of: &&ExpectedTable<'_>| [&*of.table.name, of.table.sql_name()].contains(&definition.name.as_str());
        self.tables.iter().find(is)
    }

    fn add_views(&mut self, folder: &str, wanted: impl Fn(&SqlFile) -> bool) -> anyhow::Result<()> {
        let views = SqlFile::folder(folder).with_context(|| format!("the views of sql/{folder}"))?;
        self.definitions.extend(views.iter().filter(|view| wanted(view)).map(Definition::of_view));
        Ok(())
    }

    /// Returns the plan as a script for Trino's command line. Running it again changes nothing.
    ///
    /// # Errors
    /// Fails if a file of `sql/trino` is missing.
    pub fn script(&self, catalog_schema: &str) -> anyhow::Result<String> {
        let schema = SqlFile::load("trino/create_schema")?.with(&[("schema", catalog_schema)]);
        let mut script = format!(
            "-- Written by register-tables: every table and view of the published contract.\n\
             --\n\
             --     trino --file bootstrap_discogs.sql\n\
             --\n\
             -- Nothing is dropped, and running it again changes nothing. register-tables does the same, brings what changed\n\
             -- up to date, and checks what Trino reads against the manifest.\n\n{};\n\nUSE {catalog_schema};\n",
            super::definition::statement(&schema)
        );
        for definition in &self.definitions {
            let statement = definition.create(catalog_schema)?;
            script.push_str(&format!("\n{statement};\n"));
        }
        Ok(script)
    }
}

fn missing_table(run: &Run, table: &Table) -> anyhow::Error {
    Failure::input(format!(
        "run {} holds no {}; a table registered there would make Trino create the folder inside the run",
        run.id(),
        table.name
    ))
    .hint(format!("run {} for a new run, and promote that", table.producer))
    .into()
}
