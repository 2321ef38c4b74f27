//! The configuration, and namespaces.

use axum::http::Method;
use serde_json::json;

use super::support::Lake;

#[tokio::test]
async fn the_configuration_names_the_prefix_and_every_endpoint() {
    let lake = Lake::new();
    for query in ["", "?warehouse=", "?warehouse=lake"] {
        let config = lake.get(&format!("config{query}")).await.expect(200);
        assert_eq!(config["overrides"]["prefix"], "lake");
        let endpoints = config["endpoints"].as_array().unwrap();
        assert_eq!(endpoints.len(), 19);
        for endpoint in endpoints {
            let (method, path) = endpoint.as_str().unwrap().split_once(' ').unwrap();
            let path = path.strip_prefix("/v1/").unwrap();
            let path = path.replace("{prefix}", "lake").replace("{namespace}", "x");
            let path = path.replace("{table}", "x").replace("{view}", "x");
            let answer = lake.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, None).await;
            let kind = answer.json["error"]["type"].as_str().unwrap_or_default().to_owned();
            assert!(answer.status != 405 && kind != "NoSuchEndpointException", "{endpoint}: {answer:?}");
        }
    }
    lake.get("config?warehouse=other").await.refused(404, "NoSuchWarehouseException");
    lake.get("lake/functions").await.refused(404, "NoSuchEndpointException");
    lake.send(Method::PUT, "lake/namespaces", None).await.refused(405, "UnsupportedOperationException");
}

#[tokio::test]
async fn a_namespace_is_created_listed_changed_and_dropped() {
    let lake = Lake::new();
    lake.get("lake/namespaces/mine").await.refused(404, "NoSuchNamespaceException");
    assert_eq!(lake.head("lake/namespaces/mine").await, 404);
    let body = json!({"namespace": ["mine"], "properties": {"owner": "me", "b": "c"}});
    let created = lake.post("lake/namespaces", body.clone()).await.expect(200);
    let location = format!("{}/mine", lake.tables());
    assert_eq!(created, json!({"namespace": ["mine"], "properties": {"b": "c", "location": location, "owner": "me"}}));
    lake.post("lake/namespaces", body).await.refused(409, "AlreadyExistsException");
    assert_eq!(lake.get("namespaces/mine").await.expect(200), created);
    assert_eq!(lake.head("lake/namespaces/mine").await, 204);
    assert_eq!(lake.get("lake/namespaces").await.expect(200)["namespaces"], json!([["mine"]]));

    let update = json!({"removals": ["b", "missing"], "updates": {"owner": "you"}});
    let updated = lake.post("lake/namespaces/mine/properties", update).await.expect(200);
    assert_eq!(updated, json!({"removed": ["b"], "updated": ["owner"], "missing": ["missing"]}));
    let both = json!({"removals": ["a"], "updates": {"a": "b"}});
    lake.post("lake/namespaces/mine/properties", both).await.refused(422, "UnprocessableEntityException");
    let properties = lake.get("lake/namespaces/mine").await.expect(200)["properties"].clone();
    assert_eq!(properties, json!({"location": location, "owner": "you"}));
    // A namespace outlives its properties.
    lake.post("lake/namespaces/mine/properties", json!({"removals": ["owner", "exists"]})).await.expect(200);
    lake.post("lake/namespaces/none/properties", json!({})).await.refused(404, "NoSuchNamespaceException");

    lake.create("t").await;
    lake.delete("lake/namespaces/mine").await.refused(409, "NamespaceNotEmptyException");
    lake.delete("lake/namespaces/mine/tables/t").await.expect(204);
    lake.delete("lake/namespaces/mine").await.expect(204);
    lake.delete("lake/namespaces/mine").await.refused(404, "NoSuchNamespaceException");
}

#[tokio::test]
async fn a_namespace_has_one_level_and_lies_in_its_folder() {
    let lake = Lake::new();
    for namespace in [json!(["a", "b"]), json!([]), json!([""]), json!([".."]), json!(["a/b"]), json!(["a.b"])] {
        let body = json!({"namespace": namespace});
        lake.post("lake/namespaces", body).await.refused(400, "BadRequestException");
    }
    for location in ["file:///tmp/mine", "s3://bucket/mine", &format!("{}/other", lake.tables())] {
        let body = json!({"namespace": ["mine"], "properties": {"location": location}});
        assert!(lake.post("lake/namespaces", body).await.refused(400, "BadRequestException").contains("location"));
    }
    let own = json!({"namespace": ["mine"], "properties": {"location": format!("{}/mine", lake.tables())}});
    lake.post("lake/namespaces", own).await.expect(200);
    let elsewhere = json!({"updates": {"location": "file:///tmp"}});
    lake.post("lake/namespaces/mine/properties", elsewhere).await.refused(400, "BadRequestException");
    let long = json!({"updates": {"a": "x".repeat(1001)}});
    lake.post("lake/namespaces/mine/properties", long).await.refused(400, "BadRequestException");
    lake.get("lake/namespaces/mine%1Fdeep").await.refused(404, "NoSuchNamespaceException");
    lake.get("lake/namespaces/mine%00").await.refused(400, "BadRequestException");
    assert_eq!(lake.get("lake/namespaces?parent=mine").await.expect(200)["namespaces"], json!([]));
    lake.get("lake/namespaces?parent=none").await.refused(404, "NoSuchNamespaceException");
}

#[tokio::test]
async fn lists_are_paged() {
    let lake = Lake::new();
    for name in ["a", "b", "c"] {
        lake.post("lake/namespaces", json!({"namespace": [name]})).await.expect(200);
        lake.create(name).await;
    }
    for (path, key, count) in [("namespaces", "namespaces", 4), ("namespaces/mine/tables", "identifiers", 3)] {
        let whole = lake.get(&format!("lake/{path}")).await.expect(200);
        assert_eq!(whole["next-page-token"], json!(null));
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = lake.get(&format!("lake/{path}?pageSize=2&pageToken={token}")).await.expect(200);
            assert!(page[key].as_array().unwrap().len() <= 2);
            found.extend(page[key].as_array().unwrap().clone());
            match page["next-page-token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(json!(found), whole[key]);
        assert_eq!(found.len(), count);
    }
    lake.get("lake/namespaces?pageToken=zz").await.refused(400, "BadRequestException");
    lake.get("lake/namespaces/none/tables").await.refused(404, "NoSuchNamespaceException");
    assert_eq!(lake.get("lake/namespaces/mine/views").await.expect(200)["identifiers"], json!([]));
    lake.get("lake/namespaces/none/views").await.refused(404, "NoSuchNamespaceException");
    lake.get("lake/namespaces/mine/views/v").await.refused(404, "NoSuchViewException");
    assert_eq!(lake.head("lake/namespaces/mine/views/v").await, 404);
}
