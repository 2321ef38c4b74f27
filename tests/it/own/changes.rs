use std::fs;

use serde_json::{Value, json};

use super::{Own, counts};
use crate::iceberg::others::with_pyiceberg;

fn read(own: &Own, arguments: &[&str]) -> Vec<Value> {
    let call = [&["--table", "mine.inventory"], arguments].concat();
    let finished = own.0.call("read-changes", &call).run().expect_status(0);
    finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The changes without the snapshot and the time, in one order.
fn plain(changes: &[Value]) -> Vec<Value> {
    let mut plain: Vec<_> = changes.iter().map(|it| json!([it["change"], it["before"], it["after"]])).collect();
    plain.sort_by_key(Value::to_string);
    plain
}

#[test]
fn inserted_updated_and_deleted_rows_are_read_between_snapshots() {
    let own = Own::new();
    let first = own.done("id,title\n1,A\n2,B\n", &["--key", "id"])["snapshot_id"].as_str().unwrap().to_owned();
    own.done("id,title,price\n2,b,5\n3,C,6\n1,A,\n", &[]);
    own.done("id\n1\n", &["--mode", "delete"]);
    let expected = [
        json!(["deleted", {"id": 1, "title": "A", "price": null}, null]),
        json!(["inserted", null, {"id": 3, "title": "C", "price": 6}]),
        json!(["updated", {"id": 2, "title": "B", "price": null}, {"id": 2, "title": "b", "price": 5}]),
    ];
    assert_eq!(plain(&read(&own, &["--from", &first])), expected);
    assert_eq!(read(&own, &["--from", "start"]).len(), 5);
    assert_eq!(plain(&read(&own, &["--from", "2020-01-01"])), plain(&read(&own, &["--from", "start"])));
    // Back to the first snapshot: what came since is undone.
    let last = read(&own, &["--from", "start"]).last().unwrap()["snapshot_id"].as_str().unwrap().to_owned();
    own.0.call("rollback-table", &["--table", "mine.inventory", "--to", &first]).run().expect_status(0);
    let undone = plain(&read(&own, &["--from", &last]));
    assert_eq!(undone.iter().filter(|change| change[0] == "deleted").count(), 1);
    assert_eq!(undone.len(), 3, "{undone:?}");
    let call = ["--table", "mine.inventory", "--from", "12345"];
    own.0.call("read-changes", &call).run().expect_status(5).expect_stderr("expired");
}

/// Upserts, and returns the changes of the snapshot in one order.
#[track_caller]
fn changes_of(own: &Own, text: &str, arguments: &[&str]) -> Vec<Value> {
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    let before = history["snapshots"].as_array().unwrap().last().unwrap()["snapshot_id"].as_str().unwrap().to_owned();
    own.done(text, arguments);
    plain(&read(own, &["--from", &before]))
}

fn alter(own: &Own, arguments: &[&str]) {
    own.0.call("alter-table", &[&["--table", "mine.inventory"], arguments].concat()).run().expect_status(0);
}

#[test]
fn rows_are_compared_over_new_partitions_and_over_columns_that_changed_since() {
    let own = Own::new();
    let types = ["--key", "id", "--declare", "n=integer,price=decimal(4,2)"];
    own.done("id,title,n,price\n1,A,5,1.50\n2,B,6,2.50\n", &types);
    alter(&own, &["--partition", "bucket(2, id)"]);
    let widened = changes_of(&own, "id,title,n,price\n2,B,3000000000,2.50\n3,C,7,1234.50\n", &[]);
    let row = |id: u32, title: &str, n: u64, price: f64| json!({"id": id, "title": title, "n": n, "price": price});
    let expected = [
        json!(["inserted", null, row(3, "C", 7, 1234.5)]),
        json!(["updated", row(2, "B", 6, 2.5), row(2, "B", 3_000_000_000, 2.5)]),
    ];
    assert_eq!(widened, expected);

    alter(&own, &["--changes", "rename title to name; drop price; add grade varchar; move grade first"]);
    let row = |grade: Value, id: u32, name: &str, n: u64| json!({"grade": grade, "id": id, "name": name, "n": n});
    let expected = [
        json!(["updated", row(Value::Null, 1, "A", 5), row("NM".into(), 1, "A", 5)]),
        json!(["updated", row(Value::Null, 3, "C", 7), row(Value::Null, 3, "C", 8)]),
    ];
    assert_eq!(changes_of(&own, "id,name,n,grade\n1,A,5,NM\n3,C,8,\n", &[]), expected);

    alter(&own, &["--changes", "rename id to listing_id", "--partition", "none"]);
    let row =
        |grade: Value, id: u32, name: &str, n: u64| json!({"grade": grade, "listing_id": id, "name": name, "n": n});
    let expected = [
        json!(["deleted", row("NM".into(), 1, "A", 5), null]),
        json!(["inserted", null, row("VG".into(), 4, "D", 1)]),
        json!(["updated", row(Value::Null, 2, "B", 3_000_000_000), row(Value::Null, 2, "B2", 3_000_000_000)]),
    ];
    let last = changes_of(&own, "listing_id,name,n,grade\n2,B2,3000000000,\n4,D,1,VG\n", &[]);
    let deleted = changes_of(&own, "listing_id\n1\n", &["--mode", "delete"]);
    assert_eq!([deleted, last].concat(), expected);
    // Each snapshot with its own columns, in one read.
    let all = read(&own, &["--from", "start"]);
    assert_eq!(all.len(), 2 + 2 + 2 + 2 + 1);
    assert_eq!(own.inventory(), ["VG,4,D,1", ",2,B2,3000000000", ",3,C,8"]);
}

#[test]
fn a_column_under_an_old_name_is_another_one_unless_the_table_was_rewritten() {
    let own = Own::new();
    own.done("id,n\n1,5\n2,6\n", &["--key", "id", "--mode", "append"]);
    own.done("id,n\n3,7\n", &["--mode", "append"]);
    // All values are written again as another type, and one of them changes.
    let rewritten = changes_of(&own, "id,n\n1,5.5\n", &["--declare", "n=decimal(19,1)", "--rewrite"]);
    assert_eq!(rewritten, [json!(["updated", {"id": 1, "n": 5.0}, {"id": 1, "n": 5.5}])]);
    own.done("id,n\n4,8\n", &["--mode", "append"]);
    alter(&own, &["--changes", "drop n; add n varchar"]);
    // The rows of the other file have no n any more either, and are not compared.
    assert_eq!(changes_of(&own, "id,n\n1,x\n", &[]), [json!(["updated", {"id": 1, "n": null}, {"id": 1, "n": "x"}])]);
}

#[test]
fn a_key_that_an_engine_renamed_is_still_the_key() {
    let own = Own::new();
    own.done("id,title\n1,A\n2,B\n", &["--key", "id"]);
    let Some(renamed) = with_pyiceberg(&own.0, &["rename", "mine.inventory", "id", "number"]) else { return };
    renamed.expect_status(0);
    let changed = changes_of(&own, "number,title\n2,b\n3,C\n", &[]);
    let expected = [
        json!(["inserted", null, {"number": 3, "title": "C"}]),
        json!(["updated", {"number": 2, "title": "B"}, {"number": 2, "title": "b"}]),
    ];
    assert_eq!(changed, expected);
    assert_eq!(counts(&own.done("number,title\n1,a\n", &["--key", "number"])), [0, 1, 0, 0, 0]);
    let drop = ["--table", "mine.inventory", "--changes", "drop number"];
    own.0.call("alter-table", &drop).run().expect_status(2).expect_stderr("cannot be dropped");
}

#[test]
fn a_reader_resumes_at_its_position_and_loses_and_doubles_nothing() {
    let own = Own::new();
    own.done("id,title\n1,A\n", &["--key", "id"]);
    let (position, output) = (own.0.beside("position.json"), own.0.beside("changes.ndjson"));
    let call = ["--table", "mine.inventory", "--from", "start", "--position", position.to_str().unwrap()];
    let call = [&call[..], &["--output", output.to_str().unwrap()]].concat();
    let resume = || own.0.call("read-changes", &call).run();
    resume().expect_status(0);
    // A killed call left lines behind those of the position.
    let mut torn = fs::read_to_string(&output).unwrap();
    torn.push_str("{\"change\":\"ins");
    fs::write(&output, torn).unwrap();
    own.done("id,title\n2,B\n", &[]);
    own.done("id,title\n2,C\n", &[]);
    assert_eq!(resume().expect_status(0).json()["metrics"]["snapshots"], 2);
    assert_eq!(resume().expect_status(0).json()["status"], "already_done");
    let lines = fs::read_to_string(&output).unwrap();
    let kinds: Vec<_> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["change"].clone()).collect();
    assert_eq!(kinds, ["inserted", "inserted", "updated"]);
    fs::write(&output, "").unwrap();
    resume().expect_status(5).expect_stderr("the position says");
}
