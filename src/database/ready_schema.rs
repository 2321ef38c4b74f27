//! A schema with the names of another program's tables and columns: `sql/databases/<schema>.yml`, and for each table
//! the query `sql/databases/<schema>/<table>.sql` over the tables of a run.

use anyhow::Context;
use lake_database::{Column, DataType, ForeignKey, Index, Table};
use serde::Deserialize;

use super::plan::{Planned, SchemaName};
use crate::sql::{SqlFile, quoted};

const DISCOGS_XML2DB: &str = include_str!("../../sql/databases/discogs-xml2db.yml");

/// The file of a schema, whose comments define its words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadySchema {
    tables: Vec<ReadyTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadyTable {
    name: String,
    comment: String,
    #[serde(default)]
    key: Vec<String>,
    columns: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    unique: Vec<String>,
    #[serde(default)]
    indexes: Vec<String>,
    #[serde(default)]
    text_indexes: Vec<String>,
}

/// Returns the tables of a schema.
///
/// # Errors
/// Fails if the file of the schema contradicts itself.
pub fn tables(schema: SchemaName) -> anyhow::Result<Vec<Planned>> {
    let (folder, text) = match schema {
        SchemaName::DiscogsXml2db => ("databases/discogs-xml2db", DISCOGS_XML2DB),
        SchemaName::Contract => anyhow::bail!("the contract is no ready schema"),
    };
    let ready: ReadySchema = serde_yaml::from_str(text).with_context(|| format!("sql/{folder}.yml"))?;
    ready.tables.into_iter().map(|table| planned(folder, table)).collect()
}

fn planned(folder: &str, ready: ReadyTable) -> anyhow::Result<Planned> {
    let columns = ready.columns.iter().map(|line| column(line)).collect::<anyhow::Result<Vec<_>>>()?;
    let rows = SqlFile::load(&format!("{folder}/{}", ready.name))?;
    let cast = |column: &Column| format!("CAST({0} AS {1}) AS {0}", quoted(&column.name), in_duckdb(column.data_type));
    let casts: Vec<String> = columns.iter().map(cast).collect();
    let typed = SqlFile::load("databases/typed")?;
    let index = |name: &String| Index { columns: vec![name.clone()], long_values: false };
    Ok(Planned {
        query: typed.with(&[("columns", &casts.join(", ")), ("query", &rows.text)]),
        also: None,
        ordered: false,
        table: Table {
            foreign_keys: ready.references.iter().map(|line| reference(line)).collect::<anyhow::Result<_>>()?,
            unique: ready.unique.into_iter().map(|name| vec![name]).collect(),
            indexes: ready.indexes.iter().map(index).collect(),
            text_indexes: ready.text_indexes,
            name: ready.name,
            comment: ready.comment,
            columns,
            primary_key: ready.key,
        },
    })
}

/// Reads a column: its name, its type, and perhaps `NOT NULL`.
fn column(line: &str) -> anyhow::Result<Column> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, data_type) = match words.as_slice() {
        [name, data_type] | [name, data_type, "NOT", "NULL"] => (*name, *data_type),
        _ => anyhow::bail!("{line:?} is no column"),
    };
    let data_type = match data_type {
        "INTEGER" => DataType::Integer,
        "TEXT" => DataType::Text,
        "BOOLEAN" => DataType::Boolean,
        "NUMERIC" => DataType::Numeric,
        _ => anyhow::bail!("{line:?} has no type of this file"),
    };
    Ok(Column { name: name.to_owned(), data_type, not_null: words.len() == 4, comment: String::new() })
}

/// Reads a reference: `column -> table.field`.
fn reference(line: &str) -> anyhow::Result<ForeignKey> {
    let parts = line.split_once(" -> ").and_then(|(column, to)| Some((column, to.split_once('.')?)));
    let (column, (table, field)) = parts.with_context(|| format!("{line:?} is no reference"))?;
    Ok(ForeignKey { columns: vec![column.to_owned()], table: table.to_owned(), fields: vec![field.to_owned()] })
}

fn in_duckdb(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Bigint => "BIGINT",
        DataType::Integer => "INTEGER",
        // The digits of a number of any length.
        DataType::Text | DataType::Numeric => "VARCHAR",
        DataType::Boolean => "BOOLEAN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_file_reads() {
        assert_eq!(tables(SchemaName::DiscogsXml2db).expect("the file is right").len(), 27);
    }
}
