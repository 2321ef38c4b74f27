//! Tables: created, staged, loaded, registered, renamed, dropped and purged.

use axum::http::Method;
use serde_json::{Value, json};

use super::support::{Lake, apart, append, main_is, mine, new_table};

const TABLES: &str = "lake/namespaces/mine/tables";

#[tokio::test]
async fn a_table_is_created_loaded_and_found() {
    let lake = Lake::new();
    lake.post(TABLES, new_table("t")).await.refused(404, "NoSuchNamespaceException");
    let created = lake.create("t").await;
    let metadata = &created["metadata"];
    assert_eq!(metadata["location"], format!("{}/mine/t", lake.tables()));
    let fields = metadata["schemas"][0]["fields"].as_array().unwrap();
    assert_eq!(fields.iter().map(|field| field["id"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(metadata["format-version"], 2);
    assert_eq!(lake.load("t").await, created);
    assert_eq!(lake.head(&format!("{TABLES}/t")).await, 204);
    assert_eq!(lake.head(&format!("{TABLES}/u")).await, 404);
    lake.get(&format!("{TABLES}/u")).await.refused(404, "NoSuchTableException");
    lake.get("lake/namespaces/mine%1Ft/tables/snapshots").await.refused(404, "NoSuchTableException");
    lake.post(TABLES, new_table("t")).await.refused(409, "AlreadyExistsException");
    let other = apart(|| lake.catalog().load(&mine("t")).unwrap());
    assert_eq!(created["metadata-location"], other.metadata_location());
    assert_eq!(metadata["table-uuid"], other.metadata().uuid().to_string());
}

#[tokio::test]
async fn a_table_keeps_its_parts_and_is_of_format_version_2() {
    let lake = Lake::new();
    lake.create("first").await;
    let mut body = new_table("t");
    body["partition-spec"] =
        json!({"spec-id": 0, "fields": [{"source-id": 7, "field-id": 1000, "name": "part", "transform": "bucket[4]"}]});
    body["write-order"] = json!({"order-id": 1, "fields": [
        {"source-id": 9, "transform": "identity", "direction": "asc", "null-order": "nulls-last"}]});
    body["properties"] = json!({"format-version": "2", "write.format.default": "parquet"});
    let metadata = lake.post(TABLES, body.clone()).await.expect(200)["metadata"].clone();
    assert_eq!(metadata["partition-specs"][0]["fields"][0]["source-id"], 1);
    assert_eq!(metadata["sort-orders"].as_array().unwrap().last().unwrap()["fields"][0]["source-id"], 2);
    assert_eq!(metadata["properties"], json!({"write.format.default": "parquet"}));
    body["name"] = json!("u");
    body["properties"] = json!({"format-version": "3"});
    assert!(lake.post(TABLES, body.clone()).await.refused(400, "BadRequestException").contains("version 2, not 3"));
    body["properties"] = json!({});
    body["schema"]["fields"][0]["type"] = json!("timestamp_ns");
    assert!(lake.post(TABLES, body.clone()).await.refused(400, "BadRequestException").contains("nanoseconds"));
    body["schema"]["fields"][0]["type"] = json!("tea");
    lake.post(TABLES, body.clone()).await.refused(400, "BadRequestException");
    body["schema"]["fields"][0] = json!({"id": 4, "name": "x", "required": false, "type": "int"});
    lake.post(TABLES, body).await.refused(400, "BadRequestException");
}

#[tokio::test]
async fn a_staged_table_is_created_by_its_first_commit() {
    let lake = Lake::new();
    lake.create("other").await;
    let mut body = new_table("t");
    body["stage-create"] = json!(true);
    body["properties"] = json!({"owner": "me"});
    body["partition-spec"] = json!({"fields": [{"source-id": 7, "name": "part", "transform": "bucket[4]"}]});
    let staged = lake.post(TABLES, body).await.expect(200);
    assert_eq!(staged["metadata-location"], Value::Null);
    let metadata = &staged["metadata"];
    assert_eq!(lake.head(&format!("{TABLES}/t")).await, 404);
    assert!(lake.files("_tables/mine/t").is_empty());

    let mut updates = json!([
        {"action": "assign-uuid", "uuid": metadata["table-uuid"]},
        {"action": "upgrade-format-version", "format-version": 2},
        {"action": "add-schema", "schema": metadata["schemas"][0], "last-column-id": 2},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": metadata["partition-specs"][0]},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-location", "location": metadata["location"]},
        {"action": "set-properties", "updates": {"owner": "me"}},
    ]);
    let creates = json!([{"type": "assert-create"}]);
    let committed = lake.commit("t", creates.clone(), updates.clone()).await.expect(200);
    assert_eq!(committed["metadata"]["table-uuid"], metadata["table-uuid"]);
    assert_eq!(committed["metadata"]["schemas"], metadata["schemas"]);
    assert_eq!(committed["metadata"]["partition-specs"][0]["fields"][0]["field-id"], 1000);
    assert_eq!(committed["metadata"]["last-partition-id"], 1000);
    assert_eq!(committed["metadata"]["properties"], json!({"owner": "me"}));
    assert_eq!(lake.load("t").await["metadata"], committed["metadata"]);
    lake.commit("t", creates.clone(), updates.clone()).await.refused(409, "CommitFailedException");

    // Without a schema there is no table, and without the requirement nothing is created.
    updates.as_array_mut().unwrap().remove(2);
    lake.commit("u", creates, updates.clone()).await.refused(400, "BadRequestException");
    lake.commit("u", json!([]), updates).await.refused(404, "NoSuchTableException");
}

#[tokio::test]
async fn a_table_that_a_client_has_is_not_sent_again() {
    let lake = Lake::new();
    lake.create("t").await;
    let path = format!("{TABLES}/t");
    let first = lake.get(&path).await;
    let tag = first.tag();
    for known in [tag.clone(), format!("\"x\", {tag}"), format!("W/{tag}")] {
        let again = lake.send_with(Method::GET, &path, None, &[("if-none-match", &known)]).await;
        assert_eq!((again.status, &again.json), (304, &Value::Null));
    }
    let refs = lake.get(&format!("{path}?snapshots=refs")).await;
    assert_ne!(refs.tag(), tag);
    let update = json!([{"action": "set-properties", "updates": {"a": "b"}}]);
    lake.commit("t", json!([]), update).await.expect(200);
    let changed = lake.send_with(Method::GET, &path, None, &[("if-none-match", &tag)]).await;
    assert_ne!(changed.tag(), tag);
    assert_eq!(changed.expect(200)["metadata"]["properties"], json!({"a": "b"}));
    lake.get(&format!("{path}?snapshots=some")).await.refused(400, "BadRequestException");
}

#[tokio::test]
async fn snapshots_that_no_ref_names_are_left_out_on_request() {
    let lake = Lake::new();
    lake.create("t").await;
    for number in 0..3 {
        let metadata = lake.load("t").await["metadata"].clone();
        let file = format!("{}/data/{number}.parquet", metadata["location"].as_str().unwrap());
        lake.commit("t", main_is(&metadata), append(&metadata, &file).await).await.expect(200);
    }
    let snapshots = |loaded: Value| loaded["metadata"]["snapshots"].as_array().unwrap().len();
    assert_eq!(snapshots(lake.get(&format!("{TABLES}/t?snapshots=all")).await.expect(200)), 3);
    assert_eq!(snapshots(lake.get(&format!("{TABLES}/t?snapshots=refs")).await.expect(200)), 1);
    let metadata = lake.load("t").await["metadata"].clone();
    let oldest = metadata["snapshots"].as_array().unwrap().iter().map(|one| one["snapshot-id"].clone());
    let removed = oldest.filter(|id| *id != metadata["current-snapshot-id"]).collect::<Vec<_>>();
    let removal = json!([{"action": "remove-snapshots", "snapshot-ids": removed}]);
    lake.commit("t", json!([]), removal).await.expect(200);
    assert_eq!(snapshots(lake.load("t").await), 1);
}

#[tokio::test]
async fn a_table_is_renamed_and_keeps_its_files() {
    let lake = Lake::new();
    lake.create("t").await;
    lake.create("u").await;
    lake.post("lake/namespaces", json!({"namespace": ["yours"]})).await.expect(200);
    let rename = |from: &str, namespace: &str, to: &str| json!({"source": {"namespace": ["mine"], "name": from}, "destination": {"namespace": [namespace], "name": to}});
    let path = "lake/tables/rename";
    lake.post(path, rename("t", "mine", "u")).await.refused(409, "AlreadyExistsException");
    lake.post(path, rename("t", "none", "u")).await.refused(404, "NoSuchNamespaceException");
    lake.post(path, rename("none", "mine", "v")).await.refused(404, "NoSuchTableException");
    lake.post(path, rename("t", "mine", "a/b")).await.refused(400, "BadRequestException");
    let before = lake.load("t").await;
    lake.post(path, rename("t", "yours", "v")).await.expect(204);
    assert_eq!(lake.head(&format!("{TABLES}/t")).await, 404);
    assert_eq!(lake.get("lake/namespaces/yours/tables/v").await.expect(200), before);
    let update = json!({"requirements": [], "updates": [{"action": "set-properties", "updates": {"a": "b"}}]});
    lake.post("lake/namespaces/yours/tables/v", update).await.expect(200);
    // The folder of the renamed table is not given again.
    let again = lake.create("t").await;
    assert_ne!(again["metadata"]["location"], before["metadata"]["location"]);
}

#[tokio::test]
async fn a_dropped_table_keeps_its_files_and_a_purged_one_does_not() {
    let lake = Lake::new();
    let first = lake.create("t").await;
    let path = format!("{TABLES}/t");
    lake.delete(&format!("{path}?purgeRequested=perhaps")).await.refused(400, "BadRequestException");
    lake.delete(&format!("{path}?purgeRequested=false")).await.expect(204);
    lake.delete(&path).await.refused(404, "NoSuchTableException");
    assert_eq!(lake.files("_tables/mine/t").len(), 1);

    let register = json!({"name": "t", "metadata-location": first["metadata-location"]});
    let registered = lake.post("lake/namespaces/mine/register", register.clone()).await.expect(200);
    assert_eq!(registered["metadata"], first["metadata"]);
    lake.post("lake/namespaces/mine/register", register.clone()).await.refused(409, "AlreadyExistsException");
    let update = json!([{"action": "set-properties", "updates": {"gc.enabled": "false"}}]);
    lake.commit("t", json!([]), update).await.expect(200);
    let purge = format!("{path}?purgeRequested=true");
    assert!(lake.delete(&purge).await.refused(400, "BadRequestException").contains("gc.enabled"));
    assert_eq!(lake.head(&path).await, 204);
    let mut over = register;
    over["overwrite"] = json!(true);
    let back = lake.post("lake/namespaces/mine/register", over).await.expect(200);
    assert_eq!(back["metadata"]["properties"], Value::Null);
    lake.delete(&purge).await.expect(204);
    assert!(!lake.path(first["metadata"]["location"].as_str().unwrap()).exists());
    assert!(lake.files("_meta/rest-catalog").is_empty());
    assert_eq!(lake.create("t").await["metadata"]["location"], first["metadata"]["location"]);
}

#[tokio::test]
async fn metrics_reports_are_accepted() {
    let lake = Lake::new();
    let path = format!("{TABLES}/t/metrics");
    let report = json!({"report-type": "scan-report", "table-name": "t", "snapshot-id": 1, "metrics": {}});
    lake.post(&path, report).await.expect(204);
    lake.post(&path, json!({})).await.refused(400, "BadRequestException");
}

#[tokio::test]
async fn views_of_other_clients_are_listed_and_loaded() {
    let lake = Lake::new();
    lake.create("t").await;
    let file = lake.served.tables.join("mine/v.json");
    std::fs::write(&file, r#"{"view-uuid": "x"}"#).unwrap();
    let database = rusqlite::Connection::open(lake.served.root.join("_meta/catalog.sqlite")).unwrap();
    let row = "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type)
               VALUES ('lake', 'mine', 'v', ?1, 'VIEW')";
    database.execute(row, [format!("file://{}", file.display())]).unwrap();
    let views = "lake/namespaces/mine/views";
    let listed = lake.get(views).await.expect(200);
    assert_eq!(listed["identifiers"], json!([{"namespace": ["mine"], "name": "v"}]));
    assert_eq!(lake.get(&format!("{views}/v")).await.expect(200)["metadata"], json!({"view-uuid": "x"}));
    assert_eq!(lake.head(&format!("{views}/v")).await, 204);
    assert_eq!(lake.get(TABLES).await.expect(200)["identifiers"], json!([{"namespace": ["mine"], "name": "t"}]));
    lake.post(TABLES, new_table("v")).await.refused(409, "AlreadyExistsException");
    let rename =
        json!({"source": {"namespace": ["mine"], "name": "t"}, "destination": {"namespace": ["mine"], "name": "v"}});
    lake.post("lake/tables/rename", rename).await.refused(409, "AlreadyExistsException");
}
