//! Trino over the REST catalog of a lake whose catalog is the embedded one, which Trino has no driver for.

use lake_catalog::Store;

use super::stack::{LARGE, Stack, path, setting};
use crate::rest_catalog::serving::Serving;
use crate::support::{TestCommand, binary, skipped};

const CATALOG: &str = "lake_rest";

#[test]
fn trino_reads_the_tables_of_runs_and_writes_its_own_over_rest() {
    let Some(stack) = Stack::with_runs() else { return };
    let port = setting("DISCOGS_LAKEHOUSE_PORT").and_then(|port| port.parse().ok());
    let catalogs = stack.ask("SHOW CATALOGS");
    let (Some(port), true) = (port, catalogs.iter().any(|row| row[0].as_deref() == Some(CATALOG))) else {
        return skipped("the stack has no catalog lake_rest; scripts/stack down and up adds it");
    };
    let task = |name: &str, arguments: &[&str]| {
        let mut command = TestCommand::new(&binary(name), stack.folder());
        command.args(&["--lake", path(stack.folder())]).args(arguments).run().expect_status(0)
    };
    task("stage-tables", &["--run-id", LARGE]);
    stack.promote(LARGE).expect_status(0);
    let store = Store::Sqlite(stack.folder().join("_meta/catalog.sqlite"));
    let server = Serving::at(port, stack.folder(), &store);
    let trino = stack.session_at(CATALOG, "silver");
    let rows = |sql: &str| {
        let rows = trino.table(sql, "a test").unwrap_or_else(|error| panic!("{sql}: {error}")).1;
        let row = |row: Vec<Option<String>>| {
            row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(",")
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let change = |sql: &str| trino.execute(sql, "a test").unwrap_or_else(|error| panic!("{sql}: {error}"));

    let sql = "SELECT count(*), sum(label_id) FROM labels_v10";
    let expected = task("query", &["--sql", sql, "--format", "csv"]).stdout;
    assert_eq!(rows(sql), [expected.lines().nth(1).unwrap()]);
    let of_run = format!("SELECT count(*) FROM labels_v10 FOR VERSION AS OF 'run_{LARGE}'");
    assert_eq!(rows(&of_run), rows("SELECT count(*) FROM labels_v10"));
    // Trino does not tell why it could not create or drop a table.
    for (refused, why) in [
        ("DELETE FROM labels_v10", "read-only"),
        ("CREATE TABLE own AS SELECT 1 AS id", "Failed to create"),
        ("DROP TABLE labels_v10", "Failed to drop table"),
    ] {
        let error = trino.execute(refused, "a test").unwrap_err();
        assert!(format!("{error:#}").contains(why), "{refused}: {error:#}");
    }
    assert_eq!(rows(&of_run), rows("SELECT count(*) FROM labels_v10"));

    change("CREATE SCHEMA lake_rest.shelf");
    change("CREATE TABLE shelf.books (id BIGINT, title VARCHAR, year INTEGER) WITH (partitioning = ARRAY['year'])");
    change("INSERT INTO shelf.books VALUES (1, 'one', 1999), (2, 'two', 2001), (3, 'three', 2001)");
    change("CREATE TABLE shelf.sold AS SELECT id FROM shelf.books WHERE id < 3");
    change("UPDATE shelf.books SET title = 'II' WHERE id = 2");
    change("DELETE FROM shelf.books WHERE id = 1");
    change(
        "MERGE INTO shelf.books AS t USING (VALUES (3, 'III'), (4, 'IV')) AS s (id, title) ON t.id = s.id \
         WHEN MATCHED THEN UPDATE SET title = s.title WHEN NOT MATCHED THEN INSERT (id, title) VALUES (s.id, s.title)",
    );
    change("ALTER TABLE shelf.books ADD COLUMN pages INTEGER");
    change("ALTER TABLE shelf.books RENAME COLUMN title TO name");
    change("ALTER TABLE shelf.books EXECUTE optimize");
    assert_eq!(rows("SELECT id, name FROM shelf.books ORDER BY id"), ["2,II", "3,III", "4,IV"]);
    assert_eq!(rows("SELECT count(*) FROM shelf.\"books$snapshots\""), ["6"]);
    change("ALTER TABLE shelf.books RENAME TO shelf.volumes");
    assert_eq!(rows("SHOW TABLES FROM shelf"), ["sold", "volumes"]);
    assert_eq!(rows("SELECT count(*) FROM shelf.volumes JOIN shelf.sold USING (id)"), ["1"]);
    for drop in ["DROP TABLE shelf.volumes", "DROP TABLE shelf.sold", "DROP SCHEMA lake_rest.shelf"] {
        change(drop);
    }
    assert!(!rows("SHOW SCHEMAS").contains(&"shelf".to_owned()));
    drop(server);
    task("verify-run", &[]);
}
