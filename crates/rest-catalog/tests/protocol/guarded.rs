//! The changes that are refused to clients.

use lake_catalog::{Column, NewTable, PrimitiveType, TableChange, TableName};
use serde_json::json;

use super::support::{Lake, MARK, apart, new_table};

/// Creates a table as a task of the lake does.
fn make(lake: &Lake, namespace: &str, name: &str, marked: bool) {
    let new = NewTable {
        name: TableName::new(namespace, name),
        folder: lake.served.tables.join(namespace).join(name),
        columns: vec![Column { id: 1, name: "id".to_owned(), data_type: PrimitiveType::Long, description: None }],
        sorted_by: None,
        properties: if marked { [(MARK.to_owned(), "true".to_owned())].into() } else { [].into() },
    };
    apart(|| {
        let mut catalog = lake.catalog();
        let change = TableChange::create(&new, catalog.session()).unwrap();
        catalog.commit(vec![change], lake_catalog::Catalog::next_time([])).unwrap();
    });
}

#[tokio::test]
async fn tables_of_the_lake_are_read_only() {
    let lake = Lake::new();
    make(&lake, "silver", "releases", true);
    make(&lake, "mine", "of_runs", true);
    make(&lake, "mine", "own", false);
    let update = json!({"requirements": [], "updates": [{"action": "set-properties", "updates": {"a": "b"}}]});
    for table in ["silver/tables/releases", "mine/tables/of_runs"] {
        let path = format!("lake/namespaces/{table}");
        lake.get(&path).await.expect(200);
        lake.post(&path, update.clone()).await.refused(403, "ForbiddenException");
        lake.delete(&path).await.refused(403, "ForbiddenException");
        lake.delete(&format!("{path}?purgeRequested=true")).await.refused(403, "ForbiddenException");
    }
    lake.post("lake/namespaces/mine/tables/own", update.clone()).await.expect(200);
    lake.post("lake/namespaces", json!({"namespace": ["silver"]})).await.refused(403, "ForbiddenException");
    lake.delete("lake/namespaces/silver").await.refused(403, "ForbiddenException");
    lake.post("lake/namespaces/silver/properties", json!({})).await.refused(403, "ForbiddenException");
    lake.post("lake/namespaces/silver/tables", new_table("t")).await.refused(403, "ForbiddenException");
    let table = |namespace: &str, name: &str| json!({"namespace": [namespace], "name": name});
    for (source, destination) in [
        (table("silver", "releases"), table("mine", "t")),
        (table("mine", "own"), table("silver", "t")),
        (table("mine", "of_runs"), table("mine", "t")),
    ] {
        let body = json!({"source": source, "destination": destination});
        lake.post("lake/tables/rename", body).await.refused(403, "ForbiddenException");
    }
    // A transaction is refused as a whole; a table that it only reads may be any.
    let change = |table: serde_json::Value, updates: serde_json::Value| json!({"identifier": table, "requirements": [], "updates": updates});
    let both = json!({"table-changes": [
        change(table("mine", "own"), update["updates"].clone()),
        change(table("silver", "releases"), update["updates"].clone()),
    ]});
    lake.post("lake/transactions/commit", both).await.refused(403, "ForbiddenException");
    let read = json!({"table-changes": [
        change(table("mine", "own"), json!([{"action": "set-properties", "updates": {"c": "d"}}])),
        change(table("silver", "releases"), json!([])),
    ]});
    lake.post("lake/transactions/commit", read).await.expect(204);
    let properties = lake.load("own").await["metadata"]["properties"].clone();
    assert_eq!((&properties["a"], &properties["c"]), (&json!("b"), &json!("d")));
}

#[tokio::test]
async fn clients_neither_set_nor_remove_the_marks_of_the_lake() {
    let lake = Lake::new();
    lake.create("t").await;
    let mark = json!([{"action": "set-properties", "updates": {MARK: "true"}}]);
    lake.commit("t", json!([]), mark.clone()).await.refused(403, "ForbiddenException");
    let mut marked = new_table("u");
    marked["properties"] = json!({MARK: "true"});
    lake.post("lake/namespaces/mine/tables", marked).await.refused(403, "ForbiddenException");
    assert_eq!(lake.head("lake/namespaces/mine/tables/u").await, 404);
    // The metadata of a table of the lake is registered under no other name.
    make(&lake, "mine", "of_runs", true);
    let location = lake.load("of_runs").await["metadata-location"].clone();
    let register = json!({"name": "copy", "metadata-location": location});
    let answer = lake.post("lake/namespaces/mine/register", register).await;
    assert!([400, 403].contains(&answer.status), "{answer:?}");
}
