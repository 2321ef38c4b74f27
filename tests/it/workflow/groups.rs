use std::time::Instant;

use super::{given, project};

#[test]
fn a_limit_cuts_a_parallel_group_into_chunks() {
    let mut main = "_export: {py: {python: ./task}}\n+all:\n  _parallel: {limit: 2}\n".to_owned();
    for name in ["a", "b", "c"] {
        main.push_str(&format!("  +{name}:\n    py>: {name}\n"));
    }
    let dir = project(&main);
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    let log = dir.read("log");
    assert_eq!(log.lines().last(), Some("+main+all+c c"), "{log}");
    // What the first chunk stored, the second sees.
    assert_eq!(given(&dir, "c")["a"]["name"], "+main+all+a");
    assert_eq!(given(&dir, "a")["b"], serde_json::Value::Null);
}

#[test]
fn tasks_of_a_parallel_group_run_at_the_same_time() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return;
    }
    // Each waits for the other one's file.
    let dir = project(
        "+all:\n  _parallel: true\n  +a:\n    sh>: touch a; for i in $(seq 100); do [ -e b ] && exit 0; sleep 0.1; done; exit 1\n  +b:\n    sh>: touch b; for i in $(seq 100); do [ -e a ] && exit 0; sleep 0.1; done; exit 1\n",
    );
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
}

#[test]
fn a_group_hides_what_was_stored_before_it() {
    let dir = project(
        "_export: {py: {python: ./task}}\n+first:\n  py>: first\n+group:\n  _export: {first: {name: exported}}\n  +in:\n    py>: in\n+behind:\n  py>: behind\n",
    );
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    assert_eq!(given(&dir, "in")["first"]["name"], "exported");
    assert_eq!(given(&dir, "behind")["first"]["name"], "+main+first");
}

#[test]
fn an_error_task_of_a_task_and_of_a_group_run_and_the_workflow_fails() {
    let dir = project(
        "_export: {py: {python: ./task}}\n+group:\n  +a:\n    py>: fail\n    _error:\n      py>: near\n      why: ${error.message}\n  _error:\n    +tell:\n      py>: far\n+never:\n  py>: never\n",
    );
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(1);
    assert_eq!(dir.read("log"), "+main+group+a fail\n+main+group+a^error near\n+main+group^error+tell far\n");
    assert_eq!(given(&dir, "near")["why"], "Python command failed with code 5 (runtime)");
    assert_eq!(given(&dir, "far")["error"]["message"], "Python command failed with code 5 (runtime)");
    assert_eq!(given(&dir, "far")["near"]["name"], "+main+group+a^error");
    assert_eq!(finished.json()["error"]["message"], "+main+group+a: Python command failed with code 5 (runtime)");
}

#[test]
fn a_group_is_retried_as_often_as_it_says_and_no_more() {
    let dir =
        project("_export: {py: {python: ./task}}\n+group:\n  _retry: 2\n  +a:\n    py>: a\n  +b:\n    py>: fail\n");
    let finished = dir.run_workflow(&["main.dig", "--no-save"]).run().expect_status(1);
    assert_eq!(dir.read("log"), "+main+group+a a\n+main+group+b fail\n".repeat(3));
    assert_eq!(finished.stderr.matches("  * +main+group+b:\n").count(), 3);
}

#[test]
fn what_cannot_be_evaluated_is_not_retried() {
    let dir = project("+a:\n  sh>: echo ${nowhere}\n  _retry: 3\n");
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(1);
    assert!(!finished.stderr.contains("retry 1"), "{}", finished.stderr);
}

#[test]
fn workflows_are_called_in_depth() {
    let dir = project("_export: {py: {python: ./task}}\n+a:\n  call>: middle\n+b:\n  py>: behind\n");
    dir.create("middle.dig", "_export: {level: 1}\n+m:\n  call>: inner.dig\n");
    dir.create("inner.dig", "_export: {level: 2}\n+group:\n  +i:\n    py>: deep\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    assert_eq!(dir.read("log").lines().next(), Some("+main+a^sub+m^sub+group+i deep"));
    assert_eq!(given(&dir, "deep")["level"], 2);
    assert_eq!(given(&dir, "behind")["deep"]["name"], "+main+a^sub+m^sub+group+i");
    assert_eq!(given(&dir, "behind")["level"], serde_json::Value::Null);
}

#[test]
fn the_other_branch_of_an_if() {
    let dir = project(
        "_export: {mode: dev, py: {python: ./task}}\n+choose:\n  if>: ${mode != \"dev\"}\n  _do:\n    py>: never\n  _else_do:\n    +x:\n      py>: other\n+plain:\n  if>: ${flag}\n  _do:\n    py>: taken\n+false:\n  if>: false\n  _do:\n    py>: never\n",
    );
    dir.run_workflow(&["main.dig", "-p", "flag=true"]).run().expect_status(0);
    assert_eq!(dir.read("log"), "+main+choose^sub+x other\n+main+plain^sub taken\n");
    let finished = dir.run_workflow(&["main.dig", "-p", "flag=maybe", "--no-save"]).run().expect_status(1);
    finished.expect_stderr(
        "  * +main+plain:\n    Expected 'true' or 'false' for key '_command' but got \"maybe\" (string) (config)\n",
    );
}

#[test]
fn a_process_left_behind_does_not_hold_the_workflow() {
    let dir = project("+a:\n  sh>: sleep 30 & echo started\n");
    let clock = Instant::now();
    dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr("started");
    assert!(clock.elapsed().as_secs() < 25);
}

/// Digdag's stack trace lists frames of its Java code.
#[test]
fn an_error_task_sees_the_failed_task_and_those_around_it() {
    let dir = project(
        "_export: {py: {python: ./task}}\n+g:\n  _error:\n    py>: look\n    trace: ${error.stacktrace}\n  +sub:\n    +x:\n      sh>: exit 7\n",
    );
    dir.run_workflow(&["main.dig"]).run().expect_status(1);
    let given = super::given(&dir, "look");
    assert_eq!(given["error"]["message"], "Command failed with code 7 (runtime)");
    assert_eq!(given["trace"], "+main+g+sub+x, +main+g+sub, +main+g, +main");
}
