//! Tables: listed, loaded, created, registered, renamed and dropped.

use std::collections::HashSet;

use lake_catalog::{Catalog, Error, Session, Table, TableChange, TableName, read_metadata};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::repeated;
use crate::Served;
use crate::error::{Refusal, Result};
use crate::journal::{purge, purged};
use crate::place::{location, owner};
use crate::request::{CreateTable, Page, RegisterTable, RenameTable};

/// A table as a client loads it.
pub(crate) enum Loaded {
    /// The client has this state of the table.
    NotModified { tag: String },
    /// The table.
    Table { tag: String, result: Value },
}

impl Served {
    /// Returns a page of the tables in a namespace, and the token of the next page.
    pub fn tables(&self, namespace: &str, page: &Page) -> Result<(Vec<String>, Option<String>)> {
        let mut catalog = self.read()?;
        self.expect_namespace(&mut catalog, namespace)?;
        Ok(page.of(catalog.tables_in(namespace)?))
    }

    /// Fails if the catalog has no such table.
    pub fn expect_table(&self, table: &TableName) -> Result<()> {
        match self.read()?.metadata_of(table)? {
            Some(_) => Ok(()),
            None => Err(Error::NoTable(table.clone()).into()),
        }
    }

    /// Loads a table, with all snapshots or those that refs name, unless the client has it as it is.
    pub fn load(&self, table: &TableName, refs_only: bool, has: impl Fn(&str) -> bool) -> Result<Loaded> {
        let mut catalog = self.read()?;
        let location = catalog.metadata_of(table)?.ok_or_else(|| Error::NoTable(table.clone()))?;
        let tag = entity_tag(&location, refs_only);
        if has(&tag) {
            return Ok(Loaded::NotModified { tag });
        }
        let loaded = catalog.load(table)?;
        // Another commit may have come in between.
        let tag = entity_tag(loaded.metadata_location(), refs_only);
        Ok(Loaded::Table { tag, result: result(&loaded, refs_only)? })
    }

    /// Creates a table, or returns the metadata of one that the client creates by a commit.
    pub fn create(&self, namespace: &str, request: CreateTable) -> Result<(Option<String>, Value)> {
        let name = TableName::new(namespace, &request.name);
        self.may_change_namespace(namespace)?;
        let _names = self.names();
        let mut catalog = self.write()?;
        self.expect_namespace(&mut catalog, namespace)?;
        if catalog.is_taken(&name)? {
            return Err(Error::TableExists(name).into());
        }
        let others = catalog.metadata_files()?;
        let location = match &request.location {
            Some(given) => location(&self.places.of_table(namespace, given).map_err(Refusal::bad_request)?),
            None => self.places.of_new_table(&name, &others),
        };
        let is_staged = request.is_staged;
        let session = Session::new();
        let change = TableChange::with_metadata(name.clone(), request.metadata(&location)?, session);
        self.check(&change, &others)?;
        if is_staged {
            let metadata = serde_json::to_value(change.after()?).map_err(|error| broken(&name, &error))?;
            return Ok((None, json!({"metadata": metadata, "config": {}})));
        }
        let created = self.make(&mut catalog, vec![change], Catalog::next_time([]), session);
        let created = match created {
            // Another client of the database was faster.
            Err(refusal) if refusal.is_overtaken => return Err(Error::TableExists(name).into()),
            created => created?,
        };
        let table = created.first().ok_or_else(|| broken(&name, &"it was not returned"))?;
        Ok((Some(entity_tag(table.metadata_location(), false)), result(table, false)?))
    }

    /// Adds a table whose metadata file exists.
    pub fn register(&self, namespace: &str, request: &RegisterTable) -> Result<(String, Value)> {
        let name = TableName::new(namespace, &request.name);
        self.may_change_namespace(namespace)?;
        let file = &request.metadata_location;
        let folder = self.places.of_metadata_file(namespace, file).map_err(Refusal::bad_request)?;
        let _names = self.names();
        let mut catalog = self.write()?;
        self.expect_namespace(&mut catalog, namespace)?;
        self.check_unowned(&name, &folder, &catalog.metadata_files()?)?;
        let metadata = read_metadata(file).map_err(|error| {
            let why = Refusal::from(error).message;
            Refusal::bad_request(format!("{file} is no table's metadata: {why}"))
        })?;
        let lies_there = self.places.of_table(namespace, metadata.location()).is_ok_and(|own| own == folder);
        if !lies_there {
            let message = format!("{file} is the metadata of a table at {}", metadata.location());
            return Err(Refusal::bad_request(message));
        }
        // Every snapshot is looked at, as if a commit added it.
        let change = TableChange::with_metadata(name.clone(), metadata, Session::new());
        self.check(&change, &[])?;
        let table = repeated(|| {
            match (catalog.find(&name)?, request.overwrites) {
                (Some(table), true) => {
                    self.guard.table(&name, table.metadata()).map_err(Refusal::forbidden)?;
                    catalog.point(&table, file)?;
                }
                _ if catalog.is_taken(&name)? => return Err(Error::TableExists(name.clone()).into()),
                _ => drop(catalog.register(&name, file)?),
            }
            Ok(catalog.load(&name)?)
        })?;
        Ok((entity_tag(table.metadata_location(), false), result(&table, false)?))
    }

    pub fn rename(&self, request: &RenameTable) -> Result<()> {
        let RenameTable { source, destination } = request;
        self.may_change_namespace(&source.namespace)?;
        self.may_change_namespace(&destination.namespace)?;
        let _names = self.names();
        let mut catalog = self.write()?;
        repeated(|| {
            let table = catalog.load(source)?;
            self.guard.table(source, table.metadata()).map_err(Refusal::forbidden)?;
            Ok(catalog.rename_table(&table, destination)?)
        })
    }

    /// Drops a table; its files as well if they are purged.
    pub fn drop_table(&self, name: &TableName, is_purged: bool) -> Result<()> {
        let _names = self.names();
        let mut catalog = self.write()?;
        let table = repeated(|| {
            let table = catalog.load(name)?;
            self.guard.table(name, table.metadata()).map_err(Refusal::forbidden)?;
            if is_purged {
                self.check_purge(&table)?;
            }
            catalog.drop_table(&table)?;
            Ok(table)
        })?;
        if !is_purged {
            return Ok(());
        }
        let namespace = &name.namespace;
        let folder = self.places.of_table(namespace, table.metadata().location()).map_err(Refusal::bad_request)?;
        // A table that another client of the database has put there since keeps its files.
        match owner(&folder, &catalog.metadata_files()?) {
            None => Ok(purge(&folder, &purged(&self.lake.state))?),
            Some(_) => Ok(()),
        }
    }

    /// Checks that all files in a table's folder are the table's own.
    fn check_purge(&self, table: &Table) -> Result<()> {
        let refused = |why: String| Refusal::bad_request(format!("table {} cannot be purged: {why}", table.name()));
        let metadata = table.metadata();
        let keeps = metadata.properties().get("gc.enabled").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        if keeps {
            return Err(refused(
                "gc.enabled is false, so its files may belong to others; drop it without purge".to_owned(),
            ));
        }
        self.places.of_table(&table.name().namespace, metadata.location()).map(drop).map_err(refused)
    }
}

/// Returns the `LoadTableResult` of a table.
pub(crate) fn result(table: &Table, refs_only: bool) -> Result<Value> {
    let mut metadata = table.metadata_json()?;
    if refs_only {
        let refs = table.refs()?;
        let named: HashSet<i64> = refs.iter().map(|reference| reference.snapshot_id).collect();
        if let Some(snapshots) = metadata["snapshots"].as_array_mut() {
            snapshots.retain(|snapshot| snapshot["snapshot-id"].as_i64().is_some_and(|id| named.contains(&id)));
        }
    }
    Ok(json!({"metadata-location": table.metadata_location(), "metadata": metadata, "config": {}}))
}

/// Returns the `CommitTableResponse` of a table.
pub(crate) fn committed(table: &Table) -> Result<Value> {
    Ok(json!({"metadata-location": table.metadata_location(), "metadata": table.metadata_json()?}))
}

fn broken(table: &TableName, why: &dyn std::fmt::Display) -> Refusal {
    Refusal::broken(&format!("table {table}: {why}"))
}

/// Returns the entity tag of a table: metadata files never change, so their location stands for the contents.
fn entity_tag(location: &str, refs_only: bool) -> String {
    let kind = if refs_only { "refs" } else { "all" };
    let digest = Sha256::digest(format!("{kind} {location}"));
    format!("\"{}\"", hex::encode(&digest[..16]))
}
