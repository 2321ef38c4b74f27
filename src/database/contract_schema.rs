//! The tables of the contract as tables of a database.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use lake_database::{Column, DataType, ForeignKey, Index, Table};

use super::plan::Planned;
use crate::contract::{self, ColumnType, Contract};
use crate::sql::{DuckDb, Engine, SqlFile, quoted};
use digdag_task::Failure;

/// Returns the tables that the mounted run has, under their SQL names.
///
/// # Errors
/// Fails if a table of the run lacks a column of the contract.
pub fn tables(contract: &Contract, engine: &DuckDb) -> anyhow::Result<Vec<Planned>> {
    let mounted = SqlFile::load("databases/mounted")?;
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in engine.rows(&mounted.text, &mounted.path)? {
        if let [Some(table), Some(column)] = row.as_slice() {
            columns.entry(table.clone()).or_default().insert(column.clone());
        }
    }
    let mut tables = Vec::new();
    for table in &contract.tables {
        let Some(there) = columns.get(table.sql_name()) else { continue };
        if let Some(lacks) = table.columns.iter().find(|column| !there.contains(&column.name)) {
            return Err(Failure::input(format!("{} of the run has no column {}", table.name, lacks.name))
                .hint("an older version made it; build that month again in a new run")
                .into());
        }
        tables.push(planned(contract, table)?);
    }
    Ok(tables)
}

fn planned(contract: &Contract, table: &contract::Table) -> anyhow::Result<Planned> {
    let columns = table.columns.iter().map(column).collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let rows = SqlFile::load("databases/contract")?;
    Ok(Planned {
        query: rows.with(&[("columns", &names.join(", ")), ("table", &quoted(table.sql_name()))]),
        also: Some(table.name.clone()),
        ordered: table.ordered || !has_primary_key(table),
        table: Table {
            name: table.sql_name().to_owned(),
            comment: table.row.clone(),
            columns,
            primary_key: if has_primary_key(table) { table.key.clone() } else { Vec::new() },
            foreign_keys: foreign_keys(contract, table)?,
            indexes: indexes(table),
            unique: Vec::new(),
            text_indexes: Vec::new(),
        },
    })
}

/// A key with a column that may be NULL is no primary key.
fn has_primary_key(table: &contract::Table) -> bool {
    let not_null = |name: &String| table.column(name).is_some_and(|column| column.not_null);
    !table.key.is_empty() && table.key.iter().all(not_null)
}

fn column(column: &contract::Column) -> anyhow::Result<Column> {
    let data_type = match column.data_type {
        ColumnType::Bigint => DataType::Bigint,
        ColumnType::Integer => DataType::Integer,
        ColumnType::Varchar => DataType::Text,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Timestamp => {
            None.with_context(|| format!("no table of a run has a TIMESTAMP, as {}", column.name))?
        }
    };
    Ok(Column { name: column.name.clone(), data_type, not_null: column.not_null, comment: column.description.clone() })
}

/// Returns the references to whole primary keys, of which the data may contradict some.
fn foreign_keys(contract: &Contract, table: &contract::Table) -> anyhow::Result<Vec<ForeignKey>> {
    let mut keys = Vec::new();
    for (column, relationship) in table.relationships() {
        let other = contract.table(&relationship.to)?;
        if other.key == [relationship.field.clone()] {
            keys.push(ForeignKey {
                columns: vec![column.name.clone()],
                table: other.sql_name().to_owned(),
                fields: vec![relationship.field.clone()],
            });
        }
    }
    for reference in &table.references {
        let other = contract.table(&reference.to)?;
        keys.push(ForeignKey {
            columns: reference.columns.clone(),
            table: other.sql_name().to_owned(),
            fields: other.key.clone(),
        });
    }
    Ok(keys)
}

/// Returns an index for each reference and for each column in which people look up single values, unless the primary
/// key begins with it; and the key if it cannot be the primary key.
fn indexes(table: &contract::Table) -> Vec<Index> {
    let first = table.key.first().filter(|_| has_primary_key(table));
    let looked_up = |column: &&contract::Column| column.relationships.is_some() || column.bloom_filter;
    let columns = table.columns.iter().filter(looked_up).filter(|column| first != Some(&column.name));
    let mut indexes: Vec<Index> =
        columns.map(|column| Index { columns: vec![column.name.clone()], long_values: false }).collect();
    if !has_primary_key(table) && table.key.len() > 1 {
        indexes.push(Index { columns: table.key.clone(), long_values: false });
    }
    indexes
}
