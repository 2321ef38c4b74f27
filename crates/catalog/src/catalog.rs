//! The catalog: loads tables, and commits changes of many tables at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use iceberg::MetadataLocation;
use iceberg::spec::{DataFile, TableMetadata};

use crate::files::{block_on, failed, io, make_folders, path_of, sync_folder, write_new};
use crate::store::{Pointers, Swap, VERSION};
use crate::{Error, Result, Store, Table, TableChange, TableName, metadata, snapshot};

/// The access for which a catalog is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Loads tables; creates and locks nothing.
    Read,
    /// Loads and commits tables, and creates the catalog on first use.
    Write,
}

/// The catalog of a lake.
pub struct Catalog {
    store: Store,
    pointers: Box<dyn Pointers>,
}

impl Catalog {
    /// Opens the catalog of the lake at `root`, the absolute path in its metadata.
    ///
    /// # Errors
    /// Fails if the database cannot be opened, is of a newer version, or belongs to a lake at another path.
    pub fn open(store: &Store, root: &Path, access: Access) -> Result<Self> {
        let mut pointers = store.open(access)?;
        let root = root.to_string_lossy();
        if access == Access::Write {
            pointers.record("version", VERSION)?;
            pointers.record("root", &root)?;
        }
        match pointers.property("version")? {
            Some(version) if version == VERSION => {}
            found => return Err(Error::Version { found: found.unwrap_or_else(|| "none".to_owned()), known: VERSION }),
        }
        match pointers.property("root")? {
            Some(recorded) if recorded != root => Err(Error::Moved { recorded, found: root.into_owned() }),
            _ => Ok(Catalog { store: store.clone(), pointers }),
        }
    }

    /// Returns the names of all tables.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn list(&mut self) -> Result<Vec<TableName>> {
        Ok(self.pointers.tables()?.into_iter().map(|(name, _)| name).collect())
    }

    /// Loads all tables as of one instant of the database.
    ///
    /// # Errors
    /// Fails if a table's metadata cannot be read.
    pub fn load_all(&mut self) -> Result<Vec<Table>> {
        self.pointers.tables()?.into_iter().map(|(name, location)| read(name, location)).collect()
    }

    /// Loads a table.
    ///
    /// # Errors
    /// Fails if the catalog has no such table or its metadata cannot be read.
    pub fn load(&mut self, name: &TableName) -> Result<Table> {
        self.find(name)?.ok_or_else(|| Error::NoTable(name.clone()))
    }

    /// Like [`Catalog::load`], but returns `None` if the catalog has no such table.
    ///
    /// # Errors
    /// Fails if the table's metadata cannot be read.
    pub fn find(&mut self, name: &TableName) -> Result<Option<Table>> {
        self.pointers.table(name)?.map(|location| read(name.clone(), location)).transpose()
    }

    /// Returns the data files of a snapshot.
    ///
    /// # Errors
    /// Fails if the snapshot is unknown or has delete files: reading its data files alone would show deleted rows.
    pub fn files(&self, table: &Table, snapshot_id: i64) -> Result<Vec<DataFile>> {
        let unknown = || Error::NoSnapshot(table.name.clone(), format!("snapshot {snapshot_id}"));
        let found = table.metadata.snapshot_by_id(snapshot_id).ok_or_else(unknown)?;
        let iceberg = |error| Error::Iceberg(table.name.to_string(), Box::new(error));
        if block_on(snapshot::has_deletes(&table.metadata, found))?.map_err(iceberg)? {
            return Err(table.invalid(format!("snapshot {snapshot_id} has delete files; read it as an Iceberg table")));
        }
        let files = block_on(snapshot::alive(&table.metadata, found))?.map_err(iceberg)?;
        Ok(files.into_iter().map(|(file, _, _)| file).collect())
    }

    /// Returns the time of the next commit to these tables, in milliseconds since 1970: now, or 1 ms after the latest
    /// of their commits if the clock went back. Iceberg refuses a snapshot that is older than the last.
    pub fn next_time<'t>(tables: impl IntoIterator<Item = &'t Table>) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let last = tables.into_iter().map(|table| table.metadata.last_updated_ms()).max().unwrap_or(0);
        i64::try_from(now).unwrap_or(i64::MAX).max(last + 1)
    }

    /// Commits all changes at one time, or none of them.
    ///
    /// # Errors
    /// Fails with [`Error::Conflict`] if another writer committed first, and with [`Error::Unknown`] if the connection
    /// broke during the commit and a query for the outcome failed.
    pub fn commit(&mut self, changes: Vec<TableChange>, at: i64) -> Result<()> {
        let mut written = Vec::new();
        let outcome = self.prepare(changes, at, &mut written).and_then(|(swaps, expired)| {
            match self.pointers.swap(&swaps) {
                Err(Error::Unknown(error)) => self.outcome(&swaps, error)?,
                outcome => outcome?,
            }
            Ok(expired)
        });
        match outcome {
            Ok(expired) => {
                for path in expired {
                    // The commit is made; an old metadata file that remains is harmless.
                    let _ = fs::remove_file(path);
                }
                Ok(())
            }
            Err(error) => {
                if !matches!(error, Error::Unknown(_)) {
                    for path in written {
                        let _ = fs::remove_file(path);
                    }
                }
                Err(error)
            }
        }
    }

    /// Writes the metadata of every change. Returns the pointers to swap, and the metadata files to remove after the
    /// swap.
    fn prepare(
        &self,
        changes: Vec<TableChange>,
        at: i64,
        written: &mut Vec<PathBuf>,
    ) -> Result<(Vec<Swap>, Vec<PathBuf>)> {
        let (mut swaps, mut expired) = (Vec::new(), Vec::new());
        // Before any change fails, so that the clean-up removes the files of all changes.
        written.extend(changes.iter().flat_map(|change| change.written.iter().cloned()));
        for change in changes {
            let iceberg = |error| Error::Iceberg(change.name.to_string(), Box::new(error));
            let old_entries = change.base.history().len();
            let built = change.builder.build().map_err(iceberg)?;
            let new = metadata::stamp(&change.name, &built.metadata, old_entries, at)?;
            let location = match &change.expected {
                Some(current) => MetadataLocation::from_str(current).map_err(iceberg)?.with_next_version(),
                None => MetadataLocation::new_with_metadata(new.location(), &new),
            };
            // Readers recognise a compressed file by its name, and this file is not compressed.
            let location = location.to_string().replace(".gz.metadata.json", ".metadata.json");
            let bytes = serde_json::to_vec(&new)
                .map_err(|error| iceberg(iceberg::Error::new(iceberg::ErrorKind::DataInvalid, error.to_string())))?;
            let folder = snapshot::folder(&new);
            make_folders(&folder)?;
            written.push(path_of(&location));
            write_new(&path_of(&location), &bytes)?;
            sync_folder(&folder)?;
            let old = built.expired_metadata_logs.iter().map(|old| path_of(&old.metadata_file));
            expired.extend(old.filter(|old| old.starts_with(&folder)));
            swaps.push(Swap { table: change.name, expected: change.expected, new: location });
        }
        Ok((swaps, expired))
    }

    /// Queries, over a new connection, whether the database made a transaction whose response was lost.
    fn outcome(&mut self, swaps: &[Swap], error: String) -> Result<()> {
        let Ok(pointers) = self.store.open(Access::Read) else { return Err(Error::Unknown(error)) };
        self.pointers = pointers;
        for swap in swaps {
            match self.pointers.table(&swap.table) {
                Ok(found) if found.as_deref() == Some(&swap.new) => {}
                // The transaction is atomic, so one old pointer shows that no pointer was swapped.
                Ok(found) if found == swap.expected => return Err(Error::Conflict(swap.table.clone())),
                // Another writer has committed since, on top of this commit or without it.
                Ok(_) | Err(_) => return Err(Error::Unknown(error)),
            }
        }
        Ok(())
    }
}

/// Reads the metadata of a table.
fn read(name: TableName, location: String) -> Result<Table> {
    let path = path_of(&location);
    // Iceberg's own error has no kind, so this call reports a missing file.
    fs::metadata(&path).map_err(failed("read", &path))?;
    let metadata = block_on(TableMetadata::read_from(&io(), &location))?
        .map_err(|error| Error::Iceberg(name.to_string(), Box::new(error)))?;
    Ok(Table { name, metadata, location })
}
