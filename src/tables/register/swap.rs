//! The replacement of a table. Trino's Hive catalog can neither `CREATE OR REPLACE TABLE` nor move an existing table
//! (tried with 476), so the new table is created beside the old one and both are renamed.
//!
//! ```text
//! t           t + t__next     t__before + t__next     t__before + t     t
//!   CREATE, read      RENAME                 RENAME             DROP
//! ```
//!
//! Signals are held between the two renames. After a kill there, the next registration finishes the swap.

use std::collections::BTreeSet;

use super::create::create_verified;
use super::definition::Definition;
use super::schema::Schema;
use super::verify::ExpectedTable;
use digdag_task::stop;

const NEXT: &str = "__next";
const BEFORE: &str = "__before";

/// Replaces a table, if Trino reads the rows that were written in the new one.
///
/// # Errors
/// Fails with Trino's error, or if Trino reads other rows than were written; the old table then stays.
pub fn swap(schema: &Schema, wanted: &Definition, written: Option<&ExpectedTable<'_>>) -> anyhow::Result<()> {
    let (table, before) = (&wanted.name, format!("{}{BEFORE}", wanted.name));
    let next = Definition { name: format!("{table}{NEXT}"), ..wanted.clone() };
    create_verified(schema, &next, written)?;
    let whole = stop::hold();
    schema.rename(table, &before)?;
    if let Err(error) = schema.rename(&next.name, table) {
        schema.rename(&before, table)?;
        return Err(error);
    }
    drop(whole);
    schema.drop_table(&before)
}

/// Refuses a swap if a table or view of another origin has one of its temporary names.
///
/// # Errors
/// Fails if there is such a table or view.
pub fn refuse_foreign_names(schema: &Schema, table: &str) -> anyhow::Result<()> {
    for name in [NEXT, BEFORE].map(|ending| format!("{table}{ending}")) {
        if schema.relations.get(&name).is_some_and(|relation| relation.is_view || !relation.is_ours()) {
            return Err(schema.foreign(&name));
        }
    }
    Ok(())
}

/// Finishes interrupted swaps, or drops their temporary tables. Returns whether there were any.
///
/// # Errors
/// Fails with Trino's error.
pub fn finish_swaps(schema: &mut Schema) -> anyhow::Result<bool> {
    let unfinished = unfinished(schema);
    for table in &unfinished {
        let left = [NEXT, BEFORE].map(|ending| format!("{table}{ending}"));
        let mut left = left.iter().filter(|name| is_left(schema, name));
        if !schema.relations.contains_key(table)
            && let Some(name) = left.next()
        {
            schema.rename(name, table)?;
        }
        left.try_for_each(|name| schema.drop_table(name))?;
    }
    if !unfinished.is_empty() {
        schema.look()?;
    }
    Ok(!unfinished.is_empty())
}

/// Returns the tables with an interrupted swap.
pub fn unfinished(schema: &Schema) -> BTreeSet<String> {
    let names = schema.relations.keys().filter(|name| is_left(schema, name));
    let table = |name: &String| name.strip_suffix(NEXT).or_else(|| name.strip_suffix(BEFORE)).map(str::to_owned);
    names.filter_map(table).collect()
}

fn is_left(schema: &Schema, name: &str) -> bool {
    let ours = schema.relations.get(name).is_some_and(|relation| !relation.is_view && relation.is_ours());
    ours && (name.ends_with(NEXT) || name.ends_with(BEFORE))
}
