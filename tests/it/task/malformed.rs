//! A malformed value is exit 2 and one line that names the parameter and where it came from.

use crate::support::{Dir, TestCommand, binary};

fn task(dir: &Dir, name: &str) -> TestCommand {
    let mut command = dir.command(binary(name));
    command.env("DISCOGS_DATA_LAKE", dir.path("lake")).args(&["--result", "result.json"]);
    command
}

#[track_caller]
fn refused(dir: &Dir, command: &mut TestCommand, parts: &[&str]) {
    let finished = command.run().expect_status(2).expect_one_line(parts);
    let line = finished.json();
    assert_eq!(line["status"], "failed");
    assert_eq!(line["error"]["class"], "parameters");
    let result: serde_json::Value = serde_json::from_str(&dir.read("result.json")).unwrap();
    assert_eq!(result["error"]["class"], "parameters");
    assert!(!dir.path("lake").exists(), "a refused call made a lake");
}

#[test]
fn a_value_of_a_flag_is_named_with_the_flag() {
    let dir = Dir::new();
    for (name, arguments, parts) in [
        (
            "ingest-labels",
            &["--run-id", "active"][..],
            &["run_id", "--run-id", "\"active\"", "2026-11__20261120_000000"],
        ),
        ("ingest-labels", &["--run-id", "../../etc"], &["run_id", "--run-id", "\"../../etc\"", "expected a run id"]),
        (
            "ingest-labels",
            &["--run-id", "20261120_000000", "--threads", "0"],
            &["threads", "--threads", "\"0\"", "256"],
        ),
        (
            "ingest-labels",
            &["--run-id", "20261120_000000", "--block-size", "big"],
            &["block_size", "", "\"big\"", "2GiB"],
        ),
        (
            "ingest-labels",
            &["--run-id", "20261120_000000", "--replace=maybe"],
            &["replace", "", "\"maybe\"", "true or"],
        ),
        ("preflight", &["--dump-month", "2026-13"], &["dump_month", "--dump-month", "\"2026-13\"", "such as 2026-11"]),
        (
            "preflight",
            &["--dump-month", "2026-11", "--session-time", "noon"],
            &["session_time", "", "\"noon\"", "a time"],
        ),
        ("promote", &["--run-mode", "production"], &["run_mode", "--run-mode", "\"production\"", "dev, prod, history"]),
    ] {
        refused(&dir, task(&dir, name).args(arguments), parts);
    }
}

#[test]
fn a_value_of_the_json_is_named_with_the_json() {
    let dir = Dir::new();
    for (json, part) in [
        (r#"{"params": {"run_id": "yesterday"}}"#, "\"yesterday\": expected a run id"),
        (r#"{"run_id": ["20261120_000000"]}"#, "expected a text, a number or a boolean"),
        (r#"{"run_id": {"a": 1}}"#, "expected a text, a number or a boolean"),
    ] {
        dir.create("params.json", json);
        let mut command = task(&dir, "promote");
        command.args(&["--params", "params.json"]);
        refused(&dir, &mut command, &["parameter run_id (from the JSON parameters)", part]);
    }
}

#[test]
fn a_value_of_the_environment_is_named_with_its_variable() {
    let dir = Dir::new();
    let mut command = task(&dir, "promote");
    refused(
        &dir,
        command.env("run_mode", "x"),
        &["parameter run_mode (from the environment variable run_mode): \"x\""],
    );
    let mut command = task(&dir, "ingest-collection");
    command.args(&["--run-id", "20261120_000000"]).env("DISCOGS_COLLECTION_PATTERN", "[");
    refused(&dir, &mut command, &["collection_pattern (from the environment variable DISCOGS_COLLECTION_PATTERN)"]);
}

#[test]
fn a_flag_that_is_right_hides_a_variable_that_is_wrong() {
    let dir = Dir::new();
    let mut command = task(&dir, "promote");
    command.env("run_mode", "x").args(&["--run-mode", "dev", "--run-id", "20261120_000000"]);
    command.run().expect_status(0).expect_result("skipped");
}

#[test]
fn what_is_missing_is_named() {
    let dir = Dir::new();
    refused(&dir, &mut task(&dir, "ingest-labels"), &["ingest-labels: parameter run_id is missing"]);
    refused(&dir, &mut task(&dir, "promote"), &["promote: parameter run_id is missing"]);
    refused(&dir, &mut task(&dir, "preflight"), &["preflight: parameter dump_month is missing"]);
    let mut command = task(&dir, "preflight");
    refused(&dir, command.args(&["--dump-month", "2026-11"]), &["preflight: parameter raw_root is missing"]);
}

#[test]
fn parameters_that_cannot_be_read_are_named_with_their_file() {
    let dir = Dir::new();
    dir.create("list.json", "[1]").create("text.json", r#"{"params": "x"}"#).create("cut.json", r#"{"params": {"#);
    for (file, part) in [
        ("none.json", "No such file"),
        ("list.json", "not a JSON object"),
        ("text.json", "\"params\" is not an object"),
        ("cut.json", "not JSON"),
    ] {
        let mut command = task(&dir, "promote");
        refused(&dir, command.args(&["--params", file]), &[&format!("promote: --params {file}: {part}")]);
    }
}

#[test]
fn a_flag_that_does_not_exist_is_refused() {
    let dir = Dir::new();
    refused(&dir, task(&dir, "promote").args(&["--runid", "x"]), &["promote: unexpected argument '--runid' found"]);
    refused(&dir, task(&dir, "promote").args(&["20261120_000000"]), &["promote: unexpected argument"]);
}
