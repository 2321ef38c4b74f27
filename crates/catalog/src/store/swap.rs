//! Commits by compare-and-swap: the metadata file of every table is written first, and then all pointers are swapped in
//! one SQL transaction.

use std::path::PathBuf;

use super::pointers::{Pointers, Swap};
use super::{Backend, Contents, Store};
use crate::files::{Files, path_of};
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
        for swap in swaps {
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

    fn commit(&mut self, changes: Vec<TableChange>, at: i64, written: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
        let (mut swaps, mut expired) = (Vec::new(), Vec::new());
        for change in changes {
            let built = change.build()?;
            let new = metadata::stamp(&change, &built.metadata, at)?;
            let location = next_location(built.metadata.location(), change.expected.as_deref(), change.session);
            metadata::write(&change.files, &new, &location, written)?;
            let folder = snapshot::folder(&built.metadata);
            let old = built.expired_metadata_logs.iter().map(|old| path_of(&old.metadata_file));
            expired.extend(old.filter(|old| old.starts_with(&folder)));
            swaps.push(Swap { table: change.name, expected: change.expected, new: location });
        }
        match self.pointers.swap(&swaps) {
            Err(Error::Unknown(error)) => self.outcome(&swaps, error)?,
            swapped => swapped?,
        }
        Ok(expired)
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

/// Returns the location of a table's next metadata file, by the names that every client of this schema uses.
fn next_location(table: &str, current: Option<&str>, session: Session) -> String {
    let version = current.and_then(|current| current.rsplit('/').next()?.split('-').next()?.parse::<u32>().ok());
    let next = version.map_or(0, |version| version + 1);
    format!("{table}/metadata/{next:05}-{session}.metadata.json")
}
