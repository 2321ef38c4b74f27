//! The catalog: loads tables, and commits changes of many tables at once.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use iceberg::spec::{DataFile, Snapshot, TableMetadata};

use crate::files::{block_on, failed, io, make_folders, path_of, sync_folder, write_new};
use crate::store::{Contents, Pointers, Swap, VERSION};
use crate::{Error, Result, Session, Store, Table, TableChange, TableName, metadata, orphans, snapshot};

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
    session: Session,
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
            _ => Ok(Catalog { store: store.clone(), pointers, session: Session::new() }),
        }
    }

    /// Returns the session of this writer.
    pub fn session(&self) -> Session {
        self.session
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
        let session = self.session;
        self.pointers.tables()?.into_iter().map(|(name, location)| read(name, location, session)).collect()
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
        let session = self.session;
        self.pointers.table(name)?.map(|location| read(name.clone(), location, session)).transpose()
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

    /// Returns the paths of the data files of a snapshot, whether delete files apply to them or not.
    ///
    /// # Errors
    /// Fails if the snapshot's manifests cannot be read.
    pub fn data_paths(&self, table: &Table, snapshot: &Snapshot) -> Result<Vec<PathBuf>> {
        let files = block_on(snapshot::alive(&table.metadata, snapshot))?;
        let files = files.map_err(|error| Error::Iceberg(table.name.to_string(), Box::new(error)))?;
        Ok(files.into_iter().map(|(file, _, _)| path_of(file.file_path())).collect())
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
        mut changes: Vec<TableChange>,
        at: i64,
        written: &mut Vec<PathBuf>,
    ) -> Result<(Vec<Swap>, Vec<PathBuf>)> {
        let (mut swaps, mut expired) = (Vec::new(), Vec::new());
        // In one order for all writers, so that two of them never wait for each other.
        changes.sort_by(|one, other| one.name.cmp(&other.name));
        // Before any change fails, so that the clean-up removes the files of all changes.
        written.extend(changes.iter().flat_map(|change| change.written.iter().cloned()));
        for change in changes {
            let iceberg = |error| Error::Iceberg(change.name.to_string(), Box::new(error));
            let built = change.builder.clone().build().map_err(iceberg)?;
            let new = metadata::stamp(&change, &built.metadata, at)?;
            let location = next_location(new.location(), change.expected.as_deref(), change.session);
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

    /// Adds a table whose metadata file exists already.
    ///
    /// # Errors
    /// Fails if the file is no table's metadata, or if the catalog has a table of the name.
    pub fn register(&mut self, name: &TableName, location: &str) -> Result<Table> {
        let table = read(name.clone(), location.to_owned(), self.session)?;
        self.pointers.swap(&[Swap { table: name.clone(), expected: None, new: location.to_owned() }])?;
        Ok(table)
    }

    /// Replaces the contents of another catalog of the same lake by a copy of this one, in one transaction. The other
    /// catalog is created if it is missing.
    ///
    /// # Errors
    /// Fails if the other catalog cannot be written, is of another version, or belongs to another lake.
    pub fn copy_to(&mut self, store: &Store, root: &Path) -> Result<()> {
        let mut other = Catalog::open(store, root, Access::Write)?;
        let contents = self.pointers.contents()?;
        match other.pointers.replace(&contents) {
            Err(Error::Unknown(error)) => {
                let found = store.open(Access::Read).and_then(|mut pointers| pointers.contents());
                if found.is_ok_and(|found| found == contents) { Ok(()) } else { Err(Error::Unknown(error)) }
            }
            replaced => replaced,
        }
    }

    /// Like [`Catalog::copy_to`], but replaces a catalog that may belong to the lake at another path, or be of another
    /// version.
    ///
    /// # Errors
    /// Fails if the other catalog cannot be written.
    pub fn overwrite(&mut self, store: &Store) -> Result<()> {
        let contents = self.pointers.contents()?;
        store.open(Access::Write)?.replace(&contents)
    }

    /// Removes all tables, namespaces and properties from a catalog. The tables' files stay.
    ///
    /// # Errors
    /// Fails if the catalog cannot be written.
    pub fn clear(store: &Store) -> Result<()> {
        store.open(Access::Write)?.replace(&Contents::default())
    }

    /// Removes the metadata files of a killed session that no table names. Returns their number.
    ///
    /// # Errors
    /// Fails if a table cannot be read or a file cannot be removed.
    pub fn remove_orphans(&mut self, tables: &Path, session: Session) -> Result<usize> {
        let written = orphans::written_by(tables, session)?;
        if written.is_empty() {
            return Ok(0);
        }
        let mut named = HashSet::new();
        for table in self.load_all()? {
            named.extend(orphans::named_by(&table)?);
        }
        remove(written.into_iter().filter(|path| !named.contains(path)))
    }

    /// Removes every file in a table's metadata folder that the table does not name. Returns their number.
    ///
    /// # Errors
    /// Fails if the table cannot be read or a file cannot be removed.
    pub fn remove_unnamed(&mut self, table: &Table) -> Result<usize> {
        let named = orphans::named_by(table)?;
        remove(orphans::metadata_files(table)?.into_iter().filter(|path| !named.contains(path)))
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

/// Returns the location of a table's next metadata file, by the names that every client of this schema uses.
fn next_location(table: &str, current: Option<&str>, session: Session) -> String {
    let version = current.and_then(|current| current.rsplit('/').next()?.split('-').next()?.parse::<u32>().ok());
    let next = version.map_or(0, |version| version + 1);
    format!("{table}/metadata/{next:05}-{session}.metadata.json")
}

fn remove(files: impl Iterator<Item = PathBuf>) -> Result<usize> {
    let mut removed = 0;
    for path in files {
        fs::remove_file(&path).map_err(failed("remove", &path))?;
        removed += 1;
    }
    Ok(removed)
}

/// Reads a metadata file.
///
/// # Errors
/// Fails if the file cannot be read or is no table's metadata.
pub fn read_metadata(location: &str) -> Result<TableMetadata> {
    let path = path_of(location);
    // Iceberg's own error has no kind, so this call reports a missing file.
    fs::metadata(&path).map_err(failed("read", &path))?;
    block_on(TableMetadata::read_from(&io(), location))?
        .map_err(|error| Error::Iceberg(location.to_owned(), Box::new(error)))
}

/// Loads a table from its metadata.
fn read(name: TableName, location: String, session: Session) -> Result<Table> {
    let metadata = read_metadata(&location)?;
    Ok(Table { name, metadata, location, session })
}
