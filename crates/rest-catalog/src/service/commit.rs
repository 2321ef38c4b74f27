//! Commits of tables: what clients may change is checked on the metadata before and after, and files on the disk.
//!
//! ```text
//! load ─▶ requirements ─▶ updates ─▶ guard, places, files ─▶ journal ─▶ metadata files ─▶ one SQL transaction
//!   ▲                                                                                        │
//!   └──────────────────────────── another writer committed first ◀───────────────────────────┘
//! ```

use lake_catalog::{Catalog, Error, Session, Table, TableChange, TableName, TableRequest};

use super::repeated;
use crate::Served;
use crate::error::{Refusal, Result};
use crate::place::{check_name, owner};

impl Served {
    /// Commits the changes of all tables, or none. Returns the tables as they were committed.
    pub fn commit(&self, requests: &[TableRequest]) -> Result<Vec<Table>> {
        // A commit that gives no folder needs no order: the pointers' compare-and-swap is enough.
        let gives_folders = requests.iter().any(TableRequest::creates);
        let _names = gives_folders.then(|| self.names());
        let _alone = self.alone_with(requests.iter().map(|request| &request.name));
        let mut catalog = self.write()?;
        repeated(|| self.try_commit(&mut catalog, requests, gives_folders))
    }

    fn try_commit(&self, catalog: &mut Catalog, requests: &[TableRequest], gives_folders: bool) -> Result<Vec<Table>> {
        let session = Session::new();
        let others = if gives_folders { catalog.metadata_files()? } else { Vec::new() };
        let (mut changes, mut loaded) = (Vec::new(), Vec::new());
        for request in requests {
            let table = catalog.find(&request.name)?;
            let location = match &table {
                Some(table) => table.metadata().location().to_owned(),
                None => {
                    self.check_new(catalog, request)?;
                    self.places.of_new_table(&request.name, &others)
                }
            };
            let change = request.change(table.as_ref(), &location, session)?;
            self.check(&change, &others)?;
            changes.push(change);
            loaded.extend(table);
        }
        self.check_apart(&changes)?;
        let at = Catalog::next_time(&loaded);
        self.make(catalog, changes, at, session)
    }

    /// Checks that a request may create its table.
    fn check_new(&self, catalog: &mut Catalog, request: &TableRequest) -> Result<()> {
        let name = &request.name;
        if !request.creates() {
            return Err(Error::NoTable(name.clone()).into());
        }
        self.may_change_namespace(&name.namespace)?;
        self.expect_namespace(catalog, &name.namespace)?;
        check_name("table", &name.name).map_err(Refusal::bad_request)?;
        match catalog.is_taken(name)? {
            true => Err(Error::TableExists(name.clone()).into()),
            false => Ok(()),
        }
    }

    /// Checks that clients may make a change, and that all files that it names lie in the table's folder.
    pub(super) fn check(&self, change: &TableChange, others: &[(TableName, String)]) -> Result<()> {
        if change.is_hold() {
            return Ok(());
        }
        let (name, before, after) = (change.name(), change.before(), change.after()?);
        self.guard.table(name, before.unwrap_or(&after)).map_err(Refusal::forbidden)?;
        let old = |key: &String| before.and_then(|before| before.properties().get(key));
        let set = after.properties().iter().filter(|(key, value)| old(key) != Some(*value)).map(|(key, _)| key);
        let removed = before.into_iter().flat_map(|before| before.properties().keys());
        let removed = removed.filter(|key| !after.properties().contains_key(*key));
        for key in set.chain(removed) {
            self.guard.property(key).map_err(Refusal::forbidden)?;
        }
        if before.is_some_and(|before| before.location() != after.location()) {
            // The files of its snapshots would lie outside of it.
            return Err(Refusal::bad_request(format!("table {name} keeps its location")));
        }
        if before.is_none() {
            let folder = self.places.of_table(&name.namespace, after.location()).map_err(Refusal::bad_request)?;
            self.check_unowned(name, &folder, others)?;
        }
        self.places.check_metadata(before, &after).map_err(Refusal::bad_request)?;
        match change.file_elsewhere(!self.guard.allows_files_elsewhere(name))? {
            Some(why) => Err(Refusal::bad_request(format!("table {name}: {why}"))),
            None => Ok(()),
        }
    }

    /// Checks that no other table has a folder.
    pub(super) fn check_unowned(
        &self,
        name: &TableName,
        folder: &std::path::Path,
        others: &[(TableName, String)],
    ) -> Result<()> {
        let others: Vec<_> = others.iter().filter(|(other, _)| other != name).cloned().collect();
        match owner(folder, &others) {
            Some(other) => Err(Refusal::bad_request(format!("{} is the folder of table {other}", folder.display()))),
            None => Ok(()),
        }
    }

    /// Checks that no two tables that one request creates get one folder.
    fn check_apart(&self, changes: &[TableChange]) -> Result<()> {
        let mut given = Vec::new();
        for change in changes.iter().filter(|change| change.before().is_none()) {
            let after = change.after()?;
            let folder = self.places.of_table(&change.name().namespace, after.location());
            let folder = folder.map_err(Refusal::bad_request)?;
            self.check_unowned(change.name(), &folder, &given)?;
            given.extend(change.metadata_file()?.map(|file| (change.name().clone(), file)));
        }
        Ok(())
    }

    /// Commits changes that are checked.
    pub(super) fn make(
        &self,
        catalog: &mut Catalog,
        changes: Vec<TableChange>,
        at: i64,
        session: Session,
    ) -> Result<Vec<Table>> {
        let mut files = Vec::new();
        for change in &changes {
            files.extend(change.metadata_file()?);
        }
        let record = self.journal.begin(session, &files)?;
        let committed = catalog.commit_tables(changes, at);
        // A commit of unknown outcome keeps its record: the next start finds out what became of its files.
        if !matches!(committed, Err(Error::Unknown(_))) {
            record.end();
        }
        Ok(committed?)
    }
}
