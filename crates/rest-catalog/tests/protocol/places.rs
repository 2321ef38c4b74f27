//! Where the tables of clients and their files may lie.

use std::fs;

use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::Request;
use serde_json::json;

use super::support::{Lake, answer, append, append_at, main_is, new_table};

const TABLES: &str = "lake/namespaces/mine/tables";

#[tokio::test]
async fn a_table_lies_in_the_folder_of_its_namespace() {
    let lake = Lake::new();
    lake.create("t").await;
    let tables = lake.tables();
    let outside = lake.served.root.join("_runs/x");
    for location in [
        outside.display().to_string(),
        format!("{tables}/silver/x"),
        format!("{tables}/mine"),
        format!("{tables}/mine/../silver/x"),
        format!("{tables}/mine/%2e%2e/x"),
        format!("{tables}/mine/t"),
        format!("{tables}/mine/t/data"),
        "s3://bucket/x".to_owned(),
        "x".to_owned(),
    ] {
        let mut body = new_table("u");
        body["location"] = json!(location);
        lake.post(TABLES, body.clone()).await.refused(400, "BadRequestException");
        body["stage-create"] = json!(true);
        lake.post(TABLES, body).await.refused(400, "BadRequestException");
        let moved = json!([{"action": "set-location", "location": location}]);
        match location == format!("{tables}/mine/t") {
            true => drop(lake.commit("t", json!([]), moved).await.expect(200)),
            false => drop(lake.commit("t", json!([]), moved).await.refused(400, "BadRequestException")),
        }
    }
    let mut body = new_table("u");
    body["location"] = json!(format!("{}/mine/own-place/", tables.replace("file://", "file:")));
    let created = lake.post(TABLES, body).await.expect(200);
    assert_eq!(created["metadata"]["location"], format!("{tables}/mine/own-place"));
    for name in ["../x", "a/b", "", "a.b"] {
        lake.post(TABLES, new_table(name)).await.refused(400, "BadRequestException");
    }
    assert!(!outside.exists() && lake.files("_runs").is_empty());
}

#[tokio::test]
async fn the_files_of_a_commit_lie_in_the_folder_of_their_table() {
    let lake = Lake::new();
    let metadata = lake.create("t").await["metadata"].clone();
    lake.create("u").await;
    let location = metadata["location"].as_str().unwrap();
    let elsewhere = lake.served.root.join("_runs/elsewhere.avro").display().to_string();
    for list in [elsewhere.clone(), format!("{location}/../u/x.avro"), format!("{location}x.avro")] {
        let message = lake.commit("t", main_is(&metadata), append_at(&metadata, &list).await).await;
        message.refused(400, "BadRequestException");
    }
    let mut missing = append_at(&metadata, &format!("{location}/metadata/there.avro")).await;
    missing[0]["snapshot"]["manifest-list"] = json!(format!("{location}/metadata/missing.avro"));
    let message = lake.commit("t", main_is(&metadata), missing).await.refused(400, "BadRequestException");
    assert!(message.contains("cannot be read"), "{message}");
    let broken = format!("{location}/metadata/broken.avro");
    let mut updates = append_at(&metadata, &broken).await;
    fs::write(lake.path(&broken), "no Avro").unwrap();
    updates[0]["snapshot"]["manifest-list"] = json!(broken);
    lake.commit("t", main_is(&metadata), updates).await.refused(400, "BadRequestException");
    let of_run = lake.served.root.join("_runs/r/part.parquet").display().to_string();
    let message = lake.commit("t", main_is(&metadata), append(&metadata, &of_run).await).await;
    assert!(message.refused(400, "BadRequestException").contains("the data file"));
    for key in ["write.data.path", "write.metadata.path", "write.object-storage.path"] {
        let away = json!([{"action": "set-properties", "updates": {key: "file:///tmp"}}]);
        lake.commit("t", json!([]), away).await.refused(400, "BadRequestException");
        let inside = json!([{"action": "set-properties", "updates": {key: format!("{location}/inside")}}]);
        lake.commit("t", json!([]), inside).await.expect(200);
    }
    let statistics = json!({"snapshot-id": 1, "statistics-path": elsewhere, "file-size-in-bytes": 1,
                            "file-footer-size-in-bytes": 1, "blob-metadata": []});
    let update = json!([{"action": "set-statistics", "snapshot-id": 1, "statistics": statistics}]);
    lake.commit("t", json!([]), update).await.refused(400, "BadRequestException");
    assert!(lake.load("t").await["metadata"]["snapshots"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn a_registered_file_is_the_metadata_of_a_table_that_lies_there() {
    let lake = Lake::new();
    let first = lake.create("t").await;
    let location = first["metadata"]["location"].as_str().unwrap().to_owned();
    lake.delete(&format!("{TABLES}/t")).await.expect(204);
    let text = fs::read_to_string(lake.path(first["metadata-location"].as_str().unwrap())).unwrap();
    let register = |file: String| json!({"name": "t", "metadata-location": file});
    let path = "lake/namespaces/mine/register";
    let outside = lake.served.root.join("_runs/metadata/x.metadata.json");
    fs::create_dir_all(outside.parent().unwrap()).unwrap();
    fs::write(&outside, &text).unwrap();
    let other = lake.served.tables.join("mine/other/metadata/x.metadata.json");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, &text).unwrap();
    let moved = lake.path(&location).join("metadata/moved.metadata.json");
    let mut metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    metadata["metadata-log"] = json!([{"metadata-file": "/etc/passwd", "timestamp-ms": 1}]);
    fs::write(&moved, metadata.to_string()).unwrap();
    for file in [
        outside.display().to_string(),
        other.display().to_string(),
        moved.display().to_string(),
        format!("{location}/metadata/missing.metadata.json"),
        "/etc/passwd".to_owned(),
        "s3://bucket/mine/t/metadata/x.metadata.json".to_owned(),
    ] {
        lake.post(path, register(file)).await.refused(400, "BadRequestException");
    }
    lake.post("lake/namespaces/none/register", register(format!("{}/none/t/metadata/x", lake.tables())))
        .await
        .refused(404, "NoSuchNamespaceException");
    lake.post(path, register(first["metadata-location"].as_str().unwrap().to_owned())).await.expect(200);
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let lake = Lake::new();
    lake.create("t").await;
    let limited = lake.router.clone().layer(DefaultBodyLimit::max(100));
    for (body, status) in [("{".to_owned(), 400), ("\u{0}".to_owned(), 400), (" ".repeat(101), 413)] {
        let request = Request::post(format!("/v1/{TABLES}/t")).body(Body::from(body)).unwrap();
        answer(&limited, request).await.refused(status, "BadRequestException");
    }
}
