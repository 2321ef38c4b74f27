//! The names in a catalog's database: namespaces with their properties, and the tables and views in them.

use std::collections::BTreeMap;

use super::pointers::{Pointers, Row, Statements, Swap};
use super::statement;
use crate::{Error, Result, TableName};

/// The property by which every client of the JDBC schema marks a namespace. Clients of this crate do not see it.
const EXISTS: &str = "exists";

/// The kind of rows that are views; all others are tables.
const VIEW: &str = "VIEW";

/// The names in a database.
pub(crate) struct Names<'p>(pub(super) &'p mut dyn Pointers);

impl Names<'_> {
    /// Returns all namespaces.
    pub fn namespaces(&mut self) -> Result<Vec<String>> {
        let rows = self.0.rows(statement!("namespaces"), &[])?;
        Ok(rows.into_iter().filter_map(first).collect())
    }

    /// Returns the properties of a namespace.
    pub fn namespace(&mut self, namespace: &str) -> Result<BTreeMap<String, String>> {
        properties(namespace, self.0.rows(statement!("namespace"), &[namespace])?)
    }

    /// Creates a namespace with properties.
    pub fn create_namespace(&mut self, namespace: &str, properties: &BTreeMap<String, String>) -> Result<()> {
        self.0.transact(&mut |statements| {
            if !statements.rows(statement!("namespace"), &[namespace])?.is_empty() {
                return Err(Error::NamespaceExists(namespace.to_owned()));
            }
            statements.execute(statement!("insert_namespace"), &[namespace])?;
            set(statements, namespace, properties)
        })
    }

    /// Removes and sets properties of a namespace. Returns the removed keys that the namespace lacks.
    pub fn change_namespace(
        &mut self,
        namespace: &str,
        removals: &[String],
        updates: &BTreeMap<String, String>,
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        self.0.transact(&mut |statements| {
            let found = properties(namespace, statements.rows(statement!("namespace"), &[namespace])?)?;
            missing = removals.iter().filter(|key| !found.contains_key(*key)).cloned().collect();
            // The namespace stays, even without properties.
            statements.execute(statement!("insert_namespace"), &[namespace])?;
            for key in removals.iter().filter(|key| *key != EXISTS) {
                statements.execute(statement!("delete_namespace_property"), &[namespace, key])?;
            }
            set(statements, namespace, updates)
        })?;
        Ok(missing)
    }

    /// Drops a namespace without tables and views.
    pub fn drop_namespace(&mut self, namespace: &str) -> Result<()> {
        self.0.transact(&mut |statements| {
            if !statements.rows(statement!("names_in"), &[namespace])?.is_empty() {
                return Err(Error::NamespaceNotEmpty(namespace.to_owned()));
            }
            match statements.execute(statement!("drop_namespace"), &[namespace])? {
                0 => Err(Error::NoNamespace(namespace.to_owned())),
                _ => Ok(()),
            }
        })
    }

    /// Returns the names of the tables, or of the views, in a namespace, sorted.
    pub fn names_in(&mut self, namespace: &str, views: bool) -> Result<Vec<String>> {
        let rows = self.0.rows(statement!("names_in"), &[namespace])?;
        let of_kind = rows.into_iter().filter(|row| (row.get(1).and_then(Option::as_deref) == Some(VIEW)) == views);
        let mut names: Vec<_> = of_kind.filter_map(first).collect();
        // Databases sort by their locale.
        names.sort();
        Ok(names)
    }

    /// Returns the metadata file of a table.
    pub fn table(&mut self, table: &TableName) -> Result<Option<String>> {
        self.0.table(table)
    }

    /// Returns the metadata file of a view.
    pub fn view(&mut self, view: &TableName) -> Result<Option<String>> {
        let rows = self.0.rows(statement!("view"), &[&view.namespace, &view.name])?;
        Ok(rows.into_iter().find_map(first))
    }

    /// Returns whether a table or a view has the name.
    pub fn is_taken(&mut self, name: &TableName) -> Result<bool> {
        Ok(!self.0.rows(statement!("name_is_taken"), &[&name.namespace, &name.name])?.is_empty())
    }

    /// Points a table to another metadata file.
    pub fn point(&mut self, table: &TableName, expected: &str, new: &str) -> Result<()> {
        self.0.swap(&[Swap { table: table.clone(), expected: Some(expected.to_owned()), new: new.to_owned() }])
    }

    /// Removes a table that still has this metadata file.
    pub fn drop_table(&mut self, table: &TableName, expected: &str) -> Result<()> {
        self.0.transact(&mut |statements| drop_row(statements, table, expected))
    }

    /// Renames a table that still has this metadata file.
    pub fn rename_table(&mut self, table: &TableName, expected: &str, to: &TableName) -> Result<()> {
        self.0.transact(&mut |statements| {
            if statements.rows(statement!("namespace"), &[&to.namespace])?.is_empty() {
                return Err(Error::NoNamespace(to.namespace.clone()));
            }
            if !statements.rows(statement!("name_is_taken"), &[&to.namespace, &to.name])?.is_empty() {
                return Err(Error::TableExists(to.clone()));
            }
            let names = [&to.namespace, &to.name, &table.namespace, &table.name].map(String::as_str);
            let [namespace, name, old_namespace, old_name] = names;
            let copied = [namespace, name, old_namespace, old_name, expected];
            if statements.execute(statement!("rename_table"), &copied)? != 1 {
                return Err(Error::Conflict(table.clone()));
            }
            drop_row(statements, table, expected)
        })
    }
}

fn drop_row(statements: &mut dyn Statements, table: &TableName, expected: &str) -> Result<()> {
    match statements.execute(statement!("drop_table"), &[&table.namespace, &table.name, expected])? {
        1 => Ok(()),
        _ => Err(Error::Conflict(table.clone())),
    }
}

fn set(statements: &mut dyn Statements, namespace: &str, properties: &BTreeMap<String, String>) -> Result<()> {
    for (key, value) in properties.iter().filter(|(key, _)| *key != EXISTS) {
        statements.execute(statement!("set_namespace_property"), &[namespace, key, value])?;
    }
    Ok(())
}

fn properties(namespace: &str, rows: Vec<Row>) -> Result<BTreeMap<String, String>> {
    if rows.is_empty() {
        return Err(Error::NoNamespace(namespace.to_owned()));
    }
    let property = |row: Row| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(key), value]) => Some((key, value.unwrap_or_default())),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(property).filter(|(key, _)| key != EXISTS).collect())
}

fn first(row: Row) -> Option<String> {
    row.into_iter().next().flatten()
}
