//! The catalog's pointers in a Postgres database.

use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, NoTls, Transaction};

use super::pointers::{Pointers, Row, Statements, Swap};
use super::{Contents, TableRow, statement};
use crate::{Error, Result, TableName};

/// A catalog in a Postgres database, which Trino and Spark open as a catalog of the type `jdbc`.
pub(super) struct Postgres {
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

/// A transaction that has begun.
struct InTransaction<'t, 'c> {
    failed: &'t dyn Fn(postgres::Error) -> Error,
    transaction: &'t mut Transaction<'c>,
}

impl Statements for InTransaction<'_, '_> {
    fn execute(&mut self, statement: &str, parameters: &[&str]) -> Result<u64> {
        self.transaction.execute(statement, &texts(parameters)).map_err(self.failed)
    }

    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>> {
        let found = self.transaction.query(statement, &texts(parameters)).map_err(self.failed)?;
        Ok(found.iter().map(text_of).collect())
    }
}

fn texts<'p>(parameters: &'p [&str]) -> Vec<&'p (dyn ToSql + Sync)> {
    parameters.iter().map(|text| text as &(dyn ToSql + Sync)).collect()
}

fn text_of(row: &postgres::Row) -> Row {
    (0..row.len()).map(|column| row.get(column)).collect()
}

impl Pointers for Postgres {
    fn prepare(&mut self) -> Result<()> {
        let failed = self.failed();
        let mut transaction = self.client.transaction().map_err(&failed)?;
        // Two writers that create one table at once would fail on a key of Postgres's own catalog.
        transaction.execute(statement!("lock_catalog"), &[]).map_err(&failed)?;
        for statement in [statement!("create_tables"), statement!("create_namespaces"), statement!("create_properties")]
        {
            transaction.execute(statement, &[]).map_err(&failed)?;
        }
        transaction.commit().map_err(failed)
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
                Some(expected) if expected == new => transaction
                    .execute(statement!("hold_table"), &[&table.namespace, &table.name, expected])
                    .map_err(&failed)?,
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
        commit(transaction, failed)
    }

    fn rows(&mut self, statement: &str, parameters: &[&str]) -> Result<Vec<Row>> {
        let found = self.client.query(statement, &texts(parameters));
        Ok(found.map_err(self.failed())?.iter().map(text_of).collect())
    }

    fn transact(&mut self, work: &mut dyn FnMut(&mut dyn Statements) -> Result<()>) -> Result<()> {
        let failed = self.failed();
        let mut transaction = self.client.transaction().map_err(&failed)?;
        transaction.execute(statement!("lock_catalog"), &[]).map_err(&failed)?;
        work(&mut InTransaction { failed: &failed, transaction: &mut transaction })?;
        commit(transaction, failed)
    }

    fn contents(&mut self) -> Result<Contents> {
        let failed = self.failed();
        let begun = self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let mut transaction = begun.start().map_err(&failed)?;
        let tables = transaction.query(statement!("all_tables"), &[]).map_err(&failed)?;
        let namespaces = transaction.query(statement!("all_namespaces"), &[]).map_err(&failed)?;
        let properties = transaction.query(statement!("all_properties"), &[]).map_err(&failed)?;
        transaction.commit().map_err(failed)?;
        let table = |row: &postgres::Row| TableRow {
            name: TableName { namespace: row.get(0), name: row.get(1) },
            location: row.get(2),
            previous: row.get(3),
            kind: row.get(4),
        };
        Ok(Contents {
            tables: tables.iter().map(table).collect(),
            namespaces: namespaces.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect(),
            properties: properties.iter().map(|row| (row.get(0), row.get(1))).collect(),
        })
    }

    fn replace(&mut self, contents: &Contents) -> Result<()> {
        let failed = self.failed();
        let mut transaction = self.client.transaction().map_err(&failed)?;
        for statement in [statement!("delete_tables"), statement!("delete_namespaces"), statement!("delete_properties")]
        {
            transaction.execute(statement, &[]).map_err(&failed)?;
        }
        for TableRow { name, location, previous, kind } in &contents.tables {
            let row: [&(dyn ToSql + Sync); 5] = [&name.namespace, &name.name, location, previous, kind];
            transaction.execute(statement!("copy_table"), &row).map_err(&failed)?;
        }
        for (namespace, key, value) in &contents.namespaces {
            transaction.execute(statement!("copy_namespace"), &[namespace, key, value]).map_err(&failed)?;
        }
        for (key, value) in &contents.properties {
            transaction.execute(statement!("set_property"), &[key, value]).map_err(&failed)?;
        }
        commit(transaction, failed)
    }
}

/// Commits a transaction. A connection lost before this statement rolls back; if it is lost during the statement, the
/// outcome is unknown.
fn commit(transaction: Transaction<'_>, failed: impl Fn(postgres::Error) -> Error) -> Result<()> {
    transaction.commit().map_err(|error| match error.as_db_error() {
        Some(_) => failed(error),
        None => Error::Unknown(error.to_string()),
    })
}
