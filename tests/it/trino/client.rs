//! The protocol, against a scripted server. Only the test of a POST without a GET needs a Trino.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use discogs_lakehouse::sql::{SqlFile, Trino, TrinoParameters};
use rustix::process::Signal;

use super::stack::Stack;
use crate::support::{Dir, Finished, signal};

pub(super) type Requests = Arc<Mutex<Vec<String>>>;

/// A server that answers what `answer` says to a request line and the number of requests before it; it keeps the lines.
fn server(answer: impl Fn(&str, usize, &str) -> (u16, String) + Send + 'static) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let (kept, own) = (requests.clone(), url.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap(), &kept, |line, before| answer(line, before, &own));
        }
    });
    (url, requests)
}

/// Answers one request, and keeps its line and its user.
pub(super) fn serve(stream: impl Read + Write, requests: &Requests, answer: impl Fn(&str, usize) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut length = 0;
    let mut authorization = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if header.to_ascii_lowercase().starts_with("authorization:") {
            authorization = header["authorization:".len()..].trim_end().to_owned();
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let before = requests.lock().unwrap().len();
    requests.lock().unwrap().push(format!("{}{authorization}", line.trim()));
    let (status, text) = answer(&line, before);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let _ = reader.get_mut().write_all(format!("{head}{text}").as_bytes());
}

fn session(url: &str) -> Trino {
    let parameters = TrinoParameters {
        trino_url: Some(url.to_owned()),
        trino_user: "test".to_owned(),
        trino_catalog: "hive".to_owned(),
        ..TrinoParameters::default()
    };
    Trino::open(&parameters, "discogs", std::sync::Arc::new(digdag_task::Quiet)).unwrap()
}

fn rows(cells: &str) -> String {
    format!(r#"{{"id":"q1","columns":[{{"name":"n"}}],"data":{cells},"stats":{{"state":"FINISHED"}}}}"#)
}

#[test]
fn pages_are_followed_and_a_busy_server_is_asked_again() {
    let (url, requests) = server(|_, before, url| match before {
        0 => (503, String::new()),
        1 => (200, format!(r#"{{"id":"q1","nextUri":"{url}/v1/next/1","stats":{{"state":"QUEUED"}}}}"#)),
        2 => (502, String::new()),
        3 => {
            (200, format!(r#"{{"id":"q1","nextUri":"{url}/v1/next/2","columns":[{{"name":"n"}}],"data":[[1,null]]}}"#))
        }
        _ => (200, rows(r#"[["two",true]]"#)),
    });
    let (header, rows) = session(&url).table("SELECT 1", "a test").unwrap();
    assert_eq!(header, ["n"]);
    let expected = [[Some("1"), None], [Some("two"), Some("true")]];
    assert_eq!(rows, expected.map(|row| row.map(|cell| cell.map(str::to_owned)).to_vec()));
    assert_eq!(requests.lock().unwrap().len(), 5);
}

#[test]
fn a_read_whose_files_went_away_is_asked_again_and_a_change_is_not() {
    let gone = r#"{"id":"q1","error":{"message":"gone","errorName":"HIVE_CANNOT_OPEN_SPLIT"}}"#;
    let (url, _) = server(move |_, before, _| if before < 2 { (200, gone.to_owned()) } else { (200, rows("[[7]]")) });
    assert_eq!(session(&url).table("SELECT 1", "a test").unwrap().1, [[Some("7".to_owned())]]);

    let (url, requests) = server(move |_, _, _| (200, gone.to_owned()));
    let error = session(&url).execute("CREATE TABLE x (y bigint)", "a test").unwrap_err();
    assert_eq!(error.to_string(), "a test: gone (HIVE_CANNOT_OPEN_SPLIT, query q1)");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[test]
fn an_error_names_the_line_of_the_sql_file() {
    let file = SqlFile::load("checks/artists_v1.empty_name").unwrap();
    let line = file.text.lines().count();
    let wrapped = format!("-- a comment\nSELECT count(*) FROM ({}) AS broken", file.text);
    let answer = format!(
        r#"{{"id":"q9","error":{{"message":"line {n}:7: no","errorName":"COLUMN_NOT_FOUND",
            "errorLocation":{{"lineNumber":{n},"columnNumber":7}}}}}}"#,
        n = line + 1
    );
    let (url, _) = server(move |_, _, _| (200, answer.clone()));
    let error = session(&url).table(&wrapped, &file.path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("sql/checks/artists_v1.empty_name.sql:{line}: ")), "{error}");
    assert!(error.ends_with("(COLUMN_NOT_FOUND, query q9)"), "{error}");
}

/// Trino's message for an error at a line and column, and the message of the task for it.
fn said_of(line: usize, column: usize, sql: &str, origin: &str) -> String {
    let answer = format!(
        r#"{{"id":"q9","error":{{"message":"no","errorName":"COLUMN_NOT_FOUND",
            "errorLocation":{{"lineNumber":{line},"columnNumber":{column}}}}}}}"#
    );
    let (url, _) = server(move |_, _, _| (200, answer.clone()));
    let error = session(&url).table(sql, origin).unwrap_err().to_string();
    error.strip_suffix(": no (COLUMN_NOT_FOUND, query q9)").unwrap_or(&error).to_owned()
}

/// Returns the line and column of the first occurrence of a text in another.
fn at(sql: &str, text: &str) -> (usize, usize) {
    let before = &sql[..sql.find(text).unwrap()];
    let line = before.rsplit('\n').next().unwrap();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn filled(file: &SqlFile) -> String {
    let places = [("key", "\"a\", \"b\""), ("table", "\"t\""), ("column", "\"c\"")];
    file.with(&places)
}

#[test]
fn the_line_is_that_of_the_file_where_places_are_filled_and_others_stand_around() {
    let file = SqlFile::load("checks/generic/not_null").unwrap();
    let wrapped = SqlFile::load("checks/generic/count").unwrap().with(&[("query", &filled(&file))]);
    let origin = format!("{} for t", file.path);
    for (text, place) in [("FROM \"t\"", "FROM {table}"), ("\"c\"", "{column}"), ("\"a\", \"b\"", "{key}")] {
        let (line, column) = at(&wrapped, text);
        let expected = at(&file.text, place).0;
        assert_eq!(said_of(line, column, &wrapped, &origin), format!("{}:{expected} for t", file.path), "{text}");
    }
    // What stands around it is of no line of the file.
    let (line, column) = at(&wrapped, "SELECT count(*)");
    assert_eq!(said_of(line, column, &wrapped, &origin), origin);
    let last = wrapped.trim_end().lines().count();
    assert_eq!(said_of(last, 3, &wrapped, &origin), origin);
}

#[test]
fn the_line_is_that_of_the_file_in_each_of_its_copies() {
    let file = SqlFile::load("trino/verify").unwrap();
    let copy = |table: &str| {
        file.with(&[("name", "'n'"), ("table", table), ("column", "\"c\""), ("least", "1"), ("most", "9")])
    };
    let sql = [copy("\"one\""), copy("\"two\""), copy("\"three\"")].join("UNION ALL\n");
    let expected = at(&file.text, "AS n_between").0;
    for table in ["one", "two", "three"] {
        let (line, column) = at(&sql, &format!("\"{table}\" WHERE \"c\" BETWEEN"));
        assert_eq!(said_of(line, column, &sql, &file.path), format!("{}:{expected}", file.path), "{table}");
    }
}

#[test]
fn where_no_line_can_be_told_there_is_none() {
    let file = SqlFile::load("trino/create_table").unwrap();
    let columns = "\"a\" bigint,\n    \"b\" shape";
    let sql = file.with(&[("table", "\"t\""), ("columns", columns), ("comment", "'c'"), ("location", "'l'")]);
    let origin = "sql/trino/create_table.sql for t";
    let (line, column) = at(&sql, "shape");
    assert_eq!(said_of(line, column, &sql, origin), origin);
    let (line, column) = at(&sql, "'l'");
    let expected = at(&file.text, "{location}").0;
    assert_eq!(said_of(line, column, &sql, origin), format!("sql/trino/create_table.sql:{expected} for t"));
    assert_eq!(said_of(1, 1, "SELECT x", "a test"), "a test");
    assert_eq!(said_of(1, 1, "SELECT x", "sql/no/such.sql"), "sql/no/such.sql");
}

/// A long statement reports its progress every five seconds.
#[test]
fn a_long_query_says_how_far_it_is() {
    let (url, _) = server(|_, _, url| {
        std::thread::sleep(Duration::from_millis(500));
        let stats = r#"{"state":"RUNNING","completedSplits":3,"totalSplits":8,"processedRows":1200}"#;
        (200, format!(r#"{{"id":"q1","nextUri":"{url}/v1/next","stats":{stats}}}"#))
    });
    let lake = Dir::new();
    make_active(&lake);
    let mut report = lake.command(env!("CARGO_BIN_EXE_report-active"));
    let child = report.args(&["--lake", ".", "--engine", "trino", "--trino-url", &url]).spawn();
    std::thread::sleep(Duration::from_millis(6500));
    signal(&child, Signal::TERM);
    let finished = Finished::of(child.wait_with_output().unwrap());
    let line = finished.stderr.lines().find(|line| line.contains("splits")).unwrap_or(&finished.stderr);
    let expected = "report-active: sql/checks/generic/rows.sql on Trino: running, 3 of 8 splits, 1200 rows, 5 s";
    assert!(line.starts_with(expected), "{line}");
    assert_eq!(finished.stderr.matches("splits").count(), 1, "{}", finished.stderr);
}

#[test]
fn a_task_that_is_stopped_cancels_its_query() {
    let (url, requests) = server(|line, _, url| match line.starts_with("DELETE") {
        true => (204, String::new()),
        false => {
            std::thread::sleep(Duration::from_millis(50));
            (200, format!(r#"{{"id":"q1","nextUri":"{url}/v1/next","stats":{{"state":"RUNNING"}}}}"#))
        }
    });
    let lake = Dir::new();
    make_active(&lake);
    let mut report = lake.command(env!("CARGO_BIN_EXE_report-active"));
    let child = report.args(&["--lake", ".", "--engine", "trino", "--trino-url", &url]).spawn();
    let seen = |what: &str| requests.lock().unwrap().iter().any(|line| line.starts_with(what));
    let started = Instant::now();
    while !seen("GET") {
        assert!(started.elapsed() < Duration::from_secs(20), "no query came");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
    assert!(seen("DELETE /v1/next "), "{:?}", requests.lock().unwrap());
}

/// A POST alone starts nothing: a task that is stopped before the answer has nothing to cancel, and a repeated POST
/// leaves nothing running.
#[test]
fn a_statement_that_nobody_asks_after_is_not_begun() {
    let Some(stack) = Stack::new() else { return };
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().proxy(None).build());
    let request = agent.post(format!("{}/v1/statement", stack.url())).header("X-Trino-User", "test");
    let text = request.send(format!("CREATE SCHEMA hive.{}", stack.schema())).unwrap().body_mut().read_to_string();
    assert!(text.unwrap().contains("nextUri"));
    std::thread::sleep(Duration::from_secs(2));
    assert!(
        stack
            .session_in("default")
            .table(&format!("SHOW SCHEMAS FROM hive LIKE '{}'", stack.schema()), "a test")
            .unwrap()
            .1
            .is_empty()
    );
}

#[test]
fn a_password_is_not_sent_over_plain_http_nor_shown() {
    let lake = Dir::new();
    make_active(&lake);
    let mut report = lake.command(env!("CARGO_BIN_EXE_report-active"));
    report.args(&["--lake", ".", "--engine", "trino", "--trino-url", "http://127.0.0.1:1"]);
    let finished = report.env("TRINO_PASSWORD", "open sesame").run().expect_status(2);
    let finished = finished.expect_stderr("a password or token is not sent over plain http");
    assert!(!finished.stderr.contains("sesame") && !finished.stdout.contains("sesame"));
}

#[test]
fn a_trino_that_is_not_there_is_status_6() {
    let lake = Dir::new();
    make_active(&lake);
    let mut report = lake.command(env!("CARGO_BIN_EXE_report-active"));
    report.args(&["--lake", ".", "--engine", "trino", "--trino-url", "http://127.0.0.1:1"]);
    report.run().expect_status(6).expect_stderr("Trino at http://127.0.0.1:1 does not answer");
}

/// A lake whose active run holds one table without rows: enough for a first query.
pub(super) fn make_active(lake: &Dir) {
    use discogs_lakehouse::contract::Contract;
    use discogs_lakehouse::lake::{Counted, Lake, Producer, Run};
    use discogs_lakehouse::parquet::DatasetWriter;

    let id = "2026-11__20261120_000000";
    let description = format!(
        r#"{{"format":1,"run_id":"{id}","dump_month":"2026-11","dump_date":"20261101","run_mode":"dev",
            "created":"2026-11-20T00:00:00Z","dumps":{{}},"checksums":{{}},"version":"0"}}"#
    );
    let root = lake.path("");
    let run = Run::create(&Lake::open(&root).unwrap(), &serde_json::from_str(&description).unwrap()).unwrap().0;
    let contract = Contract::load().unwrap();
    let table = contract.table("artists_v1_typed").unwrap();
    let writable = run.writable("test").unwrap();
    let staging = writable.staging().unwrap();
    let staged = staging.dataset(&run, &table.name).unwrap();
    let writer = DatasetWriter::new(table, staged).unwrap();
    let (staged, dataset) = writer.finish(&run, &Producer::this_version("test"), &[], &Counted::default()).unwrap();
    writable.commit(staged, &dataset, false).unwrap();
    std::os::unix::fs::symlink(Path::new("_runs").join(id), root.join("active")).unwrap();
}
