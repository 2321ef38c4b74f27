//! Clients that go away, a kill under load, and a stop: what was answered as committed is there, and nothing is doubled.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{Server, empty, with_run};
use crate::support::eventually;

#[test]
fn what_was_answered_as_committed_outlives_a_kill_and_nothing_is_doubled() {
    let lake = empty();
    let acknowledged = Mutex::new(BTreeSet::new());
    let mut sent = 0;
    for round in 0..3 {
        let server = Server::start(&lake, &["--ingests", "3"]);
        if round == 0 {
            server.ingest("log?key=id&mode=append", "id\n0\n", &[]).expect(200);
        }
        let (stop, next) = (AtomicBool::new(false), AtomicU64::new(sent));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let id = next.fetch_add(1, Ordering::Relaxed) + 1;
                        let csv = format!("id\n{id}\n");
                        let headers = [("Content-Type", "text/csv"), ("Idempotency-Key", &*format!("row-{id}"))];
                        let path = "/ingest/log?mode=append";
                        let Ok(reply) = server.try_send("POST", path, &headers, csv.as_bytes()) else { break };
                        if reply.status == 200 {
                            acknowledged.lock().unwrap().insert(id);
                        }
                    }
                });
            }
            let before = acknowledged.lock().unwrap().len();
            eventually("some rows are committed", || acknowledged.lock().unwrap().len() >= before + 4);
            rustix::process::kill_process(rustix::process::Pid::from_child(&server.child), Signal::KILL).unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        sent = next.load(Ordering::Relaxed);
    }
    let server = Server::start(&lake, &[]);
    let rows = |server: &Server| server.query("SELECT id FROM mine.log ORDER BY id").expect(200).json();
    let found: Vec<u64> = rows(&server).as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect();
    let distinct: BTreeSet<u64> = found.iter().copied().collect();
    assert_eq!(found.len(), distinct.len(), "doubled rows: {found:?}");
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.is_subset(&distinct), "lost: {:?}", acknowledged.difference(&distinct).collect::<Vec<_>>());
    // Each request that was ever sent is repeated with its key: afterwards every row is in the table once.
    for id in 1..=sent {
        let headers = [("Idempotency-Key", &*format!("row-{id}"))];
        server.ingest("log?mode=append", &format!("id\n{id}\n"), &headers).expect(200);
    }
    assert_eq!(rows(&server).as_array().unwrap().len() as u64, sent + 1);
}

#[test]
fn a_job_at_a_kill_is_told_as_committed_or_failed() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    let csv: String = std::iter::once("id\n".to_owned()).chain((0..300_000).map(|id| format!("{id}\n"))).collect();
    let headers = [("Prefer", "respond-async")];
    let ids: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|table| {
            server.ingest(&format!("{table}?key=id"), &csv, &headers).expect(202).json()["job_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    server.kill();
    let server = Server::start(&lake, &[]);
    for (id, table) in ids.iter().zip(["a", "b", "c"]) {
        let job = server.get(&format!("/jobs/{id}")).expect(200).json();
        let there = server.get(&format!("/tables/mine.{table}")).status == 200;
        match job["status"].as_str().unwrap() {
            "committed" => assert!(there && job["result"]["inserted"] == 300_000, "{job}"),
            "failed" => {
                assert!(!there, "{job}");
                assert_eq!((&job["error"]["class"], &job["error"]["retryable"]), (&json!("stopped"), &json!(true)));
            }
            other => panic!("{other}: {job}"),
        }
    }
}

#[test]
fn a_client_that_goes_away_ends_its_query_and_not_its_ingest() {
    let lake = with_run();
    let server = Server::start(&lake, &["--queries", "1"]);
    // In the middle of an answer.
    let body = json!({"sql": "SELECT i, repeat('x', 1000) AS text FROM range(2000000) AS t(i)"}).to_string();
    let mut reader = server.connect();
    let head = "POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    write!(reader, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    reader.read_exact(&mut [0; 1000]).unwrap();
    drop(reader);
    eventually("the query has ended", || server.metric("server_queries_running") == 0.0);
    // Behind the last byte of a body.
    let mut writer = server.connect();
    let ingest = "POST /ingest/t?key=id HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n";
    write!(writer, "{ingest}Content-Length: 5\r\n\r\nid\n1\n").unwrap();
    eventually("the body arrived", || server.metric("server_ingests") > 0.0 || server.get("/tables/t").status == 200);
    drop(writer);
    eventually("the row is committed", || server.get("/tables/t").status == 200);
    // Before it.
    let mut writer = server.connect();
    write!(writer, "{ingest}Content-Length: 500\r\n\r\nid\n2\n").unwrap();
    eventually("the body is awaited", || server.metric("server_ingests") > 0.0);
    drop(writer);
    eventually("the ingest is given up", || server.metric("server_ingests") == 0.0);
    assert_eq!(server.query("SELECT id FROM mine.t").expect(200).json(), json!([{"id": 1}]));
    lake.expect_nothing_staged();
}

#[test]
fn a_stop_finishes_what_runs_and_refuses_what_waits() {
    let lake = with_run();
    let server = Server::start(&lake, &["--queries", "1", "--stop-timeout", "30s"]);
    let slow = "SELECT SUM(sin(a.range)) AS s FROM range(60000000) a";
    let (finished, waited) = std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            server.try_send(
                "POST",
                "/query",
                &[("Content-Type", "application/json")],
                json!({"sql": slow}).to_string().as_bytes(),
            )
        });
        eventually("it runs", || server.metric("server_queries_running") == 1.0);
        let waiting = scope.spawn(|| {
            server.try_send("POST", "/query", &[("Content-Type", "application/json")], br#"{"sql": "SELECT 1"}"#)
        });
        eventually("it waits", || server.metric("server_queries_waiting") == 1.0);
        rustix::process::kill_process(rustix::process::Pid::from_child(&server.child), Signal::TERM).unwrap();
        (running.join().unwrap(), waiting.join().unwrap())
    });
    finished.unwrap().expect(200);
    waited.unwrap().problem(503, "busy", "being stopped");
    let (status, result) = server.stop(Signal::TERM);
    assert_eq!((status.code(), &result["status"]), (Some(0), &json!("done")));
}

#[test]
fn a_stop_cancels_what_takes_too_long() {
    let lake = with_run();
    let server = Server::start(&lake, &["--stop-timeout", "1s"]);
    let long = json!({"sql": "SELECT COUNT(*) FROM range(1000000000000) AS t(i) WHERE hash(i) % 7 = 3"});
    let began = Instant::now();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            server.try_send("POST", "/query", &[("Content-Type", "application/json")], long.to_string().as_bytes())
        });
        eventually("it runs", || server.metric("server_queries_running") == 1.0);
        rustix::process::kill_process(rustix::process::Pid::from_child(&server.child), Signal::TERM).unwrap();
        if let Ok(reply) = running.join().unwrap() {
            reply.problem(503, "busy", "being stopped");
        }
    });
    let (status, _) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(40));
}
