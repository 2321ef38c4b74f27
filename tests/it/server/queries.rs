//! `POST /query`: formats, states, refusals.

use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use super::{Server, published};
use crate::support::RUN;

#[test]
fn rows_come_in_the_format_that_the_client_accepts() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let ask = json!({"sql": "SELECT listing_id, price, title FROM mine.inventory ORDER BY 1"});
    let rows = server.ask(&ask, "*/*").expect(200);
    assert_eq!(rows.header("content-type"), Some("application/json"));
    assert_eq!(rows.header("discogs-run"), Some(RUN));
    let expected = json!([
        {"listing_id": 1, "price": 12.5, "title": "One"},
        {"listing_id": 2, "price": 8.0, "title": "=Two"},
        {"listing_id": 3, "price": 3.25, "title": "Three"},
    ]);
    assert_eq!(rows.json(), expected);
    let task = ["--sql", "SELECT listing_id, price, title FROM mine.inventory ORDER BY 1", "--format"];
    for (accept, format) in [("application/json", "json"), ("application/x-ndjson", "ndjson"), ("text/csv", "csv")] {
        let rows = server.ask(&ask, accept).expect(200);
        let of_task = lake.call("query", &[&task[..], &[format]].concat()).run().expect_status(0);
        assert_eq!(rows.text(), of_task.stdout, "{accept}");
    }
    assert!(server.ask(&ask, "text/csv").text().contains("'=Two"));
    let raw = json!({"sql": "SELECT title FROM mine.inventory ORDER BY 1", "raw_cells": true});
    assert!(server.ask(&raw, "text/csv").expect(200).text().contains("\n=Two"));

    let arrow = server.ask(&ask, "application/vnd.apache.arrow.stream").expect(200);
    let batches: Vec<_> = StreamReader::try_new(&arrow.body[..], None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 3);
    let parquet = server.ask(&ask, "application/vnd.apache.parquet").expect(200);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet.body)).unwrap().build().unwrap();
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
    server.ask(&ask, "text/html").problem(406, "not_acceptable", "Accept");

    // Without rows there are columns all the same.
    let none = json!({"sql": "SELECT listing_id FROM mine.inventory WHERE false"});
    assert_eq!(server.ask(&none, "application/json").expect(200).json(), json!([]));
    assert_eq!(server.ask(&none, "text/csv").expect(200).text(), "listing_id\n");
    assert_eq!(server.ask(&none, "application/x-ndjson").expect(200).text(), "");
    let arrow = server.ask(&none, "application/vnd.apache.arrow.stream").expect(200);
    assert_eq!(StreamReader::try_new(&arrow.body[..], None).unwrap().schema().field(0).name(), "listing_id");
    let parquet = server.ask(&none, "application/vnd.apache.parquet").expect(200);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet.body)).unwrap();
    assert_eq!(
        (reader.schema().field(0).name().as_str(), reader.metadata().file_metadata().num_rows()),
        ("listing_id", 0)
    );
}

#[test]
fn a_query_reads_the_state_that_it_names() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let first = server.get("/tables/inventory").expect(200).json()["snapshot_id"].clone();
    server.ingest("inventory", "listing_id,price,title\n4,1.00,Four\n", &[]).expect(200);
    let count = |body: serde_json::Value| server.ask(&body, "*/*").expect(200).json()[0]["n"].clone();
    let sql = "SELECT COUNT(*) AS n FROM mine.inventory";
    assert_eq!(count(json!({"sql": sql})), 4);
    assert_eq!(count(json!({"sql": sql, "as_of": first, "table": "mine.inventory"})), 3);
    let of_run = json!({"sql": "SELECT COUNT(*) AS n FROM releases_ref_v6", "as_of": RUN});
    assert_eq!(server.ask(&of_run, "*/*").expect(200).header("discogs-run"), Some(RUN));
    server.ask(&json!({"sql": sql, "as_of": "never"}), "*/*").problem(400, "parameters", "as_of");
    server.ask(&json!({"sql": sql, "as_of": "2001-01"}), "*/*").problem(400, "parameters", "2001-01");
    server.ask(&json!({"sql": sql, "table": "mine.inventory"}), "*/*").problem(400, "parameters", "as_of");
    server.ask(&json!({"sql": sql, "engine": "trino"}), "*/*").problem(400, "parameters", "no Trino");
}

#[test]
fn errors_of_a_statement_are_problems_of_the_client() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    server.query("SELECT * FROM nothing_at_all").problem(400, "parameters", "nothing_at_all");
    server.query("NONSENSE 1").problem(400, "parameters", "the given SQL");
    server.query("SELECT CAST(title AS INTEGER) FROM mine.inventory").problem(422, "bad_input", "Conversion Error");
    for body in ["", "[]", "{\"sql\": 1}", "{\"sql\": \"SELECT 1\", \"lake\": \"/etc\"}", "\u{0}"] {
        let json = [("Content-Type", "application/json")];
        server.send("POST", "/query", &json, body.as_bytes()).problem(400, "parameters", "the body");
    }
    server.send("POST", "/query", &[("Content-Type", "text/plain")], b"{}").problem(415, "unsupported_type", "json");
    server.query("SELECT 1 AS one").expect(200);
}

#[test]
fn an_answer_of_many_rows_is_whole() {
    let lake = published();
    let server = Server::start(&lake, &["--memory-limit", "512MiB"]);
    let rows = 400_000;
    let sql = format!("SELECT i, repeat('x', 50) AS text FROM range({rows}) AS t(i)");
    let csv = server.ask(&json!({"sql": sql}), "text/csv").expect(200);
    assert_eq!(csv.text().lines().count(), rows + 1);
    let parquet = server.ask(&json!({"sql": sql}), "application/vnd.apache.parquet").expect(200);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet.body)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
}
