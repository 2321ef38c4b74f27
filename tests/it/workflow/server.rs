//! Every workflow of the project resumes on a Digdag server, whichever task failed.

use std::fs;
use std::path::Path;

use crate::support::{Dir, Finished};

/// Replaces the tasks of `py>`: it fails once if it is called for `$FAILING`, requires the run id that preflight stores, and
/// stores what tasks store.
const TASK: &str = r#"#!/bin/sh
name=$(sed 's/.*"task_name":"\([^"]*\)".*/\1/' "$3")
echo "$name" >> "$CALLS"
if [ "$name" = "$FAILING" ] && [ ! -e "$CALLS.failed" ]; then
    touch "$CALLS.failed"
    exit 5
fi
case $2 in
    ingest-*|build-warehouse|sanity-check) grep -q '"run_id":"2026-11__' "$3" || exit 2 ;;
esac
key=$(echo "$2" | tr - _)
more=
[ "$2" != preflight ] || more=', "run_id": "2026-11__20261120_000000"'
echo "{\"store_params\": {\"$key\": {\"status\": \"done\", \"engine\": \"duckdb\", \"lake\": \"/trial/lake\"}$more}}" > "$4"
"#;

/// Replaces the tasks of `sh>`, which are those of a trial: it fails like `TASK`, and requires the lake of the trial.
const TRIAL: &str = r#"#!/bin/sh
echo "$task_name" >> "$CALLS"
if [ "$task_name" = "$FAILING" ] && [ ! -e "$CALLS.failed" ]; then
    touch "$CALLS.failed"
    exit 5
fi
[ "$lake" = /trial/lake ]
"#;

/// Copies a project of workflows, with the tasks replaced.
fn project(from: &str) -> Dir {
    let dir = Dir::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let text = fs::read_to_string(entry.path()).unwrap().replace("sh>: ", "sh>: ./trial ");
        dir.create(entry.file_name().to_str().unwrap(), &text);
    }
    dir.create_program("task", TASK).create_program("trial", TRIAL);
    dir
}

fn run(dir: &Dir, workflow: &str, attempt: usize, failing: &str, more: &[&str]) -> Finished {
    let calls = dir.path(&format!("calls-{attempt}"));
    let session = format!("2026-11-20 00:{:02}:{:02}", attempt / 60, attempt % 60);
    let mut command = dir.run_workflow(&[workflow, "--save", "state", "--session", &session]);
    for parameter in ["dump_month=2026-11", "smoke_root=/smoke", "run_id=2026-11__20261120_000000"] {
        // main.dig takes the run id of preflight.
        if !(workflow == "main.dig" && parameter.starts_with("run_id")) {
            command.args(&["-p", parameter]);
        }
    }
    command.args(more).env("CALLS", &calls).env("FAILING", failing).run()
}

#[track_caller]
fn resumes_behind_every_task(folder: &str, workflow: &str) {
    let dir = project(folder);
    run(&dir, workflow, 0, "", &[]).expect_status(0);
    let calls = dir.read("calls-0");
    assert!(!calls.is_empty());
    for (index, failing) in calls.lines().enumerate() {
        let attempt = index + 1;
        run(&dir, workflow, attempt, failing, &[]).expect_status(1);
        run(&dir, workflow, attempt, failing, &["--resume-as", "server"]).expect_status(0);
        let again = dir.read(&format!("calls-{attempt}"));
        assert_eq!(again.lines().filter(|name| *name == failing).count(), 2, "{failing} ran twice:\n{again}");
        assert_eq!(again.lines().count(), calls.lines().count() + 1, "the other tasks ran once:\n{again}");
    }
}

#[test]
fn main_resumes_behind_every_task() {
    resumes_behind_every_task("digdag", "main.dig");
}

#[test]
fn smoke_resumes_behind_every_task() {
    resumes_behind_every_task("digdag", "smoke.dig");
}

#[test]
fn every_other_workflow_resumes_behind_every_task() {
    for folder in ["digdag", "digdag/history"] {
        let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        for workflow in names.filter(|name| name.ends_with(".dig") && name != "main.dig" && name != "smoke.dig") {
            resumes_behind_every_task(folder, &workflow);
        }
    }
}
