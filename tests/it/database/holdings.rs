//! Every table, row and value is in each database as it is in the Parquet files.

use discogs_lakehouse::contract::{ColumnType, Contract, Table};

use super::lake::{MONTHS, parquet, real_runs, shared};
use super::{Database, Row, duckdb_rows, in_each};

#[test]
fn a_generated_month_is_whole_in_each_database() {
    hold_all(MONTHS[0]);
}

#[test]
fn the_real_records_are_whole_in_each_database() {
    for run in real_runs() {
        hold_all(run);
    }
}

fn hold_all(run: &str) {
    let connection = parquet(run);
    let contract = Contract::load().unwrap();
    let folder = shared().lake.root().join("_runs").join(run);
    let tables: Vec<&Table> = contract.tables.iter().filter(|table| folder.join(table.folder()).is_dir()).collect();
    assert_eq!(tables.len(), 36);
    let mut parquet = Database::DuckDb(connection);
    let figures = |database: &mut Database, table: &Table| database.rows(&figures(table, database));
    let expected: Vec<(Vec<Row>, Vec<Row>)> =
        tables.iter().map(|table| (figures(&mut parquet, table), parquet.rows(&every_row(table)))).collect();
    assert!(expected.iter().map(|(_, rows)| rows.len()).sum::<usize>() > 200, "{run} is empty");
    in_each(run, "contract", |database| {
        for (table, (sums, rows)) in tables.iter().zip(&expected) {
            let when = format!("{} of {run} in {}", table.name, database.name());
            assert_eq!(&figures(database, table), sums, "the sums of {when}");
            assert!(&database.rows(&every_row(table)) == rows, "the rows of {when} differ");
        }
    });
}

/// The number of rows, and for each column how many values it has and their sum: of texts the bytes.
fn figures(table: &Table, database: &Database) -> String {
    let columns = table.columns.iter().map(|column| {
        let name = &column.name;
        let value = match (column.data_type, database) {
            (ColumnType::Varchar, Database::Postgres(_)) => format!("octet_length({name})"),
            (ColumnType::Varchar, Database::Sqlite(_)) => format!("length(CAST({name} AS BLOB))"),
            (ColumnType::Varchar, Database::DuckDb(_)) => format!("strlen({name})"),
            (ColumnType::Boolean, _) => format!("CASE WHEN {name} THEN 1 ELSE 0 END"),
            _ => name.clone(),
        };
        format!("CAST(count({name}) AS TEXT), CAST(sum({value}) AS TEXT)")
    });
    let columns: Vec<String> = columns.collect();
    format!("SELECT CAST(count(*) AS TEXT), {} FROM {}", columns.join(", "), table.sql_name())
}

pub fn every_row(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| match column.data_type {
        ColumnType::Boolean => format!("CASE WHEN {0} THEN '1' WHEN NOT {0} THEN '0' END", column.name),
        _ => format!("CAST({} AS TEXT)", column.name),
    });
    format!("SELECT {} FROM {}", columns.collect::<Vec<_>>().join(", "), table.sql_name())
}

/// Keys, indexes and comments are there, and a file agrees with itself.
#[test]
fn keys_indexes_and_comments_are_in_each_database() {
    in_each(MONTHS[0], "contract", |database| match database {
        Database::Postgres(_) => {
            let constraints = |kind: &str| {
                format!(
                    "SELECT count(*) FROM pg_constraint WHERE connamespace = 'discogs'::regnamespace AND contype = '{kind}'"
                )
            };
            // 33 tables of the contract and the record of the export have a primary key.
            assert_eq!(database.number(&constraints("p")), 34);
            assert!(database.number(&constraints("f")) >= 30, "few foreign keys");
            let comments = "SELECT count(*) FROM pg_description WHERE objoid = 'discogs.artists_v1_typed'::regclass";
            assert_eq!(database.number(comments), 9, "the table and its 8 columns");
            let barcode = "SELECT count(*) FROM pg_indexes WHERE tablename = 'release_identifiers_v1' AND indexdef LIKE '%(value)'";
            assert_eq!(database.number(barcode), 1);
            let several = "SELECT count(*) FROM pg_constraint WHERE connamespace = 'discogs'::regnamespace
                AND contype = 'f' AND array_length(conkey, 1) = 2";
            assert_eq!(database.number(several), 4, "tracks by release and sequence, media by release and position");
        }
        Database::Sqlite(connection) => {
            let pragma = |pragma: &str| -> Vec<String> {
                let mut statement = connection.prepare(&format!("PRAGMA {pragma}")).unwrap();
                statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap).collect()
            };
            assert_eq!(pragma("integrity_check"), ["ok"]);
            assert!(pragma("foreign_key_check").is_empty());
            let references = database.number("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%REFERENCES%'");
            assert!(references >= 25, "{references} tables have foreign keys");
            let comment = "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%-- The name behind the name.%'";
            assert_eq!(database.number(comment), 1);
            let plan = database.rows("SELECT sql FROM sqlite_schema WHERE name = 'release_labels_v1_catno_idx'");
            assert_eq!(plan.len(), 1);
        }
        Database::DuckDb(connection) => {
            let comment = "SELECT comment FROM duckdb_columns() WHERE table_name = 'artists_v1_typed' AND column_name = 'realname'";
            assert_eq!(duckdb_rows(connection, comment), [[Some("The name behind the name.".to_owned())]]);
        }
    });
}

/// A reference that does not hold on the real records is named with the number of rows, and is no foreign key.
#[test]
fn references_that_do_not_hold_are_named() {
    let Some(run) = real_runs().last() else { return };
    let dir = crate::support::Dir::new();
    let to = dir.path("real.sqlite");
    let arguments = ["--run-id", run, "--to", to.to_str().unwrap()];
    let result = super::lake::export(&arguments).run().expect_status(0).json();
    let not_held = result["foreign_keys_not_held"].as_array().unwrap();
    let names: Vec<&str> = not_held.iter().map(|found| found["reference"].as_str().unwrap()).collect();
    assert!(names.contains(&"release_artist_credits_v1.artist_id"), "{names:?}");
    assert!(
        !names.iter().any(|name| name.ends_with(".release_id") && *name != "masters_v1_typed.main_release_id"),
        "{names:?}"
    );
    let orphans = "SELECT count(*) FROM release_artist_credits_v1 WHERE artist_id IS NOT NULL
        AND artist_id NOT IN (SELECT artist_id FROM artists_v1_typed)";
    let counted = Database::open(&to).number(orphans);
    let reported = not_held.iter().find(|found| found["reference"] == "release_artist_credits_v1.artist_id").unwrap();
    assert_eq!(reported["rows"].as_i64(), Some(counted));
}

/// With keys=true a DuckDB file has its primary and foreign keys as well.
#[test]
fn a_duckdb_file_has_keys_if_they_are_asked_for() {
    let dir = crate::support::Dir::new();
    let to = dir.path("keys.duckdb");
    let arguments = ["--run-id", MONTHS[0], "--keys", "true", "--to", to.to_str().unwrap()];
    super::lake::export(&arguments).run().expect_status(0);
    let mut database = Database::open(&to);
    assert_eq!(database.number("SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"), 33);
    assert!(database.number("SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'") > 20);
    assert_eq!(database.number("SELECT count(*) FROM releases_ref_v6"), 300);
}
