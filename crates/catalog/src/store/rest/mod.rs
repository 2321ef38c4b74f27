//! A catalog on a server of Iceberg's REST protocol. The server writes the tables' metadata.
//!
//! ```text
//! connection.rs   requests, answers, retries of what is safe to repeat
//! tokens.rs       bearer tokens, and the exchange of client credentials for them
//! server.rs       the server's prefix and endpoints; namespaces and tables
//! commit.rs       requirements and updates of all tables in one request; what became of a request without an answer
//! contents.rs     a whole catalog, for moves: tables are registered and dropped, their files stay
//! ```
//!
//! The lake's properties are those of a namespace without tables, [`PROPERTIES`], which one request creates.

mod commit;
mod connection;
mod contents;
mod server;
mod tokens;

use std::path::PathBuf;

use serde_json::json;

use super::{Backend, Committed, Contents};
use crate::{Access, Error, Login, Result, Session, Table, TableChange, TableName};
use server::Server;

/// The namespace whose properties are those of the lake.
const PROPERTIES: &str = "discogs_lake";

/// A catalog on a REST server.
pub(super) struct Rest {
    server: Server,
}

impl Rest {
    /// Connects to the server.
    ///
    /// # Errors
    /// Fails if the server cannot be reached, is not trusted or refuses the login, and with [`Error::NoTransactions`] if it
    /// is to be written and cannot commit several tables at once.
    pub fn open(url: &str, login: &Login, authorities: Option<&str>, access: Access) -> Result<Self> {
        let server = Server::connect(url, login, authorities)?;
        if access == Access::Write && !server.has_transactions()? {
            return Err(Error::NoTransactions(url.to_owned()));
        }
        Ok(Rest { server })
    }
}

impl Backend for Rest {
    fn property(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.server.properties(PROPERTIES)?.and_then(|mut properties| properties.remove(key)))
    }

    fn claim(&mut self, properties: &[(&str, &str)]) -> Result<()> {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), json!(value)));
        self.server.create_namespace(PROPERTIES, properties.collect())
    }

    fn names(&mut self) -> Result<Vec<TableName>> {
        self.server.names()
    }

    fn pointers(&mut self) -> Result<Vec<(TableName, String)>> {
        let tables = self.load_all(Session::new())?.into_iter();
        Ok(tables.map(|table| (table.name, table.location)).collect())
    }

    fn load_all(&mut self, session: Session) -> Result<Vec<Table>> {
        let mut tables = Vec::new();
        for name in self.names()? {
            // A table that another writer has dropped since is none.
            tables.extend(self.server.load(&name, session)?);
        }
        Ok(tables)
    }

    fn find(&mut self, name: &TableName, session: Session) -> Result<Option<Table>> {
        self.server.load(name, session)
    }

    fn commit(&mut self, changes: Vec<TableChange>, at: i64, written: &mut Vec<PathBuf>) -> Result<Committed> {
        commit::commit(&self.server, &changes, at, written)?;
        // The server removes old metadata files.
        Ok(Committed::default())
    }

    fn register(&mut self, name: &TableName, location: &str) -> Result<()> {
        self.server.register(name, location)
    }

    fn contents(&mut self) -> Result<Contents> {
        contents::read(&self.server)
    }

    fn replace(&mut self, contents: &Contents) -> Result<()> {
        contents::replace(&self.server, contents)
    }
}
