//! The catalog's pointers in a Postgres database.

use postgres::{Client, Config, NoTls};

use super::{Pointers, Swap, statement};
use crate::{Error, Result, TableName};

/// A catalog in a Postgres database, which Trino and Spark open as a catalog of the type `jdbc`.
pub(crate) struct Postgres {
    /// Host and database for messages, without the password.
    place: String,
    client: Client,
}

impl Postgres {
    /// Connects to the server.
    ///
    /// # Errors
    /// Fails if the URL is invalid or the server cannot be reached or refuses the login.
    pub fn open(url: &str, password: Option<&str>) -> Result<Self> {
        let place = url.rsplit('@').next().unwrap_or(url).trim_start_matches("postgres://").to_owned();
        let failed = |error| Error::Postgres(place.clone(), error);
        let mut config: Config = url.parse().map_err(failed)?;
        if let Some(password) = password {
            config.password(password);
        }
        config.application_name("lake-catalog").connect_timeout(std::time::Duration::from_secs(30));
        let client = config.connect(NoTls).map_err(failed)?;
        Ok(Postgres { place, client })
    }

    fn failed(&self) -> impl Fn(postgres::Error) -> Error + use<> {
        let place = self.place.clone();
        move |error| Error::Postgres(place.clone(), error)
    }
}

impl Pointers for Postgres {
    fn prepare(&mut self) -> Result<()> {
        let failed = self.failed();
        for statement in [statement!("create_tables"), statement!("create_namespaces"), statement!("create_properties")]
        {
            self.client.execute(statement, &[]).map_err(&failed)?;
        }
        Ok(())
    }

    fn property(&mut self, key: &str) -> Result<Option<String>> {
        let failed = self.failed();
        Ok(self.client.query_opt(statement!("property"), &[&key]).map_err(failed)?.map(|row| row.get(0)))
    }

    fn record(&mut self, key: &str, value: &str) -> Result<()> {
        let failed = self.failed();
        self.client.execute(statement!("set_property"), &[&key, &value]).map_err(failed).map(drop)
    }

    fn tables(&mut self) -> Result<Vec<(TableName, String)>> {
        let failed = self.failed();
        let rows = self.client.query(statement!("tables"), &[]).map_err(failed)?;
        Ok(rows.iter().map(|row| (TableName { namespace: row.get(0), name: row.get(1) }, row.get(2))).collect())
    }

    fn table(&mut self, table: &TableName) -> Result<Option<String>> {
        let failed = self.failed();
        let row = self.client.query_opt(statement!("table"), &[&table.namespace, &table.name]).map_err(failed)?;
        Ok(row.map(|row| row.get(0)))
    }

    fn swap(&mut self, swaps: &[Swap]) -> Result<()> {
        let failed = self.failed();
        let mut transaction = self.client.transaction().map_err(&failed)?;
        for Swap { table, expected, new } in swaps {
            let changed = match expected {
                Some(expected) => transaction
                    .execute(statement!("swap_table"), &[new, expected, &table.namespace, &table.name])
                    .map_err(&failed)?,
                None => {
                    transaction.execute(statement!("insert_namespace"), &[&table.namespace]).map_err(&failed)?;
                    transaction
                        .execute(statement!("insert_table"), &[&table.namespace, &table.name, new])
                        .map_err(&failed)?
                }
            };
            if changed != 1 {
                return Err(Error::Conflict(table.clone()));
            }
        }
        // A connection lost before this statement rolls back; if it is lost during the statement, the outcome is
        // unknown.
        transaction.commit().map_err(|error| match error.as_db_error() {
            Some(_) => failed(error),
            None => Error::Unknown(error.to_string()),
        })
    }
}
