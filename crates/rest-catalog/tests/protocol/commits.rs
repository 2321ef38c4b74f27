//! Commits: requirements, transactions over several tables, and writers at the same time.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::support::{Lake, append, main_is};

const TRANSACTION: &str = "lake/transactions/commit";

fn set(key: &str, value: &str) -> Value {
    json!([{"action": "set-properties", "updates": {key: value}}])
}

fn change(name: &str, requirements: Value, updates: Value) -> Value {
    let identifier = json!({"namespace": ["mine"], "name": name});
    json!({"identifier": identifier, "requirements": requirements, "updates": updates})
}

#[tokio::test]
async fn every_requirement_is_checked() {
    let lake = Lake::new();
    let metadata = lake.create("t").await["metadata"].clone();
    let holds = json!([
        {"type": "assert-table-uuid", "uuid": metadata["table-uuid"]},
        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null},
        {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 2},
        {"type": "assert-current-schema-id", "current-schema-id": 0},
        {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
        {"type": "assert-default-spec-id", "default-spec-id": 0},
        {"type": "assert-default-sort-order-id", "default-sort-order-id": 0},
    ]);
    lake.commit("t", holds, set("a", "1")).await.expect(200);
    for fails in [
        json!({"type": "assert-create"}),
        json!({"type": "assert-table-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"}),
        json!({"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1}),
        json!({"type": "assert-last-assigned-field-id", "last-assigned-field-id": 3}),
        json!({"type": "assert-current-schema-id", "current-schema-id": 1}),
        json!({"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 1000}),
        json!({"type": "assert-default-spec-id", "default-spec-id": 1}),
        json!({"type": "assert-default-sort-order-id", "default-sort-order-id": 1}),
    ] {
        lake.commit("t", json!([fails]), set("a", "2")).await.refused(409, "CommitFailedException");
    }
    lake.commit("none", json!([]), set("a", "2")).await.refused(404, "NoSuchTableException");
    assert_eq!(lake.load("t").await["metadata"]["properties"], json!({"a": "1"}));
    assert_eq!(lake.files("_tables/mine/t").len(), 2, "nothing is left of refused commits");
}

#[tokio::test]
async fn updates_change_the_schema_the_spec_the_order_and_the_refs() {
    let lake = Lake::new();
    let metadata = lake.create("t").await["metadata"].clone();
    let file = format!("{}/data/1.parquet", metadata["location"].as_str().unwrap());
    let committed = lake.commit("t", main_is(&metadata), append(&metadata, &file).await).await.expect(200);
    let id = committed["metadata"]["current-snapshot-id"].clone();
    let mut schema = metadata["schemas"][0].clone();
    let added = json!({"id": 3, "name": "year", "required": false, "type": "int"});
    schema["fields"].as_array_mut().unwrap().push(added);
    let sorted = json!({"source-id": 1, "transform": "identity", "direction": "desc", "null-order": "nulls-first"});
    let updates = json!([
        {"action": "add-schema", "schema": schema, "last-column-id": 3},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"fields": [{"source-id": 3, "name": "year_p", "transform": "identity"}]}},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": [sorted]}},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-snapshot-ref", "ref-name": "audit", "type": "tag", "snapshot-id": id},
        {"action": "set-snapshot-ref", "ref-name": "work", "type": "branch", "snapshot-id": id},
    ]);
    let changed = lake.commit("t", json!([]), updates).await.expect(200)["metadata"].clone();
    assert_eq!((&changed["current-schema-id"], &changed["default-spec-id"]), (&json!(1), &json!(1)));
    assert_eq!((&changed["default-sort-order-id"], &changed["last-column-id"]), (&json!(1), &json!(3)));
    assert_eq!(changed["refs"]["audit"]["type"], "tag");
    let updates = json!([
        {"action": "remove-snapshot-ref", "ref-name": "audit"},
        {"action": "remove-properties", "removals": ["none"]},
    ]);
    let changed = lake.commit("t", json!([]), updates).await.expect(200)["metadata"].clone();
    assert_eq!(changed["refs"].as_object().unwrap().len(), 2);
    for refused in [
        json!({"action": "assign-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"}),
        json!({"action": "upgrade-format-version", "format-version": 3}),
        json!({"action": "set-current-schema", "schema-id": 9}),
        json!({"action": "set-snapshot-ref", "ref-name": "x", "type": "tag", "snapshot-id": 9}),
        json!({"action": "set-properties", "updates": {"format-version": "1"}}),
        json!({"action": "pour-tea"}),
    ] {
        lake.commit("t", json!([]), json!([refused])).await.refused(400, "BadRequestException");
    }
}

#[tokio::test]
async fn a_snapshot_on_an_older_state_is_a_conflict() {
    let lake = Lake::new();
    let metadata = lake.create("t").await["metadata"].clone();
    let file = |name: &str| format!("{}/data/{name}.parquet", metadata["location"].as_str().unwrap());
    let stale = append(&metadata, &file("stale")).await;
    lake.commit("t", main_is(&metadata), append(&metadata, &file("first")).await).await.expect(200);
    lake.commit("t", main_is(&metadata), stale.clone()).await.refused(409, "CommitFailedException");
    // A snapshot without a parent replaces the table, unless it is older than the last commit but one.
    let replaced = lake.commit("t", json!([]), stale.clone()).await.expect(200);
    assert_eq!(replaced["metadata"]["current-snapshot-id"], stale[0]["snapshot"]["snapshot-id"]);
    let older = append(&lake.load("t").await["metadata"], &file("older")).await;
    lake.commit("t", json!([]), append(&lake.load("t").await["metadata"], &file("newer")).await).await.expect(200);
    for updates in [older, stale] {
        let mut updates = updates;
        updates[0]["snapshot"]["snapshot-id"] = json!(77);
        updates[1]["snapshot-id"] = json!(77);
        lake.commit("t", json!([]), updates).await.refused(409, "CommitFailedException");
    }
    let late = u64::MAX >> 2;
    let mut ahead = append(&lake.load("t").await["metadata"], &file("second")).await;
    ahead[0]["snapshot"]["timestamp-ms"] = json!(late);
    lake.commit("t", json!([]), ahead).await.refused(400, "BadRequestException");
}

#[tokio::test]
async fn a_transaction_changes_all_tables_or_none() {
    let lake = Lake::new();
    for name in ["a", "b", "c"] {
        lake.create(name).await;
    }
    let all = |value: &str, last: Value| {
        let changes = ["a", "b"].map(|name| change(name, json!([]), set("at", value)));
        json!({"table-changes": [changes[0], changes[1], change("c", last, set("at", value))]})
    };
    lake.post(TRANSACTION, all("1", json!([]))).await.expect(204);
    let fails = json!([{"type": "assert-default-spec-id", "default-spec-id": 5}]);
    lake.post(TRANSACTION, all("2", fails)).await.refused(409, "CommitFailedException");
    lake.post(TRANSACTION, json!({"table-changes": []})).await.refused(400, "BadRequestException");
    let twice = json!({"table-changes": [change("a", json!([]), json!([])), change("a", json!([]), json!([]))]});
    lake.post(TRANSACTION, twice).await.refused(400, "BadRequestException");
    for name in ["a", "b", "c"] {
        assert_eq!(lake.load(name).await["metadata"]["properties"], json!({"at": "1"}), "{name}");
        assert_eq!(lake.files(&format!("_tables/mine/{name}")).len(), 2);
    }
    // A table is created in the same transaction, or not at all.
    let schema = json!({"type": "struct", "fields": [{"id": 1, "name": "x", "required": false, "type": "int"}]});
    let create = |name: &str| {
        let updates =
            json!([{"action": "add-schema", "schema": schema}, {"action": "set-current-schema", "schema-id": -1}]);
        change(name, json!([{"type": "assert-create"}]), updates)
    };
    let refused = json!({"table-changes": [create("d"), create("a")]});
    lake.post(TRANSACTION, refused).await.refused(409, "CommitFailedException");
    assert_eq!(lake.head("lake/namespaces/mine/tables/d").await, 404);
    let made = json!({"table-changes": [create("d"), create("e"), change("a", json!([]), set("at", "3"))]});
    lake.post(TRANSACTION, made).await.expect(204);
    assert_eq!(lake.load("e").await["metadata"]["location"], format!("{}/mine/e", lake.tables()));
    assert_eq!(lake.load("a").await["metadata"]["properties"], json!({"at": "3"}));
}

/// Commits an update of what a table's metadata says, until no other writer is faster.
async fn increment(lake: &Lake, pair: [&str; 2]) {
    loop {
        let mut changes = Vec::new();
        for name in pair {
            let metadata = lake.load(name).await["metadata"].clone();
            let file = format!("{}/data/{}.parquet", metadata["location"].as_str().unwrap(), uuid::Uuid::new_v4());
            changes.push(change(name, main_is(&metadata), append(&metadata, &file).await));
        }
        let answer = lake.post(TRANSACTION, json!({"table-changes": changes})).await;
        match answer.status {
            204 => return,
            _ => answer.refused(409, "CommitFailedException"),
        };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_crossing_pairs_of_tables_lose_no_commit() {
    crossing_pairs(Lake::new()).await;
}

/// Eight writers append to pairs of three tables in both orders.
pub async fn crossing_pairs(lake: Lake) {
    const EACH: usize = 3;
    let lake = std::sync::Arc::new(lake);
    for name in ["a", "b", "c"] {
        lake.create(name).await;
    }
    let pairs = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "b"], ["a", "c"], ["c", "a"], ["a", "b"], ["c", "b"]];
    let writers = pairs.map(|pair| {
        let lake = lake.clone();
        tokio::spawn(async move {
            for _ in 0..EACH {
                increment(&lake, pair).await;
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    for name in ["a", "b", "c"] {
        let expected = pairs.iter().filter(|pair| pair.contains(&name)).count() * EACH;
        let metadata = lake.load(name).await["metadata"].clone();
        let mut chain = 0;
        let mut next = metadata["current-snapshot-id"].as_i64();
        let snapshots = metadata["snapshots"].as_array().unwrap();
        while let Some(id) = next {
            let found = snapshots.iter().find(|snapshot| snapshot["snapshot-id"] == id).unwrap();
            (next, chain) = (found["parent-snapshot-id"].as_i64(), chain + 1);
        }
        assert_eq!((snapshots.len(), chain), (expected, expected), "{name}");
    }
    assert!(lake.files("_meta/rest-catalog").is_empty());
}

/// Two writers read both tables, and each writes one of them: the second to commit must not succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_read_what_the_other_writes_are_serialised() {
    let lake = std::sync::Arc::new(Lake::new());
    lake.create("a").await;
    lake.create("b").await;
    for round in 0..10 {
        let mut writers = Vec::new();
        let before = [lake.load("a").await["metadata"].clone(), lake.load("b").await["metadata"].clone()];
        for (read, written) in [(0, 1), (1, 0)] {
            let names = ["a", "b"];
            let file = format!("{}/data/{round}.parquet", before[written]["location"].as_str().unwrap());
            let body = json!({"table-changes": [
                change(names[read], main_is(&before[read]), json!([])),
                change(names[written], main_is(&before[written]), append(&before[written], &file).await),
            ]});
            let lake = lake.clone();
            writers.push(tokio::spawn(async move { lake.post(TRANSACTION, body).await.status }));
        }
        let mut statuses = HashSet::new();
        for writer in writers {
            statuses.insert(writer.await.unwrap());
        }
        assert_eq!(statuses, HashSet::from([204, 409]), "round {round}");
    }
}

/// A commit without requirements is repeated by the server when another one was faster.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_that_require_nothing_of_each_other_all_succeed() {
    let lake = std::sync::Arc::new(Lake::new());
    lake.create("t").await;
    let writers = (0..8).map(|writer| {
        let lake = lake.clone();
        tokio::spawn(async move {
            for number in 0..4 {
                lake.commit("t", json!([]), set(&format!("{writer}.{number}"), "x")).await.expect(200);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(lake.load("t").await["metadata"]["properties"].as_object().unwrap().len(), 32);
}
