//! `export-database`: what databases hold after an export, after a fault, and while another one runs.

mod changes;
mod cut;
mod holdings;
mod lake;
mod queries;
mod refused;
mod replaced;
mod schemas;

use std::path::Path;

use rusqlite::Connection as Sqlite;

use crate::support::{Dir, PostgresServer};

/// A row as texts. Booleans are 1 and 0.
type Row = Vec<Option<String>>;

/// A database that an export wrote.
enum Database {
    Postgres(postgres::Client),
    Sqlite(Sqlite),
    DuckDb(duckdb::Connection),
}

impl Database {
    fn name(&self) -> &'static str {
        match self {
            Database::Postgres(_) => "Postgres",
            Database::Sqlite(_) => "SQLite",
            Database::DuckDb(_) => "DuckDB",
        }
    }

    /// Opens a file by its name.
    fn open(path: &Path) -> Database {
        match path.extension().unwrap().to_str().unwrap() {
            "sqlite" => Database::Sqlite(Sqlite::open(path).unwrap()),
            _ => {
                let config = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
                Database::DuckDb(duckdb::Connection::open_with_flags(path, config).unwrap())
            }
        }
    }

    /// Runs a query whose columns are all texts, and returns its rows, sorted.
    #[track_caller]
    fn rows(&mut self, sql: &str) -> Vec<Row> {
        let mut rows: Vec<Row> = match self {
            Database::Postgres(client) => {
                let rows = client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
            }
            Database::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
                let columns = statement.column_count();
                let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
                statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
            }
            Database::DuckDb(connection) => duckdb_rows(connection, sql),
        };
        rows.sort();
        rows
    }

    /// Returns the only value of a query, as a number.
    #[track_caller]
    fn number(&mut self, sql: &str) -> i64 {
        self.rows(&format!("SELECT CAST(({sql}) AS TEXT)"))[0][0].as_ref().unwrap().parse().unwrap()
    }
}

fn duckdb_rows(connection: &duckdb::Connection, sql: &str) -> Vec<Row> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = statement.query([]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let columns = rows.as_ref().unwrap().column_count();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..columns).map(|column| row.get(column).unwrap()).collect());
    }
    found
}

/// Exports a run of the shared lake into each kind of database, and runs a test on each.
fn in_each(run: &str, schema: &str, mut test: impl FnMut(&mut Database)) {
    let dir = Dir::new();
    for file in ["month.sqlite", "month.duckdb"] {
        let to = dir.path(file);
        let arguments = ["--run-id", run, "--schema", schema, "--to", to.to_str().unwrap()];
        lake::export(&arguments).run().expect_status(0).expect_result("done");
        test(&mut Database::open(&to));
    }
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let arguments = ["--run-id", run, "--schema", schema, "--to", &server.url(&name)];
    lake::export(&arguments).run().expect_status(0).expect_result("done");
    let mut client = server.client(&name);
    client.batch_execute("SET search_path = discogs").unwrap();
    test(&mut Database::Postgres(client));
}
