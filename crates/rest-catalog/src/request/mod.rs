//! Requests as values: total functions over the bytes of a body or the text of a query. What they return is checked as far
//! as that needs no catalog.

mod commit;
mod namespace;
mod page;
mod table;

use serde::de::DeserializeOwned;

use crate::error::{Refusal, Result};

pub use commit::{commit_table, commit_transaction};
pub use namespace::{CreateNamespace, UpdateProperties};
pub(crate) use page::Page;
pub use table::{CreateTable, RegisterTable, RenameTable, metrics};

/// An identifier of a table: a namespace of one level, and a name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Identifier {
    namespace: Vec<String>,
    name: String,
}

impl Identifier {
    /// Returns the table's name.
    fn table(self) -> Result<lake_catalog::TableName> {
        Ok(lake_catalog::TableName { namespace: one_level(self.namespace)?, name: self.name })
    }
}

/// Returns the name of a namespace of one level.
fn one_level(namespace: Vec<String>) -> Result<String> {
    match <[String; 1]>::try_from(namespace) {
        Ok([name]) => Ok(name),
        Err(levels) => {
            let levels = levels.len();
            Err(Refusal::bad_request(format!("a namespace of this catalog has one level, not {levels}")))
        }
    }
}

/// Parses the JSON of a body.
fn parse<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(format!("the body is no {what}: {error}")))
}
