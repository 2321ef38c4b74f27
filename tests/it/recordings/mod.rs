//! run-workflow against recorded runs of Digdag 0.10.5.1: a test for each folder of `tests/recordings`.

mod edge_cases;
mod replay;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Dir;

/// The program `record` of these recordings, without Python: it copies its input instead of parsing it.
const RECORD: &str = r#"#!/bin/sh
method=$2 input=$3 output=$4
if [ "${extra+set}" ]; then env="\"$extra\""; else env=null; fi
printf '{"method": "%s", "extra_env": %s, "input": %s}\n' "$method" "$env" "$(cat "$input")" >> "$RECORD_LOG"
calls=$(grep -c "^{\"method\": \"$method\"," "$RECORD_LOG")
name=${method#store-} store= error=
case $method in
    store-run-id) store='"run_id": "2026-11__20261120_000000"' ;;
    store-*) store="\"$name\": {\"rows\": 27, \"table\": \"${name}_v1_typed\", \"ok\": true}" ;;
    fail-*) error=yes ;;
    flaky-*) [ "$calls" -ge 3 ] || error=yes ;;
    die-*) exit 4 ;;
    mute-*) exit 0 ;;
esac
[ -z "$error" ] || error=', "error": {"class": "BadInput", "message": "truncated at byte 12", "backtrace": []}'
echo "ran $method"
printf '{"subtask_config": {}, "export_params": {}, "store_params": {%s}%s}' "$store" "$error" > "$output"
[ -z "$error" ] || exit 5
"#;

/// The identifiers that differ from run to run.
const VOLATILE: [&str; 4] = ["session_uuid", "session_id", "attempt_id", "project_id"];

/// The folder of a set of recordings.
fn recordings(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(set)
}

#[track_caller]
fn expect_a_test_for_each(set: &str, tests: &str) {
    for entry in fs::read_dir(recordings(set)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        assert!(tests.contains(&format!("(\"{name}\")")), "no test for the recording {name}");
    }
}

/// A recorded workflow, and the result of run-workflow.
struct Replay {
    recorded: PathBuf,
    dir: Dir,
    status: i32,
    stderr: String,
}

impl Replay {
    fn of(name: &str) -> Self {
        let recorded = recordings("plain").join(name);
        let dir = Dir::new();
        dir.create_program("record", RECORD);
        for entry in fs::read_dir(&recorded).unwrap().map(Result::unwrap) {
            let file = entry.file_name().into_string().unwrap();
            if file.ends_with(".dig") || file.ends_with(".yml") {
                dir.create(&format!("{name}/{file}"), &fs::read_to_string(entry.path()).unwrap());
            }
        }
        let arguments = "run main.dig -p dump_month=2026-11 -p run_mode=prod --no-save --session";
        let mut arguments: Vec<_> = arguments.split(' ').collect();
        arguments.push("2026-11-20 00:00:00");
        let mut command = dir.run_workflow(&arguments);
        let finished = command.current_dir(&dir.path(name)).env("RECORD_LOG", dir.path("log")).run();
        assert_eq!(finished.json()["status"], if finished.status == Some(0) { "done" } else { "failed" });
        Replay { recorded, dir, status: finished.status.unwrap(), stderr: finished.stderr }
    }

    fn calls(&self) -> Vec<Value> {
        let mut calls: Vec<Value> =
            self.dir.read("log").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for call in &mut calls {
            let mut params = call["input"]["params"].take();
            VOLATILE.iter().for_each(|name| drop(params.as_object_mut().unwrap().remove(*name)));
            params.get_mut("error").into_iter().for_each(remove_stacktrace);
            let fields = call.as_object_mut().unwrap();
            fields.remove("input");
            fields.insert("params".to_owned(), params);
        }
        calls
    }

    fn recorded_calls(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.recorded.join("calls.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The exit status and the error report, in the form of the recordings.
    fn outcome(&self) -> String {
        let report = self.stderr.split_once("\nerror:\n").map(|(_, report)| format!("error:\n{report}"));
        format!("exit {}\n{}", self.status, report.unwrap_or_default())
    }

    #[track_caller]
    fn expect_recorded_outcome(&self) {
        let recorded = fs::read_to_string(self.recorded.join("outcome.txt")).unwrap();
        assert_eq!(self.outcome(), recorded, "stderr:\n{}", self.stderr);
    }
}

/// Removes the stack trace of an `error`, which names the tasks here and Java's frames in Digdag.
#[track_caller]
fn remove_stacktrace(error: &mut Value) {
    if let Some(error) = error.as_object_mut() {
        let stacktrace = error.remove("stacktrace").expect("no stack trace");
        assert!(stacktrace.as_str().unwrap().starts_with('+'), "{stacktrace}");
    }
}

#[track_caller]
fn behaves_as_recorded(name: &str) {
    let replay = Replay::of(name);
    assert_eq!(replay.calls(), replay.recorded_calls(), "stderr:\n{}", replay.stderr);
    replay.expect_recorded_outcome();
}

/// For groups whose tasks start in any order.
#[track_caller]
fn behaves_as_recorded_in_any_order(name: &str) {
    let replay = Replay::of(name);
    let sorted = |mut calls: Vec<Value>| {
        calls.sort_by_key(|call| call["params"]["task_name"].to_string());
        calls
    };
    assert_eq!(sorted(replay.calls()), sorted(replay.recorded_calls()), "stderr:\n{}", replay.stderr);
    replay.expect_recorded_outcome();
}

#[test]
fn condition() {
    behaves_as_recorded("condition");
}

#[test]
fn dies() {
    behaves_as_recorded("dies");
}

#[test]
fn failure() {
    behaves_as_recorded("failure");
}

#[test]
fn failure_in_parallel() {
    behaves_as_recorded_in_any_order("failure-in-parallel");
}

/// The one workflow that Digdag runs and run-workflow refuses.
#[test]
fn for_each_is_refused() {
    let replay = Replay::of("for-each");
    assert_eq!(replay.status, 2);
    assert!(replay.stderr.contains("main.dig:9: run-workflow has no operator for_each>"), "{}", replay.stderr);
    assert_eq!(replay.calls(), [] as [Value; 0]);
}

#[test]
fn r#override() {
    behaves_as_recorded("override");
}

#[test]
fn parallel() {
    behaves_as_recorded_in_any_order("parallel");
}

#[test]
fn params() {
    behaves_as_recorded("params");
    let replay = Replay::of("params");
    assert_eq!(replay.dir.read("log.sh"), fs::read_to_string(replay.recorded.join("shell.txt")).unwrap());
    assert!(replay.stderr.contains("\n27 rows in 2026-11__20261120_000000\n"), "{}", replay.stderr);
}

#[test]
fn retry() {
    behaves_as_recorded("retry");
}

#[test]
fn retry_task() {
    behaves_as_recorded("retry-task");
}

#[test]
fn shell_fails() {
    behaves_as_recorded("shell-fails");
}

#[test]
fn silent() {
    behaves_as_recorded("silent");
}

#[test]
fn undefined() {
    behaves_as_recorded("undefined");
}

#[test]
fn unknown_operator() {
    behaves_as_recorded("unknown-operator");
}

#[test]
fn every_recording_has_a_test() {
    expect_a_test_for_each("plain", include_str!("mod.rs"));
    expect_a_test_for_each("edge-cases", include_str!("edge_cases.rs"));
}
