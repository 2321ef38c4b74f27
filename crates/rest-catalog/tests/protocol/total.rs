//! No request stops the server or ends in an error of its own: bodies that were valid before a part of them was replaced,
//! and bodies of any bytes.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::support::{Lake, answer, new_table};

/// Values that programs get wrong.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![0, 1, -1, 2, 5, 7, 999, 1000, i64::from(i32::MAX), i64::from(i32::MIN)])
            .prop_map(Value::from),
        prop::sample::select(vec![i64::MAX, i64::MIN, i64::MAX - 1, 1 << 53]).prop_map(Value::from),
        Just(json!(u64::MAX)),
        Just(json!(1.5e300)),
        prop::sample::select(vec![
            "",
            "main",
            "id",
            "int",
            "decimal(99,1)",
            "fixed[-1]",
            "bucket[0]",
            "truncate[4294967296]",
            "void",
            "unknown",
            "year",
            "struct",
            "file:///x",
            "../..",
            "\u{0}",
            "-1",
            "2",
        ])
        .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z-]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every value in a value, as paths.
fn parts(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| parts(value, &format!("{path}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| parts(value, &format!("{path}/{n}"), found))
        }
        _ => {}
    }
}

/// A body with some of its parts replaced.
fn mutated(body: Value) -> impl Strategy<Value = Value> {
    let mut paths = Vec::new();
    parts(&body, "", &mut paths);
    prop::collection::vec((prop::sample::select(paths), any_value()), 1..3).prop_map(move |changes| {
        let mut body = body.clone();
        for (path, new) in changes {
            if let Some(part) = body.pointer_mut(&path) {
                *part = new;
            }
        }
        body
    })
}

fn schema() -> Value {
    let nested =
        json!({"type": "struct", "fields": [{"id": 4, "name": "x", "required": true, "type": "decimal(9,2)"}]});
    let list = json!({"type": "list", "element-id": 5, "element": "string", "element-required": false});
    let map =
        json!({"type": "map", "key-id": 6, "key": "string", "value-id": 7, "value": "int", "value-required": false});
    let field = |id: i32, name: &str, kind: Value| json!({"id": id, "name": name, "required": false, "type": kind});
    json!({"type": "struct", "schema-id": 0, "identifier-field-ids": [1], "fields": [
        {"id": 1, "name": "id", "required": true, "type": "long"},
        field(2, "a", nested), field(3, "b", list), field(8, "c", map), field(9, "d", json!("date")),
    ]})
}

fn spec() -> Value {
    json!({"spec-id": 0, "fields": [
        {"source-id": 1, "field-id": 1000, "name": "p", "transform": "bucket[16]"},
        {"source-id": 9, "name": "q", "transform": "day"},
    ]})
}

fn order() -> Value {
    let field = json!({"source-id": 1, "transform": "identity", "direction": "asc", "null-order": "nulls-first"});
    json!({"order-id": 1, "fields": [field]})
}

/// The updates that create a table, or change one.
fn updates() -> Value {
    json!([
        {"action": "assign-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"},
        {"action": "upgrade-format-version", "format-version": 2},
        {"action": "add-schema", "schema": schema(), "last-column-id": 9},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": spec()},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": order()},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-properties", "updates": {"a": "b", "write.metadata.previous-versions-max": "2"}},
        {"action": "remove-properties", "removals": ["c"]},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1,
         "min-snapshots-to-keep": 1, "max-snapshot-age-ms": 1, "max-ref-age-ms": 1},
        {"action": "add-snapshot", "snapshot": {
            "snapshot-id": 1, "sequence-number": 1, "timestamp-ms": 1, "schema-id": 0, "manifest-list": "file:///x",
            "summary": {"operation": "append", "added-files": "1"}}},
        {"action": "remove-snapshots", "snapshot-ids": [1]},
        {"action": "remove-snapshot-ref", "ref-name": "a"},
        {"action": "remove-statistics", "snapshot-id": 1},
        {"action": "remove-partition-specs", "spec-ids": [1]},
        {"action": "remove-schemas", "schema-ids": [1]},
    ])
}

/// One update at a time, mutated, because a commit ends at the first that is refused.
fn update() -> impl Strategy<Value = Value> {
    let all = updates().as_array().unwrap().clone();
    (prop::sample::select(all).prop_flat_map(mutated), any::<bool>()).prop_map(|(update, schema_first)| {
        let first = json!({"action": "add-schema", "schema": schema()});
        let updates = if schema_first { json!([first, update]) } else { json!([update]) };
        json!({"requirements": [], "updates": updates})
    })
}

struct Served {
    runtime: Runtime,
    lake: Lake,
}

impl Served {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let lake = Lake::new();
        runtime.block_on(lake.create("t"));
        Served { runtime, lake }
    }

    fn expect_an_answer(&self, path: &str, body: &[u8]) {
        let request = Request::post(format!("/v1/lake/{path}")).body(Body::from(body.to_vec())).unwrap();
        let found = self.runtime.block_on(answer(&self.lake.router, request));
        let text = String::from_utf8_lossy(body);
        assert!(found.status < 500, "{path} {text}: {found:?}");
        // The table can still be loaded.
        if found.status == 200 && path.ends_with("tables/t") {
            self.runtime.block_on(self.lake.load("t"));
        }
    }
}

/// Sends 200 bodies, or as many as `PROPTEST_CASES` says, to an endpoint of one lake.
fn try_bodies(path: impl Fn(u32) -> String, bodies: impl Strategy<Value = Value>) {
    let served = Served::new();
    let count = std::cell::Cell::new(0);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..Default::default()
    });
    let tried = runner.run(&bodies, |body| {
        count.set(count.get() + 1);
        served.expect_an_answer(&path(count.get()), body.to_string().as_bytes());
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn commits_of_a_table() {
    try_bodies(|_| "namespaces/mine/tables/t".to_owned(), update());
}

#[test]
fn commits_that_create_a_table() {
    let body = json!({"requirements": [{"type": "assert-create"}], "updates": updates()});
    let mut whole = body.clone();
    // The updates up to the properties are those of a creation.
    whole["updates"].as_array_mut().unwrap().truncate(9);
    try_bodies(|number| format!("namespaces/mine/tables/new{number}"), mutated(whole));
}

#[test]
fn transactions() {
    let identifier = json!({"namespace": ["mine"], "name": "t"});
    let requirements = json!([
        {"type": "assert-table-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"},
        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null},
    ]);
    let change = json!({"identifier": identifier, "requirements": requirements, "updates": updates()});
    try_bodies(|_| "transactions/commit".to_owned(), mutated(json!({"table-changes": [change]})));
}

#[test]
fn creations() {
    let mut body = new_table("new");
    (body["schema"], body["partition-spec"], body["write-order"]) = (schema(), spec(), order());
    body["properties"] = json!({"format-version": "2"});
    body["stage-create"] = json!(false);
    try_bodies(|_| "namespaces/mine/tables".to_owned(), mutated(body));
}

#[test]
fn names() {
    let table = json!({"namespace": ["mine"], "name": "t"});
    let requests = [
        ("namespaces", json!({"namespace": ["mine"], "properties": {"a": "b"}})),
        ("namespaces/mine/properties", json!({"removals": ["a"], "updates": {"c": "d"}})),
        ("tables/rename", json!({"source": table, "destination": table})),
        ("namespaces/mine/register", json!({"name": "r", "metadata-location": "file:///x", "overwrite": true})),
        ("namespaces/mine/tables/t/metrics", json!({"report-type": "x"})),
    ];
    for (path, body) in requests {
        try_bodies(|_| path.to_owned(), mutated(body));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..64)) {
        thread_local!(static SERVED: Served = Served::new());
        SERVED.with(|served| {
            for path in ["namespaces", "namespaces/mine/tables", "namespaces/mine/tables/t", "transactions/commit"] {
                served.expect_an_answer(path, &body);
            }
        });
    }
}
