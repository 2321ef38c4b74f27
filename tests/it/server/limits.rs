//! Each limit of the server: of bodies, heads, rows, time, and of what runs at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Server, empty, with_run};
use crate::support::eventually;

/// A statement that runs for minutes.
const LONG: &str = "SELECT COUNT(*) FROM range(1000000000000) AS t(i) WHERE hash(i) % 7 = 3";

/// Sends a query and returns the connection without reading from it.
fn asked(server: &Server, sql: &str, accept: &str) -> TcpStream {
    let body = json!({ "sql": sql }).to_string();
    let mut stream = server.connect();
    write!(
        stream,
        "POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {accept}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_query_that_takes_too_long_is_cancelled() {
    let lake = with_run();
    let server = Server::start(&lake, &["--query-timeout", "2s", "--queries", "1"]);
    let problem = server.query(LONG).problem(504, "timeout", "after 2 s");
    assert_eq!(problem["retryable"], false);
    let shorter = json!({"sql": LONG, "timeout_seconds": 1});
    server.ask(&shorter, "*/*").problem(504, "timeout", "after 1 s");
    // The only place is free again.
    server.query("SELECT 1 AS one").expect(200);
    assert_eq!(server.metric("server_queries_running"), 0.0);
}

#[test]
fn a_query_with_too_many_rows_fails_and_is_not_cut_short() {
    let lake = with_run();
    let server = Server::start(&lake, &["--max-rows", "1000"]);
    server.query("FROM range(1001)").problem(422, "bad_input", "more than 1000 rows");
    let fewer = json!({"sql": "FROM range(11)", "max_rows": 10});
    server.ask(&fewer, "*/*").problem(422, "bad_input", "more than 10 rows");
    let more = json!({"sql": "FROM range(1001)", "max_rows": 5000});
    server.ask(&more, "*/*").problem(422, "bad_input", "more than 1000 rows");
    assert_eq!(server.query("FROM range(1000)").expect(200).json().as_array().unwrap().len(), 1000);
    drop(server);
    // Behind the first rows the connection breaks off: no client takes the rows for all of them.
    let server = Server::start(&lake, &["--max-rows", "300000"]);
    let asked = json!({"sql": "FROM range(300001)"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let broken = server.try_send("POST", "/query", &headers, asked.as_bytes());
    assert!(broken.is_err(), "the answer seems whole");
    eventually("it is counted", || server.metric("server_broken_answers_total") == 1.0);
}

#[test]
fn queries_beyond_those_that_run_and_wait_are_refused() {
    let lake = with_run();
    let options = ["--queries", "1", "--query-queue", "1", "--queue-timeout", "5s"];
    let server = Server::start(&lake, &options);
    let running = asked(&server, LONG, "*/*");
    eventually("it runs", || server.metric("server_queries_running") == 1.0);
    let began = Instant::now();
    let (third, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| server.query("SELECT 1"));
        eventually("it waits", || server.metric("server_queries_waiting") == 1.0);
        (server.query("SELECT 1"), second.join().unwrap())
    });
    assert_eq!(third.header("retry-after"), Some("2"));
    third.problem(503, "busy", "1 queries wait already");
    assert_eq!(second.problem(503, "busy", "waited for 5 s")["retryable"], true);
    assert!(began.elapsed() < Duration::from_secs(60));
    // A client that goes away frees its place.
    drop(running);
    eventually("its query has ended", || server.metric("server_queries_running") == 0.0);
    server.query("SELECT 1").expect(200);
}

#[test]
fn a_slow_reader_is_cut_off() {
    let lake = with_run();
    let server = Server::start(&lake, &["--stall-timeout", "1s", "--queries", "1"]);
    // More than the buffers of the system hold.
    let _reader = asked(&server, "SELECT i, repeat('x', 1000) AS text FROM range(200000) AS t(i)", "text/csv");
    eventually("it runs", || server.metric("server_queries_running") == 1.0);
    eventually("it is cut off", || server.metric("server_queries_running") == 0.0);
    server.query("SELECT 1").expect(200);
    assert!(server.metric("server_peak_memory_bytes") < 1.5e9);
}

#[test]
fn a_slow_sender_is_cut_off() {
    let lake = empty();
    let options = ["--stall-timeout", "3s", "--header-timeout", "1s", "--body-timeout", "6s", "--ingest-queue", "1"];
    let server = Server::start(&lake, &options);
    // Half of a head.
    let mut head = server.connect();
    head.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    assert!(!read_to_end(&mut head).contains("200 OK"));
    // A head, and half of a body.
    let request =
        "POST /ingest/t?key=id HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\n";
    let mut body = server.connect();
    body.write_all(format!("{request}id\n1\n").as_bytes()).unwrap();
    // The only place is taken meanwhile.
    eventually("the body is awaited", || server.metric("server_ingests") == 1.0);
    server.ingest("t?key=id", "id\n1\n", &[]).problem(503, "busy", "ingests");
    let answer = read_to_end(&mut body);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"timeout\""), "{answer}");
    // A byte now and then does not help.
    let mut drip = server.connect();
    drip.write_all(request.as_bytes()).unwrap();
    let began = Instant::now();
    while drip.write_all(b"i").is_ok() && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(began.elapsed() < Duration::from_secs(25), "the sender was not cut off");
    eventually("the place is free", || server.metric("server_ingests") == 0.0);
    server.get("/tables/t").problem(404, "not_found", "no such table");
    lake.expect_nothing_staged();
}

#[test]
fn a_body_and_a_head_that_are_too_long_are_refused() {
    let lake = empty();
    let server = Server::start(&lake, &["--max-body", "1KiB"]);
    let csv = format!("id\n{}", "1\n".repeat(600));
    server.ingest("t?key=id", &csv, &[]).problem(413, "too_large", "1024 bytes");
    // Without a length, the body is cut off at the limit.
    let chunk = "1\n".repeat(500);
    let chunks = format!("{:x}\r\n{chunk}\r\n", chunk.len()).repeat(3);
    let request = "POST /ingest/t?key=id HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = server.raw(&format!("{request}{chunks}0\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let head =
        "POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2097152\r\n\r\n";
    let answer = server.raw(head);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("1048576 bytes"), "{answer}");
    server.query(&format!("SELECT '{}'", "x".repeat(300 << 10))).problem(413, "too_large", "the statement");
    let header = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10));
    assert!(server.raw(&header).starts_with("HTTP/1.1 431"));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-A: b\r\n".repeat(80));
    assert!(server.raw(&many).starts_with("HTTP/1.1 431"));
    assert!(server.raw("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert!(
        server
            .raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
            .starts_with("HTTP/1.1 400")
    );
    server.get("/healthz").expect(200);
    lake.expect_nothing_staged();
}

#[test]
fn connections_beyond_the_limit_wait() {
    let lake = empty();
    let server = Server::start(&lake, &["--connections", "2"]);
    let (first, second) = (server.connect(), server.connect());
    let mut third = server.connect();
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    third.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    assert!(third.read(&mut [0; 1]).is_err(), "the third connection is served");
    drop((first, second));
    third.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert!(read_to_end(&mut third).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_query_without_enough_memory_fails_alone() {
    let lake = with_run();
    let server = Server::start(&lake, &["--memory-limit", "256MiB", "--queries", "2", "--spill-limit", "16MiB"]);
    let sql =
        "SELECT COUNT(*) FROM (SELECT DISTINCT i, repeat('x', 100) || i::VARCHAR AS text FROM range(20000000) AS t(i))";
    server.query(sql).problem(422, "bad_input", "Out of Memory");
    server.query("SELECT 1").expect(200);
    let refused = lake.call("lakehouse-server", &["--memory-limit", "100MiB", "--listen", "127.0.0.1:0"]).run();
    refused.expect_status(2).expect_stderr("memory_limit");
}
