//! `--result`: what Digdag's py> operator reads back.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::support::{Dir, RUN, TestCommand, TestLake, binary, month};

#[test]
fn a_result_is_stored_under_the_name_of_the_task() {
    let lake = TestLake::begun();
    let result = lake.write("result.json", "an earlier result");
    let inode = fs::metadata(&result).unwrap().ino();
    let arguments = ["--run-id", RUN, "--result", result.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(0);

    let stored: Value = serde_json::from_slice(&fs::read(&result).unwrap()).unwrap();
    let fields: Vec<_> = stored.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["subtask_config", "export_params", "store_params", "error"]);
    assert_eq!(stored["error"], Value::Null);
    assert_eq!(stored["subtask_config"], json!({}));
    assert_eq!(stored["export_params"], json!({}));
    assert_eq!(stored["store_params"], json!({"ingest_labels": finished.json()}));
    // Another file was renamed over it: Digdag never finds half of one.
    assert_ne!(fs::metadata(&result).unwrap().ino(), inode);
    let beside: Vec<_> =
        fs::read_dir(result.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 2, "a temporary file is left: {beside:?}");
}

#[test]
fn preflight_stores_what_the_tasks_behind_it_take() {
    let dir = Dir::new();
    let mut command = dir.command(binary("preflight"));
    command.args(&["--lake", "lake", "--dump-month", "2026-11", "--session-time", "2026-11-20T03:04:05+01:00"]);
    command.args(&["--min-free", "0", "--result", "result.json"]).env("raw_root", month().raw_root());
    command.run().expect_status(0);
    let stored: Value = serde_json::from_str(&dir.read("result.json")).unwrap();
    let stored = &stored["store_params"];
    assert_eq!(stored["run_id"], "2026-11__20261120_030405");
    assert_eq!(stored["lake"], fs::canonicalize(dir.path("lake")).unwrap().to_str().unwrap());
    assert_eq!(stored["dump_date"], "20261101");
    assert_eq!(stored["labels_dump"], fs::canonicalize(month().dump("labels")).unwrap().to_str().unwrap());
    assert_eq!(stored["preflight"]["status"], "done");
}

#[test]
fn a_failure_has_class_and_message_and_stores_nothing() {
    let lake = TestLake::begun();
    let result = lake.write("result.json", "");
    let arguments = ["--run-id", RUN, "--labels-dump", "/nowhere", "--result", result.to_str().unwrap()];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(5);
    let stored: Value = serde_json::from_slice(&fs::read(&result).unwrap()).unwrap();
    assert_eq!(stored["store_params"], json!({}));
    assert_eq!(stored["error"]["class"], "bad_input");
    assert_eq!(stored["error"]["backtrace"], json!([]));
    let message = stored["error"]["message"].as_str().unwrap();
    assert!(message.starts_with(finished.json()["error"]["message"].as_str().unwrap()), "{message}");
    assert!(message.contains("give the path of"), "no advice in {message}");
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let lake = TestLake::begun();
    let arguments = ["--run-id", RUN, "--result", "/nowhere/result.json"];
    let finished = lake.task("ingest-labels").args(&arguments).run().expect_status(1);
    finished.expect_stderr("/nowhere/result.json").expect_result("failed");
}

/// Digdag would evaluate a stored `${…}` again for each task that follows, and fail them all.
#[test]
fn a_text_that_digdag_would_evaluate_is_not_stored() {
    let dir = Dir::new();
    let mut command = dir.command(binary("preflight"));
    command.args(&["--lake", "${home}", "--dump-month", "2026-11", "--min-free", "0", "--result", "result.json"]);
    command.env("raw_root", month().raw_root()).run().expect_status(2).expect_stderr("${, which Digdag would evaluate");
    // Nor is it in the error that Digdag shows, which it gives to the tasks of `_error`.
    let text = dir.read("result.json");
    let stored: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&stored["store_params"], &stored["error"]["class"]), (&json!({}), &json!("parameters")));
    assert!(stored["error"]["message"].as_str().unwrap().contains("which Digdag would evaluate again; use paths"));
    assert!(!text.contains("${"), "{text}");
}

fn promote(dir: &Dir, result: &str) -> TestCommand {
    let mut command = dir.command(binary("promote"));
    command.args(&["--lake", "lake", "--run-id", "20261120_000000", "--result", result]);
    command
}

#[test]
fn a_result_replaces_nothing_but_a_regular_file() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("lake/_runs/20261120_000000")).unwrap();
    fs::create_dir_all(dir.path("lake/_meta")).unwrap();
    std::os::unix::fs::symlink("_runs/20261120_000000", dir.path("lake/active")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path("dangling")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path("fifo"), 0o600.into()).unwrap();
    let sealed = "lake/_runs/20261120_000000/_manifest.json";
    dir.create(sealed, "sealed");
    let refused = [
        ("lake/active", "it is a folder"),
        (sealed, "tasks alone write to"),
        ("lake/_runs/20261120_000000/new.json", "tasks alone write to"),
        ("lake/active/new.json", "tasks alone write to"),
        ("lake/_meta/new.json", "tasks alone write to"),
        ("dangling", "a link that leads nowhere"),
        ("fifo", "it is a FIFO"),
        ("/dev/null", "it is a device"),
        (".", "it is a folder"),
    ];
    for (result, why) in refused {
        let finished = promote(&dir, result).run().expect_status(2).expect_result("failed");
        finished.expect_one_line(&["promote: --result ", why]);
    }
    assert_eq!(dir.read(sealed), "sealed");
    assert!(fs::symlink_metadata(dir.path("lake/active")).unwrap().is_symlink());
    assert!(!dir.path("lake/_meta/new.json").exists());
    assert!(fs::metadata("/dev/null").is_ok_and(|found| !found.is_file()));
}

#[test]
fn a_result_may_go_to_stdout() {
    let dir = Dir::new();
    for stream in ["-", "/dev/stdout", "/dev/fd/1"] {
        let finished = promote(&dir, stream).run().expect_status(0);
        let lines: Vec<Value> = finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{stream}: {}", finished.stdout);
        assert_eq!(lines[0]["store_params"]["promote"], lines[1], "{stream}");
    }
}

#[test]
fn a_result_on_a_stdout_that_is_a_file_is_not_overwritten() {
    let dir = Dir::new();
    let file = fs::File::create(dir.path("out")).unwrap();
    let mut command = std::process::Command::new(binary("promote"));
    command.current_dir(dir.path(".")).args(["--lake", "lake", "--run-id", "20261120_000000", "--result", "-"]);
    assert!(command.stdout(file).status().unwrap().success());
    let lines: Vec<Value> = dir.read("out").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["store_params"]["promote"], lines[1]);
}

#[test]
fn a_result_lost_on_stdout_is_a_failure() {
    let dir = Dir::new();
    for arguments in [&["--run-id", "20261120_000000"][..], &["--help"], &["--version"]] {
        let mut command = std::process::Command::new(binary("promote"));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.current_dir(dir.path(".")).args(["--lake", "lake"]).args(arguments).stdout(full);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("to stdout: No space left on device"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn an_error_tells_whether_a_retry_can_help() {
    let lake = TestLake::begun();
    let wrong = lake.task("ingest-labels").args(&["--run-id", RUN, "--labels-dump", "/nowhere"]).run();
    assert_eq!(wrong.expect_status(5).json()["error"]["retryable"], false);
    fs::create_dir_all(lake.root().join("_meta/locks")).unwrap();
    let lock = fs::File::create(lake.root().join("_meta/locks/lake.lock")).unwrap();
    lock.lock().unwrap();
    let locked = lake.task("prune-runs").args(&["--dry-run=false"]).run();
    assert_eq!(locked.expect_status(4).json()["error"]["retryable"], true);
}
