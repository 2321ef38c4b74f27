//! The plan of an export: the tables of a schema, each with its definition and the query that returns its rows.

use lake_database::Table;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::lake::sha256_of_bytes;
use crate::sql::{DuckDb, Engine, SqlFile, quoted};
use digdag_task::Failure;

use super::{contract_schema, ready_schema};

/// A schema that can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaName {
    /// The tables and columns of sql/contract.yml
    Contract,
    /// The tables and columns that discogs-xml2db creates
    #[value(name = "discogs-xml2db")]
    #[serde(rename = "discogs-xml2db")]
    DiscogsXml2db,
}

/// A table to export.
pub struct Planned {
    /// The definition. Its foreign keys are candidates until they were compared with the data.
    pub table: Table,
    /// A further name that `--tables` accepts.
    pub also: Option<String>,
    /// The query over the tables of the run.
    pub query: String,
    /// Whether the rows come in the order of the primary key.
    pub ordered: bool,
}

/// The tables to export, in the order of the schema.
pub struct Plan {
    pub tables: Vec<Planned>,
}

impl Plan {
    /// Plans the named tables of a schema, or all of them, and creates their views in an engine with a mounted run.
    ///
    /// # Errors
    /// Fails if the schema has no table of a name, or the run lacks what a table is made of.
    pub fn new(engine: &DuckDb, schema: SchemaName, names: &[String]) -> anyhow::Result<Self> {
        let mut tables = match schema {
            SchemaName::Contract => contract_schema::tables(&Contract::load()?, engine)?,
            SchemaName::DiscogsXml2db => ready_schema::tables(schema)?,
        };
        let is_named =
            |planned: &Planned, name: &String| planned.table.name == *name || planned.also.as_ref() == Some(name);
        if let Some(unknown) = names.iter().find(|name| !tables.iter().any(|planned| is_named(planned, name))) {
            let known: Vec<&str> = tables.iter().map(|planned| planned.table.name.as_str()).collect();
            return Err(Failure::parameters(format!(
                "parameter tables: the run has no table {unknown} in this schema"
            ))
            .hint(format!("the tables are {}", known.join(", ")))
            .into());
        }
        if !names.is_empty() {
            tables.retain(|planned| names.iter().any(|name| is_named(planned, name)));
        }
        let there: Vec<String> = tables.iter().map(|planned| planned.table.name.clone()).collect();
        engine.execute_file("databases/create_views")?;
        let view = SqlFile::load("databases/view")?;
        for planned in &mut tables {
            planned.table.foreign_keys.retain(|key| there.contains(&key.table));
            let name = quoted(&planned.table.name);
            engine.execute(&view.with(&[("name", &name), ("query", &planned.query)]), &view.path)?;
        }
        Ok(Plan { tables })
    }

    /// Returns a digest of every definition and query, which tells exports of other versions apart.
    pub fn digest(&self) -> String {
        let text: Vec<String> =
            self.tables.iter().map(|planned| format!("{:?} {}", planned.table, planned.query)).collect();
        sha256_of_bytes(text.join("\n").as_bytes())[..16].to_owned()
    }
}

impl Planned {
    /// Returns the query for the rows, in the order of the primary key if `sorted` is set.
    pub fn select(&self, sorted: bool) -> anyhow::Result<(String, String)> {
        let file = SqlFile::load(if sorted && !self.ordered && !self.table.primary_key.is_empty() {
            "databases/sorted"
        } else {
            "databases/rows"
        })?;
        let columns: Vec<String> = self.table.columns.iter().map(|column| quoted(&column.name)).collect();
        let key: Vec<String> = self.table.primary_key.iter().map(|name| quoted(name)).collect();
        let places = [("columns", columns.join(", ")), ("table", quoted(&self.table.name)), ("key", key.join(", "))];
        Ok((file.with(&places.each_ref().map(|(place, value)| (*place, value.as_str()))), file.path))
    }

    /// Returns the number of rows.
    pub fn count(&self, engine: &DuckDb) -> anyhow::Result<u64> {
        let file = SqlFile::load("databases/count")?;
        number(engine, &file.with(&[("table", &quoted(&self.table.name))]), &file.path)
    }
}

/// Returns the only value of a query.
pub fn number(engine: &DuckDb, sql: &str, origin: &str) -> anyhow::Result<u64> {
    let rows = engine.rows(sql, origin)?;
    let value = rows.into_iter().flatten().flatten().next();
    Ok(value.map(|value| value.parse()).transpose()?.unwrap_or(0))
}
