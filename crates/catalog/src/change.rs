//! The change of a table in a commit: schemas, snapshots, refs and properties.

use std::path::PathBuf;
use std::sync::Arc;

use iceberg::spec::{
    SchemaRef, SnapshotReference, SnapshotRetention, TableMetadata, TableMetadataBuildResult, TableMetadataBuilder,
};

use crate::alter::{NAME_MAPPING, altered, mapped};
use crate::files::Files;
use crate::metadata::UNSORTED;
use crate::schema::{evolve, name_mapping};
use crate::snapshot::Writing;
use crate::{Alteration, Column, Error, NewSnapshot, NewTable, Result, Session, Table, TableName, metadata, snapshot};

/// A change of one table in a commit. Readers see none of it before [`crate::Catalog::commit`].
#[derive(Debug)]
pub struct TableChange {
    pub(crate) name: TableName,
    /// The metadata file that the table must still have; `None` for a table that must not exist yet.
    pub(crate) expected: Option<String>,
    pub(crate) base: TableMetadata,
    pub(crate) builder: TableMetadataBuilder,
    /// Files written for this change. No metadata names them unless the change is committed.
    pub(crate) written: Vec<PathBuf>,
    /// The session whose id is in the names of these files.
    pub(crate) session: Session,
    pub(crate) files: Files,
    /// Whether the commit only requires that the table is as it was loaded.
    pub(crate) holds: bool,
    schemas: Vec<SchemaRef>,
}

/// The branch that readers get by default.
pub(crate) const MAIN: &str = "main";

impl TableChange {
    /// Starts a change of a loaded table.
    pub fn of(table: &Table) -> Self {
        let (location, metadata) = (Some(table.location.clone()), table.metadata.clone());
        TableChange::begin(table.name.clone(), location, metadata, table.session, table.files.clone())
    }

    /// Starts the creation of a table in a local folder, in the session of a catalog.
    ///
    /// # Errors
    /// Fails if the columns are not a valid schema.
    pub fn create(new: &NewTable, session: Session) -> Result<Self> {
        TableChange::create_with(Files::default(), new, session)
    }

    /// Like [`TableChange::create`], in a folder that these files reach.
    pub(crate) fn create_with(files: Files, new: &NewTable, session: Session) -> Result<Self> {
        Ok(TableChange::begin(new.name.clone(), None, metadata::create(new)?, session, files))
    }

    /// Starts the creation of a local table with this metadata, in the session of a commit.
    pub fn with_metadata(name: TableName, metadata: TableMetadata, session: Session) -> Self {
        TableChange::begin(name, None, metadata, session, Files::default())
    }

    pub(crate) fn begin(
        name: TableName,
        expected: Option<String>,
        base: TableMetadata,
        session: Session,
        files: Files,
    ) -> Self {
        let builder = metadata::not_ahead(&base).unwrap_or_else(|| base.clone()).into_builder(expected.clone());
        let schemas = base.schemas_iter().cloned().collect();
        TableChange { name, expected, base, builder, written: Vec::new(), session, files, holds: false, schemas }
    }

    /// Returns the table's name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// Returns the metadata of the table before this change, or `None` if this change creates the table.
    pub fn before(&self) -> Option<&TableMetadata> {
        self.expected.is_some().then_some(&self.base)
    }

    /// Returns the metadata of the table after this change, with times that the commit replaces.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn after(&self) -> Result<TableMetadata> {
        self.build().map(|built| built.metadata)
    }

    /// Returns whether a commit of this change only requires that the table is as it was loaded.
    pub fn is_hold(&self) -> bool {
        self.holds
    }

    /// Returns the location of the metadata file that a commit of this change writes, or `None` if it writes none, because
    /// the change only holds the table.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn metadata_file(&self) -> Result<Option<String>> {
        if self.holds {
            return Ok(None);
        }
        let after = self.after()?;
        Ok(Some(metadata::next_location(after.location(), self.expected.as_deref(), self.session)))
    }

    /// Adds a schema of these columns, unless the table has it, and returns its id. The current schema is unchanged.
    ///
    /// # Errors
    /// Fails with [`Error::Evolution`], which names the table and the column, if Iceberg does not allow the change.
    pub fn schema(&mut self, columns: &[Column]) -> Result<i32> {
        let added = match evolve(&self.name, &self.base, columns)? {
            Ok(id) => return Ok(id),
            Err(schema) => schema,
        };
        let id = added.schema_id();
        self.apply(|builder| builder.add_schema(added.clone()))?;
        self.schemas.push(Arc::new(added));
        let mapping = name_mapping(self.schemas.iter().map(|schema| &**schema));
        let properties = [(NAME_MAPPING.to_owned(), mapping)].into();
        self.apply(|builder| builder.set_properties(properties))?;
        Ok(id)
    }

    /// Changes columns of the current schema as this change leaves it, and makes the result current. Files and older snapshots stay as they are.
    ///
    /// # Errors
    /// Fails with [`Error::Evolution`], which names the table and the column, if Iceberg does not allow an alteration.
    pub fn alter(&mut self, alterations: &[Alteration]) -> Result<()> {
        let so_far = self.build()?.metadata;
        let schema = altered(&self.name, &so_far, alterations)?;
        if let Some(mapping) = mapped(&so_far, &schema) {
            self.set_properties(&[(NAME_MAPPING, &mapping)])?;
        }
        self.apply(|builder| builder.add_current_schema(schema))
    }

    /// Returns the columns of the current schema as this change leaves them, each with its type, in order.
    pub fn current_columns(&self) -> Vec<String> {
        let schema = self.builder.clone().build().map(|built| built.metadata.current_schema().clone());
        let fields = schema.iter().flat_map(|schema| schema.as_struct().fields());
        fields.map(|field| format!("{} {}", field.name, field.field_type)).collect()
    }

    /// Returns a schema of the table, or one that this change added.
    ///
    /// # Errors
    /// Fails if there is no schema of this id.
    pub fn schema_by_id(&self, id: i32) -> Result<SchemaRef> {
        let found = self.schemas.iter().find(|schema| schema.schema_id() == id);
        found.cloned().ok_or_else(|| Error::NoSnapshot(self.name.clone(), format!("schema {id}")))
    }

    /// Adds a snapshot and returns its id. Readers do not find it until a ref names it.
    ///
    /// # Errors
    /// Fails if its files cannot be written.
    pub fn add_snapshot(&mut self, schema_id: i32, new: NewSnapshot) -> Result<i64> {
        let schema = self.schema_by_id(schema_id)?;
        self.files.make_folders(&snapshot::folder(&self.base))?;
        let mut writing = Writing {
            table: &self.name.to_string(),
            files: &self.files,
            session: self.session,
            written: &mut self.written,
        };
        let snapshot = snapshot::write(&self.base, schema, new, &mut writing)?;
        let id = snapshot.snapshot_id();
        self.apply(|builder| builder.add_snapshot(snapshot))?;
        Ok(id)
    }

    /// Tags a snapshot. No engine's expiry removes a tagged snapshot.
    ///
    /// # Errors
    /// Fails if the table has no such snapshot.
    pub fn set_tag(&mut self, tag: &str, snapshot_id: i64) -> Result<()> {
        let retention = SnapshotRetention::Tag { max_ref_age_ms: None };
        self.apply(|builder| builder.set_ref(tag, SnapshotReference::new(snapshot_id, retention)))
    }

    /// Like [`TableChange::set_tag`], but leaves an existing tag unchanged.
    ///
    /// # Errors
    /// Fails if the table has no such snapshot.
    pub fn set_tag_if_missing(&mut self, tag: &str, snapshot_id: i64) -> Result<()> {
        match self.base.snapshot_for_ref(tag) {
            Some(_) => Ok(()),
            None => self.set_tag(tag, snapshot_id),
        }
    }

    /// Removes a tag or a branch.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn remove_ref(&mut self, name: &str) -> Result<()> {
        self.apply(|builder| Ok(builder.remove_ref(name)))
    }

    /// Removes snapshots, and the refs that name them. The files of the snapshots are kept.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn remove_snapshots(&mut self, ids: &[i64]) -> Result<()> {
        self.apply(|builder| Ok(builder.remove_snapshots(ids)))
    }

    /// Moves `main`, the branch that readers get by default, to a snapshot, and makes the snapshot's schema current.
    ///
    /// # Errors
    /// Fails if the table has no such snapshot.
    pub fn set_main(&mut self, snapshot_id: i64, schema_id: i32) -> Result<()> {
        let retention = SnapshotRetention::branch(None, None, None);
        self.apply(|builder| builder.set_ref(MAIN, SnapshotReference::new(snapshot_id, retention)))?;
        self.set_current_schema(schema_id)
    }

    /// Makes a schema the current one, which readers and writers of `main` use.
    ///
    /// # Errors
    /// Fails if the table has no such schema.
    pub fn set_current_schema(&mut self, schema_id: i32) -> Result<()> {
        let schema = self.schema_by_id(schema_id)?;
        self.apply(|builder| builder.set_current_schema(schema_id))?;
        let sorted = self.base.default_sort_order().fields.iter();
        if sorted.into_iter().any(|field| schema.field_by_id(field.source_id).is_none()) {
            // A sort order over a missing column makes the metadata invalid.
            self.apply(|builder| builder.set_default_sort_order(UNSORTED))?;
        }
        Ok(())
    }

    /// Sets table properties.
    ///
    /// # Errors
    /// Fails on a reserved property.
    pub fn set_properties(&mut self, properties: &[(&str, &str)]) -> Result<()> {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.apply(|builder| builder.set_properties(properties))
    }

    /// Builds the metadata after this change, with the list of updates that lead to it.
    pub(crate) fn build(&self) -> Result<TableMetadataBuildResult> {
        self.builder.clone().build().map_err(|error| Error::Iceberg(self.name.to_string(), Box::new(error)))
    }

    /// Applies a step of the metadata builder. An error leaves the change as it was.
    pub(crate) fn apply(
        &mut self,
        step: impl FnOnce(TableMetadataBuilder) -> iceberg::Result<TableMetadataBuilder>,
    ) -> Result<()> {
        match step(self.builder.clone()) {
            Ok(builder) => {
                self.builder = builder;
                Ok(())
            }
            Err(error) => Err(Error::Iceberg(self.name.to_string(), Box::new(error))),
        }
    }
}
