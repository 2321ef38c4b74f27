//! Contradictions in a contract.
//!
//! The YAML reader reports syntax errors, unknown keys and wrong types with line and column. This module checks the
//! contract that was read and records the path of the offending value (`located.rs`).

use std::collections::BTreeSet;

use super::located::LocatedError;
use super::{Column, Contract, Environment, Expectation, Reference, Relationship, Table};

/// Returns the first contradiction of a contract.
pub fn first_error(contract: &Contract) -> Option<LocatedError> {
    in_contract(contract).err()
}

fn in_contract(contract: &Contract) -> Result<(), LocatedError> {
    for (index, table) in contract.tables.iter().enumerate() {
        let twice = contract.tables[..index].iter().any(|other| other.name == table.name);
        in_table(contract, table, twice).map_err(|error| error.at("tables", index))?;
    }
    for (index, anomaly) in contract.anomalies.iter().enumerate() {
        if contract.table(&anomaly.of).is_err() {
            let what = format!("anomaly {} is of {}, which is not a table", anomaly.name, anomaly.of);
            return Err(LocatedError::new(what).under("of").at("anomalies", index));
        }
        in_expectation(&anomaly.expect).map_err(|error| error.under("expect").at("anomalies", index))?;
    }
    for (name, environment) in &contract.environments {
        in_environment(contract, name, environment).map_err(|error| error.under(name).under("environments"))?;
    }
    Ok(())
}

fn in_environment(contract: &Contract, name: &str, environment: &Environment) -> Result<(), LocatedError> {
    match environment.minimum_rows_of.keys().find(|table| contract.table(table).is_err()) {
        None => Ok(()),
        Some(table) => Err(LocatedError::new(format!("environment {name} names {table}, which is not a table"))
            .under(table)
            .under("minimum_rows_of")),
    }
}

fn in_table(contract: &Contract, table: &Table, twice: bool) -> Result<(), LocatedError> {
    if twice {
        return Err(LocatedError::new(format!("table {} stands twice", table.name)).under("name"));
    }
    for (word, name) in [("name", table.name.as_str()), ("sql_name", table.sql_name())] {
        if !is_plain(name) {
            return Err(LocatedError::new(format!("{name:?} is not a table's name: use a-z, 0-9 and _")).under(word));
        }
    }
    if table.row_group_rows == 0 || table.columns.is_empty() {
        let what = format!("table {} needs columns and row_group_rows above 0", table.name);
        return Err(LocatedError::new(what).under("row_group_rows"));
    }
    if let Some(index) = table.key.iter().position(|name| table.column(name).is_none()) {
        let what = format!("the key of {} names {}, which is not a column", table.name, table.key[index]);
        return Err(LocatedError::new(what).at("key", index));
    }
    for (index, reference) in table.references.iter().enumerate() {
        in_reference(contract, table, reference).map_err(|error| error.at("references", index))?;
    }
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (index, column) in table.columns.iter().enumerate() {
        let twice = !names.insert(&column.name);
        if !column.id.is_some_and(|id| id > 0 && ids.insert(id)) {
            let next = table.columns.iter().filter_map(|column| column.id).max().unwrap_or(0) + 1;
            let what = format!("column {} of {} needs an id of its own, as {next}", column.name, table.name);
            return Err(LocatedError::new(what).at("columns", index));
        }
        in_column(contract, table, column, twice).map_err(|error| error.at("columns", index))?;
    }
    Ok(())
}

fn in_reference(contract: &Contract, table: &Table, reference: &Reference) -> Result<(), LocatedError> {
    let Ok(target) = contract.table(&reference.to) else {
        let what = format!("{} refers to {}, which is not a table", table.name, reference.to);
        return Err(LocatedError::new(what).under("to"));
    };
    if target.key.len() != reference.columns.len() {
        let (count, columns) = (target.key.len(), reference.columns.join(", "));
        let what = format!("{} refers to {} by {columns}, but its key has {count} columns", table.name, target.name);
        return Err(LocatedError::new(what).at("columns", 0));
    }
    let type_of = |table: &Table, name: &String| table.column(name).map(|column| column.data_type);
    for (index, (column, field)) in reference.columns.iter().zip(&target.key).enumerate() {
        if type_of(table, column).is_none() || type_of(table, column) != type_of(target, field) {
            let what =
                format!("{}.{column} refers to {}.{field}, which is not a column of its type", table.name, target.name);
            return Err(LocatedError::new(what).at("columns", index));
        }
    }
    Ok(())
}

fn in_column(contract: &Contract, table: &Table, column: &Column, twice: bool) -> Result<(), LocatedError> {
    if twice || !is_plain(&column.name) {
        let what = format!("column {:?} of {} is misnamed or stands twice", column.name, table.name);
        return Err(LocatedError::new(what).under("name"));
    }
    if let Some(relationship) = &column.relationships {
        in_relationship(contract, table, column, relationship).map_err(|error| error.under("relationships"))?;
    }
    if let Some(joined) = &column.joined {
        let parts = contract.table(&joined.from).ok();
        let keyed = parts.is_some_and(|parts| table.key.len() == 1 && parts.column(&table.key[0]).is_some());
        if !keyed || parts.and_then(|parts| parts.column(&joined.column)).is_none() {
            let what = format!(
                "{}.{} is joined of {}.{}, which is not a column beside the key of {0}",
                table.name, column.name, joined.from, joined.column
            );
            return Err(LocatedError::new(what).under("joined"));
        }
    }
    if let Some(accepted) = &column.accepted_values {
        in_expectation(&accepted.expect).map_err(|error| error.under("expect").under("accepted_values"))?;
    }
    let Some(nulls) = &column.nulls else { return Ok(()) };
    if column.not_null {
        let what = format!("{}.{} is not_null, so nulls cannot apply", table.name, column.name);
        return Err(LocatedError::new(what).under("nulls"));
    }
    in_expectation(nulls).map_err(|error| error.under("nulls"))
}

fn in_expectation(expectation: &Expectation) -> Result<(), LocatedError> {
    match expectation.contradiction() {
        Some((field, what)) => Err(LocatedError::new(what).under(field)),
        None => Ok(()),
    }
}

fn in_relationship(
    contract: &Contract,
    table: &Table,
    column: &Column,
    relationship: &Relationship,
) -> Result<(), LocatedError> {
    let target = contract.table(&relationship.to).ok();
    let field = target.and_then(|table| table.column(&relationship.field));
    if field.is_none_or(|field| field.data_type != column.data_type) {
        let what = format!(
            "{}.{} refers to {}.{}, which is not a column of its type",
            table.name, column.name, relationship.to, relationship.field
        );
        return Err(LocatedError::new(what).under("to"));
    }
    in_expectation(&relationship.expect).map_err(|error| error.under("expect"))?;
    in_expectation(&relationship.name_expect).map_err(|error| error.under("name_expect"))?;
    match &relationship.name {
        Some(name) if table.column(name).is_none() || target.and_then(|table| table.column("name")).is_none() => {
            let what = format!("{}.{name} and {}.name are not both columns", table.name, relationship.to);
            Err(LocatedError::new(what).under("name"))
        }
        _ => Ok(()),
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
