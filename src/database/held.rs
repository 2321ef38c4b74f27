//! Rules that the data allows: the references that hold for every row, and the values that are short enough for a B-tree.

use lake_database::{ForeignKey, Table};
use serde::Serialize;

use super::plan::{Plan, number};
use crate::sql::{DuckDb, SqlFile, quoted};

/// The longest text in bytes that is indexed by a B-tree of Postgres, whose limit is a third of a page of 8 KiB.
const LONGEST_IN_A_TREE: u64 = 2000;

/// A reference that does not hold, so that it is no foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotHeld {
    /// The table and its columns.
    pub reference: String,
    /// The table and the columns that they refer to.
    pub to: String,
    /// The rows whose reference leads nowhere.
    pub rows: u64,
}

/// Removes the foreign keys that do not hold from a plan, and returns them.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn keep_held(plan: &mut Plan, engine: &DuckDb) -> anyhow::Result<Vec<NotHeld>> {
    let mut not_held = Vec::new();
    for planned in &mut plan.tables {
        let mut held = Vec::new();
        for key in std::mem::take(&mut planned.table.foreign_keys) {
            match orphans(&planned.table, &key, engine)? {
                0 => held.push(key),
                rows => not_held.push(NotHeld {
                    reference: format!("{}.{}", planned.table.name, key.columns.join(", ")),
                    to: format!("{}.{}", key.table, key.fields.join(", ")),
                    rows,
                }),
            }
        }
        planned.table.foreign_keys = held;
    }
    Ok(not_held)
}

fn orphans(table: &Table, key: &ForeignKey, engine: &DuckDb) -> anyhow::Result<u64> {
    let file = SqlFile::load("databases/orphans")?;
    let given: Vec<String> = key.columns.iter().map(|column| format!("child.{} IS NOT NULL", quoted(column))).collect();
    let pairs = key.columns.iter().zip(&key.fields);
    let agrees: Vec<String> =
        pairs.map(|(column, field)| format!("parent.{} = child.{}", quoted(field), quoted(column))).collect();
    let places = [
        ("table", quoted(&table.name)),
        ("other", quoted(&key.table)),
        ("given", given.join(" AND ")),
        ("agrees", agrees.join(" AND ")),
    ];
    number(engine, &file.with(&places.each_ref().map(|(place, value)| (*place, value.as_str()))), &file.path)
}

/// Marks the indexes of a plan whose values are too long for a B-tree.
///
/// # Errors
/// Fails with DuckDB's error.
pub fn mark_long_values(plan: &mut Plan, engine: &DuckDb) -> anyhow::Result<()> {
    let file = SqlFile::load("databases/longest")?;
    for planned in &mut plan.tables {
        let table = &mut planned.table;
        for index in &mut table.indexes {
            let [name] = index.columns.as_slice() else { continue };
            let is_text = table
                .columns
                .iter()
                .any(|column| column.name == *name && column.data_type == lake_database::DataType::Text);
            if is_text {
                let sql = file.with(&[("column", &quoted(name)), ("table", &quoted(&table.name))]);
                index.long_values = number(engine, &sql, &file.path)? > LONGEST_IN_A_TREE;
            }
        }
    }
    Ok(())
}
