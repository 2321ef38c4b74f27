//! The server asks Trino, in the schema over one run.

use serde_json::json;

use super::stack::{LARGE, SMALL, Stack};
use crate::server::Server;
use crate::support::program;

#[test]
fn a_query_of_the_server_runs_on_trino_in_the_schema_of_one_run() {
    let Some(stack) = Stack::with_runs() else { return };
    stack.task(env!("CARGO_BIN_EXE_register-tables"), &["--all-runs"]).expect_status(0);
    let command = stack.command_at(stack.url(), &program("lakehouse-server"), &[]);
    let server = Server::of(command, &["--query-timeout", "90s"]);
    let ask = |sql: &str, accept: &str| server.ask(&json!({"sql": sql, "engine": "trino"}), accept);
    let count = "SELECT COUNT(*) AS n, MIN(title) AS title, NULL AS nothing FROM releases_ref_v6";
    let rows = ask(count, "application/json").expect(200);
    assert_eq!(rows.header("discogs-run"), Some(LARGE));
    assert_eq!(rows.json(), server.query(count).expect(200).json());
    assert_eq!(ask(count, "text/csv").expect(200).text(), server.ask(&json!({"sql": count}), "text/csv").text());
    assert_eq!(ask(count, "application/x-ndjson").expect(200).text().lines().count(), 1);
    assert_eq!(ask("SELECT 1 AS a WHERE false", "*/*").expect(200).json(), json!([]));
    let earlier = json!({"sql": count, "engine": "trino", "as_of": SMALL});
    // A state is looked up in the catalog of Iceberg tables, which this lake lacks.
    server.ask(&earlier, "*/*").problem(400, "parameters", "no Iceberg tables");
    ask(count, "application/vnd.apache.parquet").problem(406, "not_acceptable", "Trino");
    ask("SELECT nothing FROM releases_ref_v6", "*/*").problem(502, "external", "nothing");
    for changes in
        ["DROP TABLE releases_ref_v6", "CREATE TABLE t AS SELECT 1 AS a", "EXPLAIN ANALYZE DELETE FROM t", "CALL x()"]
    {
        ask(changes, "*/*").problem(400, "parameters", "a statement that reads");
    }
    let many = json!({"sql": "SELECT * FROM UNNEST(sequence(1, 10000))", "engine": "trino", "max_rows": 100});
    server.ask(&many, "*/*").problem(422, "bad_input", "more than 100 rows");
    let long = "SELECT COUNT(*) FROM tpch.sf1000.lineitem a, tpch.sf1000.lineitem b WHERE a.comment < b.comment";
    let long = json!({"sql": long, "engine": "trino", "timeout_seconds": 2});
    server.ask(&long, "*/*").problem(504, "timeout", "after 2 s");
}
