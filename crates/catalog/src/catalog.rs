//! The catalog: loads tables, and commits changes of many tables at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use iceberg::spec::{DataFile, Snapshot};

use crate::files::{failed, path_of};
use crate::store::{Backend, Contents, VERSION};
use crate::{Error, Files, NewTable, Result, Session, Store, Table, TableChange, TableName, orphans, snapshot, table};

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
    pub(crate) backend: Box<dyn Backend>,
    session: Session,
    files: Files,
}

impl Catalog {
    /// Opens the catalog of the lake at `root`, the absolute path in its metadata.
    ///
    /// # Errors
    /// Fails if the catalog cannot be opened, is of a newer version, or belongs to a lake at another path, and with
    /// [`Error::NoTransactions`] if it is to be written and does not commit several tables at once.
    pub fn open(store: &Store, root: &Path, access: Access) -> Result<Self> {
        let mut backend = store.open(access)?;
        let root = root.to_string_lossy();
        if access == Access::Write {
            backend.claim(&[("version", VERSION), ("root", &root)])?;
        }
        match backend.property("version")? {
            Some(version) if version == VERSION => {}
            found => return Err(Error::Version { found: found.unwrap_or_else(|| "none".to_owned()), known: VERSION }),
        }
        match backend.property("root")? {
            Some(recorded) if recorded != root => Err(Error::Moved { recorded, found: root.into_owned() }),
            _ => Ok(Catalog { backend, session: Session::new(), files: Files::default() }),
        }
    }

    /// Sets the access to the files of tables, for tables in object storage.
    pub fn use_files(&mut self, files: Files) {
        self.backend.use_files(&files);
        self.files = files;
    }

    /// Returns the access to the files of the tables.
    pub fn table_files(&self) -> &Files {
        &self.files
    }

    /// Starts the creation of a table.
    ///
    /// # Errors
    /// Fails if the columns are not a valid schema.
    pub fn create(&self, new: &NewTable) -> Result<TableChange> {
        TableChange::create_with(self.files.clone(), new, self.session)
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
        self.backend.names()
    }

    /// Loads all tables: those of a database as of one instant, those of a REST server one by one.
    ///
    /// # Errors
    /// Fails if a table's metadata cannot be read.
    pub fn load_all(&mut self) -> Result<Vec<Table>> {
        let tables = self.backend.load_all(self.session)?.into_iter();
        Ok(tables.map(|table| Table { files: self.files.clone(), ..table }).collect())
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
        let found = self.backend.find(name, self.session)?;
        Ok(found.map(|table| Table { files: self.files.clone(), ..table }))
    }

    /// Returns the data files of a snapshot.
    ///
    /// # Errors
    /// Fails if the snapshot is unknown or has delete files: reading its data files alone would show deleted rows.
    pub fn files(&self, table: &Table, snapshot_id: i64) -> Result<Vec<DataFile>> {
        let unknown = || Error::NoSnapshot(table.name.clone(), format!("snapshot {snapshot_id}"));
        let found = table.metadata.snapshot_by_id(snapshot_id).ok_or_else(unknown)?;
        let name = table.name.to_string();
        if snapshot::has_deletes(&table.files, &name, &table.metadata, found)? {
            return Err(table.invalid(format!("snapshot {snapshot_id} has delete files; read it as an Iceberg table")));
        }
        let files = snapshot::alive(&table.files, &name, &table.metadata, found)?;
        Ok(files.into_iter().map(|(file, _, _)| file).collect())
    }

    /// Returns the paths of the data files of a snapshot, whether delete files apply to them or not.
    ///
    /// # Errors
    /// Fails if the snapshot's manifests cannot be read.
    pub fn data_paths(&self, table: &Table, snapshot: &Snapshot) -> Result<Vec<PathBuf>> {
        let files = snapshot::alive(&table.files, &table.name.to_string(), &table.metadata, snapshot)?;
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
        self.commit_tables(changes, at).map(drop)
    }

    /// Like [`Catalog::commit`], but returns the tables as they were committed, sorted by name. A REST server returns none.
    ///
    /// # Errors
    /// Fails as [`Catalog::commit`] does.
    pub fn commit_tables(&mut self, mut changes: Vec<TableChange>, at: i64) -> Result<Vec<Table>> {
        // In one order for all writers, so that two of them never wait for each other.
        changes.sort_by(|one, other| one.name.cmp(&other.name));
        // Before any change fails, so that the clean-up removes the files of all changes.
        let mut written: Vec<_> = changes.iter().flat_map(|change| change.written.iter().cloned()).collect();
        match self.backend.commit(changes, at, &mut written) {
            Ok(committed) => {
                for path in committed.expired {
                    // The commit is made; an old metadata file that remains is harmless.
                    let _ = self.files.remove(&path);
                }
                Ok(committed.tables)
            }
            Err(error) => {
                if !matches!(error, Error::Unknown(_)) {
                    for path in written {
                        let _ = self.files.remove(&path);
                    }
                }
                Err(error)
            }
        }
    }

    /// Adds a table whose metadata file exists already.
    ///
    /// # Errors
    /// Fails if the file is no table's metadata, or if the catalog has a table of the name.
    pub fn register(&mut self, name: &TableName, location: &str) -> Result<Table> {
        let table = table::read(&self.files, name.clone(), location.to_owned(), self.session)?;
        self.backend.register(name, location)?;
        Ok(table)
    }

    /// Replaces the contents of another catalog of the same lake by a copy of this one, in one transaction if it is in a
    /// database. The other catalog is created if it is missing.
    ///
    /// # Errors
    /// Fails if the other catalog cannot be written, is of another version, or belongs to another lake.
    pub fn copy_to(&mut self, store: &Store, root: &Path) -> Result<()> {
        let mut other = Catalog::open(store, root, Access::Write)?;
        other.backend.replace(&self.backend.contents()?)
    }

    /// Like [`Catalog::copy_to`], but replaces a catalog that may belong to the lake at another path, or be of another
    /// version.
    ///
    /// # Errors
    /// Fails if the other catalog cannot be written.
    pub fn overwrite(&mut self, store: &Store) -> Result<()> {
        let contents = self.backend.contents()?;
        store.open(Access::Write)?.replace(&contents)
    }

    /// Removes all tables, namespaces and properties from a catalog. The tables' files stay.
    ///
    /// # Errors
    /// Fails if the catalog cannot be written.
    pub fn clear(store: &Store) -> Result<()> {
        store.open(Access::Write)?.replace(&Contents::default())
    }

    /// Returns the metadata file of every table that a catalog names, whichever lake or version it is of. A catalog that was
    /// lost names none.
    ///
    /// # Errors
    /// Fails if the catalog cannot be reached or is busy.
    pub fn pointers(store: &Store) -> Result<Vec<(TableName, String)>> {
        match store.open(Access::Read).and_then(|mut backend| backend.pointers()) {
            Err(error @ Error::Sqlite(..)) if !error.is_transient() => Ok(Vec::new()),
            Err(Error::Postgres(_, error)) if error.as_db_error().is_some() => Ok(Vec::new()),
            pointers => pointers,
        }
    }

    /// Removes the metadata files of a killed session that no table names. Returns their number.
    ///
    /// # Errors
    /// Fails if a table cannot be read or a file cannot be removed.
    pub fn remove_orphans(&mut self, tables: &Path, session: Session) -> Result<usize> {
        let written = orphans::written_by(&self.files, tables, session)?;
        if written.is_empty() {
            return Ok(0);
        }
        let mut named = HashSet::new();
        for table in self.load_all()? {
            named.extend(orphans::named_by(&table)?);
        }
        self.remove(written.into_iter().filter(|path| !named.contains(path)))
    }

    /// Removes every file in a table's metadata folder that the table does not name. Returns their number.
    ///
    /// # Errors
    /// Fails if the table cannot be read or a file cannot be removed.
    pub fn remove_unnamed(&mut self, table: &Table) -> Result<usize> {
        let named = orphans::named_by(table)?;
        self.remove(orphans::metadata_files(table)?.into_iter().filter(|path| !named.contains(&orphans::checked(path))))
    }

    fn remove(&self, files: impl Iterator<Item = PathBuf>) -> Result<usize> {
        let mut removed = 0;
        for path in files {
            self.files.remove(&path).map_err(failed("remove", &path))?;
            removed += 1;
        }
        Ok(removed)
    }
}
