//! Commits by compare-and-swap: the metadata file of every table is written first, and then all pointers are swapped in
//! one SQL transaction.

use std::path::PathBuf;

use super::names::Names;
use super::pointers::{Pointers, Swap};
use super::{Backend, Committed, Contents, Store};
use crate::files::{Files, lies_in, path_of};
use crate::{Access, Error, Result, Session, Table, TableChange, TableName, metadata, snapshot, table};

/// A catalog whose pointers are in a database.
pub(super) struct Swapping {
    store: Store,
    pointers: Box<dyn Pointers>,
    files: Files,
}

impl Swapping {
    /// Returns the catalog over opened pointers. Creates the database's tables for [`Access::Write`].
    pub fn new(store: &Store, mut pointers: Box<dyn Pointers>, access: Access) -> Result<Self> {
        if access == Access::Write {
            pointers.prepare()?;
        }
        Ok(Swapping { store: store.clone(), pointers, files: Files::default() })
    }

    /// Returns whether the database, over a new connection, made a transaction whose response was lost.
    fn outcome(&self, swaps: &[Swap], error: String) -> Result<()> {
        let Ok(mut backend) = self.store.open(Access::Read) else { return Err(Error::Unknown(error)) };
        let Ok(contents) = backend.contents() else { return Err(Error::Unknown(error)) };
        for swap in swaps.iter().filter(|swap| swap.expected.as_ref() != Some(&swap.new)) {
            let row = contents.tables.iter().find(|row| row.name == swap.table);
            let found = row.and_then(|row| row.location.as_ref());
            if found == Some(&swap.new) {
                continue;
            }
            // The transaction is atomic, so one old pointer shows that no pointer was swapped. With any other pointer,
            // another writer has committed since, on top of this commit or without it.
            return Err(match found == swap.expected.as_ref() {
                true => Error::Conflict(swap.table.clone()),
                false => Error::Unknown(error),
            });
        }
        Ok(())
    }
}

impl Backend for Swapping {
    fn use_files(&mut self, files: &Files) {
        self.files = files.clone();
    }

    fn property(&mut self, key: &str) -> Result<Option<String>> {
        self.pointers.property(key)
    }

    fn claim(&mut self, properties: &[(&str, &str)]) -> Result<()> {
        properties.iter().try_for_each(|(key, value)| self.pointers.record(key, value))
    }

    fn names(&mut self) -> Result<Vec<TableName>> {
        Ok(self.pointers.tables()?.into_iter().map(|(name, _)| name).collect())
    }

    fn pointers(&mut self) -> Result<Vec<(TableName, String)>> {
        self.pointers.tables()
    }

    fn load_all(&mut self, session: Session) -> Result<Vec<Table>> {
        let tables = self.pointers.tables()?.into_iter();
        tables.map(|(name, location)| table::read(&self.files, name, location, session)).collect()
    }

    fn find(&mut self, name: &TableName, session: Session) -> Result<Option<Table>> {
        let location = self.pointers.table(name)?;
        location.map(|location| table::read(&self.files, name.clone(), location, session)).transpose()
    }

    fn commit(&mut self, changes: Vec<TableChange>, at: i64, written: &mut Vec<PathBuf>) -> Result<Committed> {
        let mut committed = Committed::default();
        let mut swaps = Vec::new();
        for change in changes {
            let session = change.session;
            if let (true, Some(held)) = (change.holds, &change.expected) {
                let (name, location) = (change.name.clone(), held.clone());
                swaps.push(Swap { table: name.clone(), expected: Some(location.clone()), new: location.clone() });
                committed.tables.push(Table { name, metadata: change.base, location, session, files: change.files });
                continue;
            }
            let built = change.build()?;
            let new = metadata::stamp(&change, &built.metadata, at)?;
            let location = metadata::next_location(built.metadata.location(), change.expected.as_deref(), session);
            metadata::write(&change.files, &new, &location, written)?;
            if metadata::removes_old(&built.metadata) {
                let folder = snapshot::folder(&built.metadata);
                let old = built.expired_metadata_logs.iter().map(|old| path_of(&old.metadata_file));
                committed.expired.extend(old.filter(|old| lies_in(old, &folder)));
            }
            let metadata = metadata::parse(&change.name.to_string(), new)?;
            let name = change.name.clone();
            committed.tables.push(Table {
                name,
                metadata,
                location: location.clone(),
                session,
                files: change.files.clone(),
            });
            swaps.push(Swap { table: change.name, expected: change.expected, new: location });
        }
        match self.pointers.swap(&swaps) {
            Err(Error::Unknown(error)) => self.outcome(&swaps, error)?,
            swapped => swapped?,
        }
        Ok(committed)
    }

    fn database(&mut self) -> Result<Names<'_>> {
        Ok(Names(&mut *self.pointers))
    }

    fn register(&mut self, name: &TableName, location: &str) -> Result<()> {
        self.pointers.swap(&[Swap { table: name.clone(), expected: None, new: location.to_owned() }])
    }

    fn contents(&mut self) -> Result<Contents> {
        self.pointers.contents()
    }

    fn replace(&mut self, contents: &Contents) -> Result<()> {
        match self.pointers.replace(contents) {
            Err(Error::Unknown(error)) => {
                let found = self.store.open(Access::Read).and_then(|mut backend| backend.contents());
                if found.is_ok_and(|found| found == *contents) { Ok(()) } else { Err(Error::Unknown(error)) }
            }
            replaced => replaced,
        }
    }
}
