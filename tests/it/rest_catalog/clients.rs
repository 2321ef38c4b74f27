//! pyiceberg and DuckDB as clients.

use super::published;
use super::serving::Serving;
use crate::iceberg::readers::python;
use crate::iceberg::rest::fixture::Rest;
use crate::iceberg::spark::Spark;
use crate::support::{Finished, TestCommand, TestLake};

/// Runs a part of `clients.py` against a server.
pub fn client(lake: &TestLake, server: &Serving, part: &str, arguments: &[&str]) -> Option<Finished> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rest_catalog/clients.py");
    let mut command = TestCommand::new(&python()?, &lake.root());
    Some(command.args(&[script, part, &server.url()]).args(arguments).run())
}

#[test]
fn pyiceberg_creates_changes_renames_and_drops_its_tables_and_only_reads_those_of_runs() {
    let (lake, store) = published();
    let server = Serving::guarded(&lake.root(), &store);
    let Some(done) = client(&lake, &server, "pyiceberg", &[]) else { return };
    assert_eq!(done.expect_status(0).stdout.trim(), "pyiceberg is done");
    // What the client left is a table of the lake's tasks as well.
    let rows = crate::iceberg::views::rows(&lake, "SELECT id, title FROM mine.books ORDER BY id", &[]);
    assert_eq!(rows, ["1,one", "2,two", "3,three"]);
    lake.task("rebuild-catalog").run().expect_status(0);
    assert_eq!(crate::iceberg::views::rows(&lake, "SELECT count(*) FROM mine.books", &[]), ["3"]);
    lake.task("verify-run").run().expect_status(0);
}

#[test]
fn duckdb_attaches_it_reads_runs_and_writes_its_own_tables() {
    let (lake, store) = published();
    let server = Serving::guarded(&lake.root(), &store);
    let Some(done) = client(&lake, &server, "duckdb", &[]) else { return };
    assert_eq!(done.expect_status(0).stdout.trim(), "DuckDB is done");
    lake.task("verify-run").run().expect_status(0);
}

/// Half a minute, so only on request: `DISCOGS_TEST_SPARK_REST=1`.
#[test]
fn spark_reads_runs_and_writes_its_own_tables() {
    if std::env::var_os("DISCOGS_TEST_SPARK_REST").is_none() {
        return;
    }
    let Some(spark) = Spark::installed() else { return };
    let (lake, store) = published();
    let server = Serving::guarded(&lake.root(), &store);
    let mut script = spark.script("1.12.0", "rest_catalog/spark.py", &lake);
    assert_eq!(script.args(&[&server.url()]).run().expect_status(0).stdout.trim(), "Spark is done");
}
