//! Namespaces, and the names of tables and views, of a catalog in a database. A REST server has endpoints for them itself,
//! so each of these functions fails with [`crate::Error::NoDatabase`] for its catalog.

use std::collections::BTreeMap;

use crate::{Catalog, Result, Table, TableName};

impl Catalog {
    /// Returns all namespaces: those with properties, and those that hold a table or a view.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn namespaces(&mut self) -> Result<Vec<String>> {
        self.backend.database()?.namespaces()
    }

    /// Returns the properties of a namespace.
    ///
    /// # Errors
    /// Fails with [`crate::Error::NoNamespace`], or if the database cannot be read.
    pub fn namespace(&mut self, namespace: &str) -> Result<BTreeMap<String, String>> {
        self.backend.database()?.namespace(namespace)
    }

    /// Creates a namespace with properties.
    ///
    /// # Errors
    /// Fails with [`crate::Error::NamespaceExists`], or if the database cannot be written.
    pub fn create_namespace(&mut self, namespace: &str, properties: &BTreeMap<String, String>) -> Result<()> {
        self.backend.database()?.create_namespace(namespace, properties)
    }

    /// Removes and sets properties of a namespace. Returns the keys to remove that the namespace lacks.
    ///
    /// # Errors
    /// Fails with [`crate::Error::NoNamespace`], or if the database cannot be written.
    pub fn change_namespace(
        &mut self,
        namespace: &str,
        removals: &[String],
        updates: &BTreeMap<String, String>,
    ) -> Result<Vec<String>> {
        self.backend.database()?.change_namespace(namespace, removals, updates)
    }

    /// Drops a namespace.
    ///
    /// # Errors
    /// Fails with [`crate::Error::NamespaceNotEmpty`] if it holds a table or a view, with [`crate::Error::NoNamespace`],
    /// or if the database cannot be written.
    pub fn drop_namespace(&mut self, namespace: &str) -> Result<()> {
        self.backend.database()?.drop_namespace(namespace)
    }

    /// Returns the names of the tables in a namespace, sorted.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn tables_in(&mut self, namespace: &str) -> Result<Vec<String>> {
        self.backend.database()?.names_in(namespace, false)
    }

    /// Returns the names of the views in a namespace, sorted.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn views_in(&mut self, namespace: &str) -> Result<Vec<String>> {
        self.backend.database()?.names_in(namespace, true)
    }

    /// Returns the location of a table's metadata file without reading it, or `None` if the catalog has no such table.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn metadata_of(&mut self, table: &TableName) -> Result<Option<String>> {
        self.backend.database()?.table(table)
    }

    /// Returns the location of a view's metadata file, or `None` if the catalog has no such view.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn metadata_of_view(&mut self, view: &TableName) -> Result<Option<String>> {
        self.backend.database()?.view(view)
    }

    /// Returns the location of every table's metadata file, as of one instant.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn metadata_files(&mut self) -> Result<Vec<(TableName, String)>> {
        self.backend.pointers()
    }

    /// Returns whether a table or a view has the name.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn is_taken(&mut self, name: &TableName) -> Result<bool> {
        self.backend.database()?.is_taken(name)
    }

    /// Points a loaded table to another metadata file, which exists.
    ///
    /// # Errors
    /// Fails with [`crate::Error::Conflict`] if the table has changed since it was loaded.
    pub fn point(&mut self, table: &Table, location: &str) -> Result<()> {
        self.backend.database()?.point(&table.name, &table.location, location)
    }

    /// Removes a loaded table from the catalog. Its files stay.
    ///
    /// # Errors
    /// Fails with [`crate::Error::Conflict`] if the table has changed since it was loaded.
    pub fn drop_table(&mut self, table: &Table) -> Result<()> {
        self.backend.database()?.drop_table(&table.name, &table.location)
    }

    /// Renames a loaded table. Its files stay in their place.
    ///
    /// # Errors
    /// Fails with [`crate::Error::Conflict`] if the table has changed since it was loaded, and with
    /// [`crate::Error::TableExists`] or [`crate::Error::NoNamespace`] because of the new name.
    pub fn rename_table(&mut self, table: &Table, to: &TableName) -> Result<()> {
        self.backend.database()?.rename_table(&table.name, &table.location, to)
    }
}
