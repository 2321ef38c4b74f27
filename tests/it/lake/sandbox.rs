//! SQL that people bring reads the lake and nothing else, on each entry that takes it: `query` and `compute-kpis`.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{RUN, TestLake, sealed_lake};

/// What a statement that does more than read must be refused for.
const NOT_A_QUERY: &str = "Expected a single SELECT statement";
const NO_FILES: &str = "disabled by configuration";
const NO_FUNCTION: &str = "is refused here";

/// `{lake}` is the lake's folder, `{out}` a folder beside it that holds `secret.csv`.
const REFUSED: [(&str, &str); 57] = [
    // More than one statement, or one that writes, attaches, loads or sets.
    ("SELECT 1; SELECT 2", NOT_A_QUERY),
    ("SELECT 1; COPY (SELECT 1) TO '{out}/new.csv'", NOT_A_QUERY),
    ("/* ; */ SELECT 1; COPY (SELECT 1) TO '{out}/new.csv'", NOT_A_QUERY),
    ("COPY (SELECT 1) TO '{out}/new.csv'", NOT_A_QUERY),
    ("COPY (SELECT 1) TO '{lake}/active/releases_v6/x.parquet'", NOT_A_QUERY),
    ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}/new.csv'", NOT_A_QUERY),
    ("EXPORT DATABASE '{out}/new'", NOT_A_QUERY),
    ("IMPORT DATABASE '{out}'", NOT_A_QUERY),
    ("ATTACH '{out}/new.db' AS x", NOT_A_QUERY),
    ("DETACH memory", NOT_A_QUERY),
    ("USE memory", NOT_A_QUERY),
    ("INSTALL httpfs", NOT_A_QUERY),
    ("LOAD httpfs", NOT_A_QUERY),
    ("SET threads = 1", NOT_A_QUERY),
    ("SET enable_external_access = true", NOT_A_QUERY),
    ("SET VARIABLE x = 1", NOT_A_QUERY),
    ("RESET memory_limit", NOT_A_QUERY),
    ("PRAGMA threads = 1", NOT_A_QUERY),
    ("PRAGMA enable_profiling", NOT_A_QUERY),
    ("CALL enable_logging()", NOT_A_QUERY),
    ("CREATE TABLE x AS SELECT 1", NOT_A_QUERY),
    ("CREATE OR REPLACE VIEW releases_v6 AS SELECT 1 AS x", NOT_A_QUERY),
    ("CREATE SECRET (TYPE s3)", NOT_A_QUERY),
    ("INSERT INTO releases_v6 SELECT * FROM releases_v6", NOT_A_QUERY),
    ("DELETE FROM releases_v6", NOT_A_QUERY),
    ("DROP VIEW releases_v6", NOT_A_QUERY),
    ("CHECKPOINT", NOT_A_QUERY),
    ("BEGIN", NOT_A_QUERY),
    ("PREPARE x AS SELECT 1", NOT_A_QUERY),
    ("EXECUTE x", NOT_A_QUERY),
    ("WITH x AS (SELECT 1) INSERT INTO y FROM x", NOT_A_QUERY),
    // Files that are none of the lake's.
    ("FROM '{out}/secret.csv'", NO_FILES),
    ("FROM read_csv('{out}/secret.csv')", NO_FILES),
    ("FROM read_csv(['{lake}/mine/own.csv', '{out}/secret.csv'])", NO_FILES),
    ("FROM read_csv('{lake}/../out/secret.csv')", NO_FILES),
    ("FROM read_text('{lake}/*/../../out/secret.csv')", NO_FILES),
    ("FROM read_json('{out}/secret.csv')", NO_FILES),
    ("FROM read_parquet('{out}/secret.csv')", NO_FILES),
    ("FROM parquet_metadata('{out}/secret.csv')", NO_FILES),
    ("FROM sniff_csv('{out}/secret.csv')", NO_FILES),
    ("FROM read_duckdb('{out}/secret.csv')", NO_FILES),
    ("SELECT (SELECT content FROM read_text('/etc/passwd')) AS x", NO_FILES),
    ("FROM read_blob('file:///etc/passwd')", NO_FILES),
    ("FROM read_text('/proc/self/environ')", NO_FILES),
    ("FROM read_text('https://127.0.0.1:1/x')", NO_FILES),
    ("FROM glob('{out}/*')", NO_FILES),
    ("FROM glob('{lake}/../*')", NO_FILES),
    // Functions that a SELECT may call and that do more than read, or hide what they call.
    ("FROM enable_logging(storage = 'file', storage_path = '{out}/logs')", NO_FUNCTION),
    ("FROM system.main.\"ENABLE_PROFILING\"(format = 'json', save_location = '{out}/new.json')", NO_FUNCTION),
    ("SELECT 1 FROM range(1) WHERE EXISTS (FROM disable_logging())", NO_FUNCTION),
    ("FROM query('FROM enable_logging()')", NO_FUNCTION),
    ("SUMMARIZE FROM enable_logging()", NO_FUNCTION),
    ("DESCRIBE SELECT * FROM enable_logging()", NO_FUNCTION),
    ("WITH a AS (FROM enable_logging()) FROM a", NO_FUNCTION),
    ("SELECT list_transform(['x'], lambda x: write_log(x)) AS x", NO_FUNCTION),
    ("FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", NO_FUNCTION),
    ("SELECT write_log('x') AS x FROM checkpoint()", NO_FUNCTION),
];

/// A published run, a file of people's own in the lake, and one beside it.
fn lake_and_secret() -> TestLake {
    let (lake, runs) = sealed_lake();
    lake.promote(runs[0]).expect_status(0);
    lake.write("lake/mine/own.csv", "a,b\n1,2\n");
    lake.write("out/secret.csv", "a,b\n3,4\n");
    lake
}

fn filled(lake: &TestLake, sql: &str) -> String {
    let out = lake.root().with_file_name("out");
    sql.replace("{lake}", lake.root().to_str().unwrap()).replace("{out}", out.to_str().unwrap())
}

fn names_in(lake: &TestLake, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(lake.root().with_file_name(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn query_refuses_what_does_more_than_read_the_lake() {
    let lake = lake_and_secret();
    let before = lake.snapshot();
    for (sql, reason) in REFUSED {
        let finished = lake.task("query").args(&["--sql", &filled(&lake, sql)]).run().expect_status(2);
        finished.expect_one_line(&["query: the given SQL: ", reason]);
    }
    before.expect_unchanged(&lake.root());
    assert_eq!(names_in(&lake, "out"), ["secret.csv"]);
}

#[test]
fn a_kpi_of_peoples_own_that_does_more_than_read_the_lake_fails() {
    let lake = lake_and_secret();
    lake.task("update-run-registry").run().expect_status(0);
    for (index, (sql, _)) in REFUSED.iter().enumerate() {
        lake.write(&format!("kpis/refused_{index:02}.sql"), filled(&lake, sql));
    }
    lake.write("kpis/n_own.sql", filled(&lake, "SELECT count(*) AS kpi_value FROM '{lake}/mine/own.csv'"));
    let before = lake.snapshot();
    let folder = lake.root().with_file_name("kpis");
    let arguments = ["--kpi-folder", folder.to_str().unwrap(), "--only-run-id", RUN];
    let finished = lake.task("compute-kpis").args(&arguments).run().expect_status(0);
    assert_eq!(finished.json()["metrics"]["kpis_failed"], REFUSED.len());
    for (index, (sql, reason)) in REFUSED.iter().enumerate() {
        let name = format!("refused_{index:02} failed: ");
        let line = finished.stderr.lines().find(|line| line.contains(&name));
        let line = line.unwrap_or_else(|| panic!("{sql}: {}", finished.stderr));
        assert!(line.contains(reason), "{sql}: {line}");
    }
    before.expect_unchanged(&lake.root());
    assert_eq!(names_in(&lake, "out"), ["secret.csv"]);
    // One that fails in the middle of the others stops none of them.
    let own = lake.task("query").args(&["--sql", "SELECT 1 AS one"]).run().expect_status(0);
    assert_eq!(own.json()["metrics"]["rows"], 1);
}

#[test]
fn sql_reads_files_of_the_lake_and_others_when_it_may() {
    let lake = lake_and_secret();
    let inside = filled(&lake, "FROM '{lake}/mine/own.csv'");
    lake.task("query").args(&["--sql", &inside]).run().expect_status(0);
    let outside = filled(&lake, "FROM '{out}/secret.csv'");
    let refused = lake.task("query").args(&["--sql", &outside]).run().expect_status(2);
    refused.expect_one_line(&["--allow-files=true"]);
    let allowed = lake.task("query").args(&["--sql", &outside, "--allow-files=true"]).run().expect_status(0);
    assert_eq!(allowed.json()["metrics"]["rows"], 1);
    // It still only reads.
    for sql in ["COPY (SELECT 1) TO '{out}/new.csv'", "SET threads = 1", "INSTALL httpfs"] {
        let sql = filled(&lake, sql);
        lake.task("query").args(&["--sql", &sql, "--allow-files=true"]).run().expect_status(2);
    }
    assert_eq!(names_in(&lake, "out"), ["secret.csv"]);
}

#[test]
fn a_link_that_leads_out_of_the_lake_leads_no_query_out() {
    let lake = lake_and_secret();
    for (name, target) in [("link.csv", "../../out/secret.csv"), ("folder", "../../out")] {
        let link = lake.root().join("mine").join(name);
        symlink(target, &link).unwrap();
        for file in ["link.csv", "folder/secret.csv"] {
            let sql = filled(&lake, &format!("FROM '{{lake}}/mine/{file}'"));
            let finished = lake.task("query").args(&["--sql", &sql]).run().expect_status(2);
            finished.expect_one_line(&[name, "outside the lake", "--allow-files=true"]);
        }
        fs::remove_file(link).unwrap();
    }
}
