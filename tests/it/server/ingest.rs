//! `POST /ingest/{table}`: modes, formats, jobs, and repeats.

use serde_json::{Value, json};

use super::{Server, empty};
use crate::support::eventually;

fn rows(server: &Server, table: &str) -> Value {
    server.query(&format!("FROM mine.{table} ORDER BY ALL")).expect(200).json()
}

#[test]
fn rows_are_upserted_appended_replaced_and_deleted() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    let job = server.ingest("stock?key=id", "id,n\n1,a\n2,b\n2,c\n", &[]).expect(200).json();
    assert_eq!(
        (&job["status"], &job["table"], &job["mode"]),
        (&json!("committed"), &json!("mine.stock"), &json!("upsert"))
    );
    let result = &job["result"];
    assert_eq!((&result["rows"], &result["inserted"], &result["duplicates"]), (&json!(3), &json!(2), &json!(1)));
    assert!(result["snapshot_id"].is_string() && job["error"].is_null(), "{job}");
    assert_eq!(server.get(&format!("/jobs/{}", job["job_id"].as_str().unwrap())).expect(200).json(), job);
    assert_eq!(rows(&server, "stock"), json!([{"id": 1, "n": "a"}, {"id": 2, "n": "c"}]));

    let same = server.ingest("stock", "id,n\n1,a\n", &[]).expect(200).json();
    assert_eq!((&same["status"], &same["result"]["snapshot_id"]), (&json!("unchanged"), &Value::Null));
    let more = server.ingest("stock", "id,n,size\n3,d,7\n", &[]).expect(200).json();
    assert_eq!(more["result"]["columns_added"], json!(["size"]));
    server.ingest("stock?mode=delete", "id\n1\n", &[]).expect(200);
    server.ingest("stock?mode=append", "id,n\n9,z\n", &[]).expect(200);
    server.ingest("stock?partial=true", "id,size\n2,5\n", &[]).expect(200);
    let left =
        json!([{"id": 2, "n": "c", "size": 5}, {"id": 3, "n": "d", "size": 7}, {"id": 9, "n": "z", "size": null}]);
    assert_eq!(rows(&server, "stock"), left);
    server.ingest("stock?mode=replace&declare=n%3Dvarchar", "id,n,size\n1,1,1\n", &[]).expect(200);
    assert_eq!(rows(&server, "stock"), json!([{"id": 1, "n": "1", "size": 1}]));

    let ndjson = [("Content-Type", "application/x-ndjson")];
    server.send("POST", "/ingest/lines?key=id", &ndjson, b"{\"id\":1,\"t\":\"x\"}\n{\"id\":2}\n").expect(200);
    assert_eq!(rows(&server, "lines"), json!([{"id": 1, "t": "x"}, {"id": 2, "t": null}]));
    let ask = json!({"sql": "FROM mine.lines"});
    let parquet = server.ask(&ask, "application/vnd.apache.parquet").expect(200).body;
    let of_parquet = [("Content-Type", "application/vnd.apache.parquet")];
    server.send("POST", "/ingest/copy?key=id", &of_parquet, &parquet).expect(200);
    assert_eq!(rows(&server, "copy"), rows(&server, "lines"));
    lake.call("upsert-table", &["--table", "mine.stock", "--from", "/dev/null", "--format", "csv"])
        .run()
        .expect_status(5);
}

#[test]
fn a_wrong_request_changes_nothing_and_says_why() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    server.ingest("stock?key=id", "id,n\n1,2\n", &[]).expect(200);
    let before = server.get("/tables/stock").expect(200).json();
    let refused = |path: &str, csv: &str, status, class, part: &str| {
        server.ingest(path, csv, &[]).problem(status, class, part);
    };
    refused("silver.artists_v1", "id\n1\n", 400, "parameters", "silver");
    refused("..%2f..%2fx", "id\n1\n", 400, "parameters", "mine.NAME");
    refused("stock?mode=merge", "id\n1\n", 400, "parameters", "mode");
    refused("stock?lake=%2Fetc", "id\n1\n", 400, "parameters", "lake");
    refused("stock?from=http%3A%2F%2Fexample.org", "id\n1\n", 400, "parameters", "from");
    refused("stock?declare=n%3Dnothing", "id\n1\n", 400, "parameters", "declare");
    refused("stock?key=other", "id,n\n1,3\n", 400, "parameters", "key");
    refused("other", "id\n1\n", 400, "parameters", "key");
    refused("other?mode=delete&key=id", "id\n1\n", 400, "parameters", "no table");
    let job = server.ingest("stock", "id,n\n1,2,3\n", &[]).expect(422).json();
    assert!(!job["detail"].as_str().unwrap().contains("_staging"), "{job}");
    server.send("POST", "/ingest/stock", &[("Content-Type", "application/json")], b"[]").problem(
        415,
        "unsupported_type",
        "format",
    );
    let packed = [("Content-Encoding", "gzip")];
    server.ingest("stock", "id\n1\n", &packed).problem(415, "unsupported_type", "packed");
    server.ingest("stock", "id\n1\n", &[("Idempotency-Key", "")]).problem(400, "parameters", "Idempotency-Key");
    assert_eq!(server.get("/tables/stock").expect(200).json(), before);
    server.get("/jobs/0123456789abcdef0123456789abcdef").problem(404, "not_found", "no such job");
    server.get("/jobs/..%2faudit").problem(404, "not_found", "no such job");
    lake.expect_nothing_staged();
}

#[test]
fn a_large_body_becomes_a_job() {
    let lake = empty();
    let server = Server::start(&lake, &["--sync-bytes", "1KiB"]);
    let csv: String = std::iter::once("id,n\n".to_owned()).chain((0..2000).map(|id| format!("{id},x\n"))).collect();
    let accepted = server.ingest("stock?key=id", &csv, &[]).expect(202);
    let id = accepted.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(accepted.header("location"), Some(format!("/jobs/{id}").as_str()));
    let job = server.job(&id);
    assert_eq!(
        (&job["status"], &job["result"]["inserted"], &job["bytes"]),
        (&json!("committed"), &json!(2000), &json!(csv.len()))
    );
    assert_eq!(rows(&server, "stock").as_array().unwrap().len(), 2000);
    // A small one becomes a job if the client asks for it.
    let accepted = server.ingest("stock", "id,n\n1,y\n", &[("Prefer", "respond-async")]).expect(202).json();
    assert_eq!(server.job(accepted["job_id"].as_str().unwrap())["result"]["updated"], 1);
    let accepted = server.ingest("stock", "id,n\nx,y,z\n", &[("Prefer", "respond-async")]).expect(202).json();
    let failed = server.job(accepted["job_id"].as_str().unwrap());
    assert_eq!((&failed["status"], &failed["error"]["class"]), (&json!("failed"), &json!("bad_input")), "{failed}");
}

#[test]
fn an_idempotency_key_makes_repeats_harmless() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    let key = [("Idempotency-Key", "first")];
    server.ingest("log?mode=append", "id\n1\n", &[]).expect(200);
    let first = server.ingest("log?mode=append", "id\n2\n", &key).expect(200).json();
    let again = server.ingest("log?mode=append", "id\n2\n", &key).expect(200).json();
    assert_eq!(first, again);
    server.ingest("log?mode=append", "id\n3\n", &key).problem(422, "parameters", "another request");
    server.ingest("log", "id\n2\n", &key).problem(422, "parameters", "another request");
    server.kill();
    let server = Server::start(&lake, &[]);
    assert_eq!(server.ingest("log?mode=append", "id\n2\n", &key).expect(200).json(), first);
    assert_eq!(rows(&server, "log"), json!([{"id": 1}, {"id": 2}]));
    // A failed request may be repeated, also corrected.
    let other = [("Idempotency-Key", "other")];
    server.ingest("log?mode=append", "id\n1,2\n", &other).expect(422);
    server.ingest("log?mode=append", "id\n4\n", &other).expect(200);
    // Two at once with one key are one job.
    let key = [("Idempotency-Key", "twice")];
    let ids: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| server.ingest("log?mode=append", "id\n5\n", &key).json()["job_id"].clone()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()), "{ids:?}");
    eventually("the job has ended", || server.job(ids[0].as_str().unwrap())["status"] == "committed");
    assert_eq!(rows(&server, "log"), json!([{"id": 1}, {"id": 2}, {"id": 4}, {"id": 5}]));
}

#[test]
fn writers_of_one_table_and_of_many_lose_nothing() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let server = &server;
            scope.spawn(move || {
                for part in 0..4 {
                    let id = writer * 100 + part;
                    let table = format!("t{}?key=id", writer % 3);
                    server.ingest(&table, &format!("id,n\n{id},x\n"), &[]).expect(200);
                }
            });
        }
    });
    let all = server.query("SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM (FROM mine.t0 UNION ALL FROM mine.t1 UNION ALL FROM mine.t2)");
    assert_eq!(all.expect(200).json(), json!([{"n": 24, "ids": 24}]));
}
