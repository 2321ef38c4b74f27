//! Each endpoint beside `/query` and `/ingest`, through a client.

use rustix::process::Signal;

use super::{Server, empty, published, with_run};
use crate::support::RUN;

#[test]
fn tables_are_listed_and_described() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let listed = server.get("/tables").expect(200).json();
    let tables = listed["tables"].as_array().unwrap();
    let inventory = tables.iter().find(|table| table["table"] == "mine.inventory").unwrap();
    assert_eq!((inventory["rows"].as_u64(), inventory["files"].as_u64()), (Some(3), Some(1)));
    assert!(tables.iter().any(|table| table["table"] == "silver.releases_v6"), "{listed}");

    let described = server.get("/tables/inventory").expect(200).json();
    assert_eq!(described["table"], "mine.inventory");
    assert_eq!(described["key"], serde_json::json!(["listing_id"]));
    assert_eq!(described["sort"], serde_json::json!(["listing_id"]));
    assert_eq!(described["partition"], serde_json::json!([]));
    let columns = described["columns"].as_array().unwrap();
    let of: Vec<_> = columns.iter().map(|column| (column["name"].as_str(), column["type"].as_str())).collect();
    assert_eq!(
        of,
        [(Some("listing_id"), Some("long")), (Some("price"), Some("decimal(18, 2)")), (Some("title"), Some("string"))]
    );
    assert!(described["metadata_location"].as_str().unwrap().ends_with(".metadata.json"));
    server.get("/tables/nothing").problem(404, "not_found", "nothing");
    server.get("/tables/..%2f..%2fetc%2fpasswd").problem(404, "not_found", "no table");

    let snapshots = server.get("/tables/mine.inventory/snapshots").expect(200).json();
    let history = lake.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    assert_eq!(snapshots["snapshots"], history["snapshots"]);
    assert_eq!(snapshots["snapshots"][0]["snapshot_id"], inventory["snapshot_id"]);
    assert_eq!(snapshots["metadata_location"], history["metadata_location"]);
}

#[test]
fn a_lake_without_iceberg_tables_lists_those_of_its_run() {
    let lake = with_run();
    let server = Server::start(&lake, &[]);
    let tables = server.get("/tables").expect(200).json();
    let tables = tables["tables"].as_array().unwrap();
    let releases = tables.iter().find(|table| table["table"] == "releases_v6").unwrap();
    assert!(releases["rows"].as_u64().unwrap() > 0 && releases["snapshot_id"].is_null(), "{releases}");
    let described = server.get("/tables/releases_v6").expect(200).json();
    assert!(described["columns"].as_array().unwrap().iter().any(|column| column["name"] == "title"), "{described}");
    server.get("/tables/nothing").problem(404, "not_found", "no such table");
    server.get("/tables/releases_v6/snapshots").problem(404, "not_found", "no Iceberg tables");
}

#[test]
fn changes_are_those_of_read_changes_and_a_table_is_rolled_back() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let first = server.get("/tables/inventory").expect(200).json()["snapshot_id"].as_str().unwrap().to_owned();
    server.ingest("inventory", "listing_id,price,title\n2,9.00,Two\n4,1.00,Four\n", &[]).expect(200);
    let changes = server.get("/tables/mine.inventory/changes?from=start").expect(200);
    assert_eq!(changes.header("content-type"), Some("application/x-ndjson"));
    let task = lake.call("read-changes", &["--table", "mine.inventory", "--from", "start"]).run().expect_status(0);
    assert_eq!(changes.text(), task.stdout);
    assert_eq!(changes.text().lines().count(), 5);
    let since = server.get(&format!("/tables/mine.inventory/changes?from={first}")).expect(200);
    assert_eq!(since.text().lines().count(), 2);
    server.get("/tables/mine.inventory/changes").problem(400, "parameters", "from");
    server.get("/tables/mine.inventory/changes?from=never").problem(400, "parameters", "expected start");
    server.get("/tables/mine.inventory/changes?from=17").problem(422, "bad_input", "snapshot 17");
    server.get("/tables/silver.releases_v6/changes?from=start").problem(400, "parameters", "mine");
    server.get("/tables/mine.other/changes?from=start").problem(400, "parameters", "no table");

    let json = [("Content-Type", "application/json")];
    let back = |body: &str| server.send("POST", "/tables/inventory/rollback", &json, body.as_bytes());
    let to = format!("{{\"to\": \"{first}\"}}");
    let tried = back(&format!("{{\"to\": \"{first}\", \"dry_run\": true}}")).expect(200).json();
    assert_eq!((tried["status"].as_str(), &tried["moved"]), (Some("skipped"), &serde_json::json!(["mine.inventory"])));
    assert_eq!(back(&to).expect(200).json()["status"], "done");
    assert_eq!(back(&to).expect(200).json()["status"], "already_done");
    assert_eq!(server.query("SELECT COUNT(*) AS n FROM mine.inventory").expect(200).json()[0]["n"], 3);
    back("{\"to\": \"17\"}").problem(400, "parameters", "no snapshot 17");
    back("{\"to\": \"17\", \"force\": true}").problem(400, "parameters", "force");
    server.send("POST", "/tables/inventory/rollback", &[], b"{}").problem(415, "unsupported_type", "application/json");
}

#[test]
fn runs_are_those_of_lake_status_with_their_reports() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let listed = server.get("/runs").expect(200).json();
    let status = lake.call("lake-status", &[]).run().expect_status(0).json();
    assert_eq!(listed["active"], RUN);
    let ids = |value: &serde_json::Value| {
        value["runs"].as_array().unwrap().iter().map(|run| run["run_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&listed), ids(&status));
    assert_eq!(listed["runs"][0]["rows"], status["runs"][0]["rows"]);
    let described = server.get(&format!("/runs/{RUN}")).expect(200).json();
    assert_eq!((&described["run"]["state"], &described["run"]["active"]), (&"sealed".into(), &true.into()));
    assert!(described["tasks"].as_array().unwrap().iter().any(|task| task["task"] == "sanity-check"), "{described}");
    assert!(described["report"]["summary"].is_object(), "{described}");
    for missing in ["2020-01__20200101_000000", "nothing", "..%2f_meta"] {
        server.get(&format!("/runs/{missing}")).problem(404, "not_found", "no such run");
    }
}

#[test]
fn health_metrics_and_documents_are_served() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    assert_eq!(server.get("/healthz").expect(200).json()["status"], "ok");
    let ready = server.get("/readyz").expect(200).json();
    assert_eq!((&ready["status"], &ready["active"]), (&"ready".into(), &RUN.into()));
    server.query("SELECT 1 AS one").expect(200);
    let metrics = server.get("/metrics").expect(200).text();
    for part in [
        "storage_table_rows_count{layer=\"mine\",table=\"inventory\"} 3",
        "server_requests_total{endpoint=\"/query\",method=\"POST\",status=\"200\"} 1",
        "server_answer_seconds_bucket",
        "server_connections ",
        "server_peak_memory_bytes ",
    ] {
        assert!(metrics.contains(part), "no {part} in {metrics}");
    }
    let document = server.get("/openapi.json").expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = server.get("/docs").expect(200);
    assert!(page.text().contains("/tables/{table}/changes"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    server.get("/nothing").problem(404, "not_found", "no such address");
    server.send("DELETE", "/tables", &[], b"").problem(405, "method", "no such method");
    assert_eq!(server.send("HEAD", "/healthz", &[], b"").expect(200).body, b"");

    // A lake whose runs cannot be listed is not ready.
    let runs = lake.path("_runs");
    std::fs::rename(&runs, lake.path("moved")).unwrap();
    std::os::unix::fs::symlink(lake.path("moved"), &runs).unwrap();
    server.get("/readyz").problem(503, "busy", "_runs");
    server.get("/healthz").expect(200);
    std::fs::remove_file(&runs).unwrap();
    std::fs::rename(lake.path("moved"), &runs).unwrap();
    server.get("/readyz").expect(200);
}

#[test]
fn the_rest_catalog_is_nested_and_tables_of_runs_are_read_only() {
    let lake = published();
    let server = Server::start(&lake, &[]);
    let config = server.get("/iceberg/v1/config").expect(200).json();
    assert!(config["defaults"].is_object(), "{config}");
    let table = server.get("/iceberg/v1/namespaces/mine/tables/inventory").expect(200).json();
    assert!(table["metadata-location"].as_str().unwrap().ends_with(".metadata.json"), "{table}");
    let json = [("Content-Type", "application/json")];
    let created = server.send("POST", "/iceberg/v1/namespaces", &json, br#"{"namespace": ["team"], "properties": {}}"#);
    created.expect(200);
    let refused = server.send("DELETE", "/iceberg/v1/namespaces/silver/tables/releases_v6", &[], b"").expect(403);
    assert_eq!(refused.json()["error"]["type"], "ForbiddenException", "{}", refused.text());
    let audited = std::fs::read_to_string(lake.path("_meta/server/audit.ndjson")).unwrap();
    assert!(audited.contains("DELETE /iceberg/v1/namespaces/silver/tables/releases_v6"), "{audited}");
    // A lake gets its catalog from an ingest while it is served.
    let lake = empty();
    let server = Server::start(&lake, &[]);
    server.get("/iceberg/v1/config").problem(400, "parameters", "no Iceberg tables");
    server.ingest("t?key=id", "id\n1\n", &[]).expect(200);
    server.get("/iceberg/v1/namespaces/mine/tables/t").expect(200);
}

#[test]
fn the_log_and_the_result_tell_of_requests_and_of_the_end() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    let id = server.get("/healthz?secret=abc").expect(200).header("x-request-id").unwrap().to_owned();
    crate::support::eventually("the request is logged", || server.log().contains(&id));
    let log = server.log();
    let line = log.lines().find(|line| line.contains(&id)).unwrap();
    assert!(line.contains("local \"GET /healthz\" 200") && !line.contains("secret"), "{line}");
    let address = server.address.clone();
    let (status, result) = server.stop(Signal::INT);
    assert_eq!((status.code(), &result["status"]), (Some(0), &"done".into()), "{result}");
    assert_eq!(result["address"], format!("http://{address}"));
}
