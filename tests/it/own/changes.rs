use std::fs;

use serde_json::{Value, json};

use super::Own;

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
