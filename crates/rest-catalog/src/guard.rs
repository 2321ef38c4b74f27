//! Which namespaces and tables clients may change.

use lake_catalog::{TableMetadata, TableName};

/// The rule by which clients may change namespaces and tables. A refusal is the message that the client receives with
/// `403 ForbiddenException`. Reading is not asked about: a client that may send requests may read every table.
pub trait Guard: Send + Sync + 'static {
    /// Returns why clients may not create, drop or change a namespace, or create, register or rename a table or view in
    /// it.
    ///
    /// # Errors
    /// Returns the reason, one line without a full stop.
    fn namespace(&self, namespace: &str) -> Result<(), String>;

    /// Returns why clients may not commit to a table, drop it or rename it. `metadata` is the current metadata of a
    /// table that exists, and that of a commit that creates a table.
    ///
    /// # Errors
    /// Returns the reason, one line without a full stop.
    fn table(&self, table: &TableName, metadata: &TableMetadata) -> Result<(), String>;

    /// Returns why clients may not set or remove a table property.
    ///
    /// # Errors
    /// Returns the reason, one line without a full stop.
    fn property(&self, key: &str) -> Result<(), String>;

    /// Returns whether the data files of a table may lie elsewhere than in the table's folder, as those of runs do.
    /// Manifests never may.
    fn allows_files_elsewhere(&self, table: &TableName) -> bool {
        let _ = table;
        false
    }
}

/// The guard of a catalog that only the lake's own tasks write to: everything is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Unguarded;

impl Guard for Unguarded {
    fn namespace(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn table(&self, _: &TableName, _: &TableMetadata) -> Result<(), String> {
        Ok(())
    }

    fn property(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn allows_files_elsewhere(&self, _: &TableName) -> bool {
        true
    }
}

/// A guard by names: some namespaces are read-only as a whole, and so are tables with one of the marking properties.
#[derive(Clone, Debug)]
pub struct Protected {
    namespaces: Vec<String>,
    marks: Vec<String>,
}

impl Protected {
    /// Returns the guard of these namespaces, and of the tables with one of these properties, which clients can neither
    /// set nor remove.
    pub fn new(namespaces: &[&str], marks: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Protected { namespaces: owned(namespaces), marks: owned(marks) }
    }
}

impl Guard for Protected {
    fn namespace(&self, namespace: &str) -> Result<(), String> {
        match self.namespaces.iter().any(|read_only| read_only == namespace) {
            true => Err(format!("namespace {namespace} is read-only here: the lake's tasks write it")),
            false => Ok(()),
        }
    }

    fn table(&self, table: &TableName, metadata: &TableMetadata) -> Result<(), String> {
        self.namespace(&table.namespace)?;
        match self.marks.iter().find(|mark| metadata.properties().contains_key(*mark)) {
            Some(mark) => Err(format!("table {table} is read-only here: its property {mark} marks it as the lake's")),
            None => Ok(()),
        }
    }

    fn property(&self, key: &str) -> Result<(), String> {
        match self.marks.iter().any(|mark| mark == key) {
            true => Err(format!("the property {key} belongs to the lake's tasks")),
            false => Ok(()),
        }
    }
}
