//! `query` only reads, regardless of its SQL: it changes nothing in the lake, and its CSV is complete or missing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Finished, TestLake, eventually, sealed_lake, signal};

/// Enough rows that a result in memory shows, and one that is passed on does not: 300 MB.
const LARGE: &str = "SELECT i, repeat('x', 1000) AS text FROM range(300000) AS t(i)";

fn published() -> TestLake {
    let (lake, runs) = sealed_lake();
    lake.promote(runs[0]).expect_status(0);
    lake
}

fn query(lake: &TestLake, sql: &str, csv: &Path) -> Finished {
    lake.task("query").args(&["--sql", sql, "--csv", csv.to_str().unwrap()]).run()
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_csv_never_lands_in_what_the_lake_keeps() {
    let lake = published();
    symlink("lake/active/releases_v6", lake.root().with_file_name("link")).unwrap();
    symlink("_runs/nowhere", lake.root().join("dangling")).unwrap();
    let seal = format!("_meta/seals/{}.sha256", crate::support::RUN);
    let before = (lake.snapshot(), fs::read(lake.root().join(&seal)).unwrap());
    for (place, part) in [
        ("active/releases_v6/x.parquet", "only the lake's own tasks may change"),
        ("active/x.csv", "only the lake's own tasks may change"),
        ("active", "only the lake's own tasks may change"),
        ("_runs/x.csv", "only the lake's own tasks may change"),
        ("../link/x.csv", "only the lake's own tasks may change"),
        ("dangling", "a link that leads nowhere"),
        (&seal, "only the lake's own tasks may change"),
    ] {
        let finished = query(&lake, "SELECT 1 AS one", &lake.root().join(place)).expect_status(2);
        finished.expect_one_line(&[part]);
    }
    before.0.expect_unchanged(&lake.root());
    assert_eq!(fs::read(lake.root().join(&seal)).unwrap(), before.1);
}

#[test]
fn what_writes_is_no_query() {
    let lake = published();
    let place = lake.root().join("active/releases_v6/x.parquet");
    let before = lake.snapshot();
    for sql in [
        &format!("COPY (SELECT 1) TO '{}'", place.display()),
        &format!("SELECT 1; COPY (SELECT 1) TO '{}'", place.display()),
        &format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'", place.display()),
        &format!("COPY (SELECT 1) TO '{}'; SELECT 1", place.display()),
        &format!("ATTACH '{}' AS x", place.display()),
        &format!("EXPORT DATABASE '{}'", place.display()),
        "SET threads = 1",
    ] {
        let finished = lake.task("query").args(&["--sql", sql]).run().expect_status(2);
        finished
            .expect_one_line(&["Expected a single SELECT statement", "give one SELECT, DESCRIBE, SHOW or SUMMARIZE"]);
    }
    before.expect_unchanged(&lake.root());
    for sql in [
        "SELECT 'a;b' AS text; -- and no more",
        "WITH one AS (SELECT 1) FROM one",
        "DESCRIBE labels_v10",
        "SHOW TABLES",
        "SUMMARIZE label_urls_v1",
    ] {
        lake.task("query").args(&["--sql", sql]).run().expect_status(0);
    }
    // A mistake is told as DuckDB tells it, without what stands around the statement.
    let finished = lake.task("query").args(&["--sql", "SELECT unknown FROM labels_v10"]).run().expect_status(2);
    assert!(!finished.stderr.contains("query("), "{}", finished.stderr);
    finished.expect_one_line(&["the given SQL: Binder Error: Referenced column \"unknown\" not found", "query --list"]);
}

/// The statement is right: what it needs is more than there is.
#[test]
fn a_query_that_takes_too_much_memory_is_no_mistake_of_its_statement() {
    let lake = published();
    let sql = "SELECT i, count(*) AS n FROM range(3000000) AS t(i) GROUP BY i ORDER BY n, i";
    let finished = lake.task("query").args(&["--memory-limit", "1MiB", "--sql", sql]).run().expect_status(1);
    assert_eq!(finished.json()["error"]["class"], "unexpected");
    assert!(!finished.stderr.contains("query --list"), "{}", finished.stderr);
    finished.expect_one_line(&["the given SQL: Out of Memory Error", "set memory_limit higher"]);
}

#[test]
fn a_csv_is_whole_or_what_it_was() {
    let lake = published();
    let csv = lake.write("out/rows.csv", "old rows\n");
    let fails = "SELECT CASE WHEN i < 100000 THEN i ELSE error('no more') END AS i FROM range(200000) AS t(i)";
    let arguments = ["--sql", fails, "--csv", csv.to_str().unwrap()];
    lake.task("query").args(&arguments).run().expect_status(1).expect_stderr("no more");
    assert_eq!(fs::read_to_string(&csv).unwrap(), "old rows\n");
    assert_eq!(files_in(csv.parent().unwrap()), ["rows.csv"]);

    query(&lake, "SELECT 1 AS a, NULL AS a, 'x,y' AS text", &csv).expect_status(0);
    assert_eq!(fs::read_to_string(&csv).unwrap(), "a,a,text\n1,,\"x,y\"\n");
    query(&lake, "SELECT 1 AS a WHERE FALSE", &csv).expect_status(0);
    assert_eq!(fs::read_to_string(&csv).unwrap(), "a\n");
    // A link stays one, and a device is written to.
    symlink("rows.csv", csv.with_file_name("link.csv")).unwrap();
    query(&lake, "SELECT 2 AS b", &csv.with_file_name("link.csv")).expect_status(0);
    assert_eq!(fs::read_to_string(&csv).unwrap(), "b\n2\n");
    let finished = query(&lake, "SELECT 3 AS c", Path::new("/dev/stderr")).expect_status(0);
    assert_eq!(finished.stderr, "c\n3\n");
}

/// A thread of DuckDB fails and interrupts those that hand out rows.
#[test]
fn a_query_that_fails_on_several_threads_says_why() {
    let lake = published();
    let csv = lake.write("out/rows.csv", "old rows\n");
    for source in ["range(120000) AS t(i)", "(SELECT DISTINCT i FROM range(300000) AS t(i)) AS t"] {
        let fails = format!(
            "SELECT repeat('x', 100) AS text, CASE WHEN i < 100000 THEN i ELSE error('no more') END AS i FROM {source}"
        );
        for _ in 0..3 {
            let arguments = ["--sql", &fails, "--csv", csv.to_str().unwrap(), "--threads", "4"];
            let finished = lake.task("query").args(&arguments).run().expect_status(1).expect_stderr("no more");
            assert!(!finished.stderr.contains("Interrupt"), "{}", finished.stderr);
        }
    }
    assert_eq!(fs::read_to_string(&csv).unwrap(), "old rows\n");
}

#[test]
fn a_large_result_takes_no_more_memory() {
    let lake = published();
    let csv = lake.root().with_file_name("rows.csv");
    let small = query(&lake, "SELECT 1 AS one", &csv).expect_status(0).json();
    let peak = |result: &serde_json::Value| result["metrics"]["peak_memory_bytes"].as_u64().unwrap();
    let large = query(&lake, LARGE, &csv).expect_status(0).json();
    let shown = lake.task("query").args(&["--sql", LARGE]).run().expect_status(0).expect_stderr("299960 more rows");
    for result in [large, shown.json()] {
        assert_eq!(result["metrics"]["rows"], 300_000);
        let more = peak(&result).saturating_sub(peak(&small)) >> 20;
        assert!(more < 100, "{more} MiB more for 300 MB of rows");
    }
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let lake = published();
    let folder = lake.write("out/x", "").parent().unwrap().to_owned();
    let mut command = lake.task("query");
    command.args(&["--sql", "SELECT i FROM range(10000000000) AS t(i)", "--csv"]).env("TMPDIR", &folder);
    let child = command.args(&[folder.join("rows.csv").to_str().unwrap()]).spawn();
    eventually("rows are written", || files_in(&folder).iter().any(|name| name.starts_with(".unfinished.")));
    assert!(files_in(&folder).len() > 2, "no scratch in {:?}", files_in(&folder));
    signal(&child, Signal::TERM);
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
    assert_eq!(files_in(&folder), ["x"]);
}
