use discogs_lakehouse::sql::SqlFile;

/// A plain run id is no newer than one with a month in it because `20…` sorts behind it.
#[test]
fn the_run_of_a_month_is_the_one_that_was_begun_last() {
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let tables = "
        CREATE TABLE run_registry_latest AS
        SELECT dump_month, run_id FROM (VALUES
            ('2026-11', '20261101_000000'), ('2026-11', '2026-11__20261102_000000'), ('2026-11', '2026-11__20261103_000000'),
            ('2026-10', '2026-10__20261001_000000'), ('2026-10', '20261005_000000')) AS t(dump_month, run_id);
        CREATE TABLE kpi_snapshot_latest AS
        SELECT run_id, 'ok' AS status FROM run_registry_latest WHERE run_id <> '2026-11__20261103_000000'";
    connection.execute_batch(tables).unwrap();
    let query = SqlFile::load("history/queries/months").unwrap();
    let mut statement = connection.prepare(&query.text).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    let expected = [("2026-10", "20261005_000000"), ("2026-11", "2026-11__20261102_000000")];
    assert_eq!(rows, expected.map(|(month, run)| (month.to_owned(), run.to_owned())));
}
