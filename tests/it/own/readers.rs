//! pyiceberg and DuckDB's iceberg extension read the rows that `query` reads.

use super::Own;
use crate::iceberg::readers::python;
use crate::support::TestCommand;

#[test]
fn pyiceberg_reads_every_state_as_duckdb_does() {
    let Some(python) = python() else { return };
    let own = Own::new();
    let rows = |price: &str| {
        (0..50).fold("id,title,price,listed\n".to_owned(), |text, id| {
            text + &format!("{id},title {id},{price},2026-0{}-01\n", id % 3 + 1)
        })
    };
    own.done(rows("1.25"), &["--key", "id", "--partition", "month(listed)"]);
    own.done("id,title,price,listed,grade\n3,new,2,2026-01-01,NM\n99,more,3,2026-02-01,\n", &[]);
    own.done("id\n7\n8\n", &["--mode", "delete"]);
    own.done("id,price\n1,9.999\n", &["--partial", "--declare", "price=decimal(12,3)", "--rewrite"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/own/readers.py");
    let lake = std::fs::canonicalize(own.0.root()).unwrap();
    let finished =
        TestCommand::new(&python, &own.0.root()).args(&[script, lake.to_str().unwrap()]).run().expect_status(0);
    let sums = "SELECT count(*), sum(id), sum(price), max(title), count(grade), min(listed) FROM mine.inventory";
    assert_eq!(finished.stdout.lines().collect::<Vec<_>>(), own.rows(sums, &[]));
}
