use serde_json::json;

use super::{given, project};

#[test]
fn parameters_of_the_command_line_lose_against_export() {
    let dir = project("_export: {mode: dev, py: {python: ./task}}\n+a:\n  py>: x\n  own: ${month}\n");
    dir.run_workflow(&["main.dig", "-p", "mode=prod", "-p", "month=2026-11", "-p", "own=y"]).run().expect_status(0);
    let params = given(&dir, "x");
    assert_eq!((&params["mode"], &params["own"]), (&json!("dev"), &json!("2026-11")));
}

#[test]
fn a_file_of_parameters_keeps_types_and_loses_against_p() {
    let dir = project("_export: {py: {python: ./task}}\n+a:\n  py>: x\n");
    dir.create("p.yml", "threads: 4\n!include : more.yml\nnested: {a: [1, b], c: 1}\nmonth: 2026-11\n");
    dir.create("more.yml", "flag: true\n");
    let mut command = dir.run_workflow(&["main.dig", "-P", "p.yml", "-p", "threads=8", "-p", "nested.c=2"]);
    command.run().expect_status(0);
    let params = given(&dir, "x");
    assert_eq!((&params["threads"], &params["flag"]), (&json!("8"), &json!(true)));
    assert_eq!((&params["nested"], &params["month"]), (&json!({"a": [1, "b"], "c": "2"}), &json!("2026-11")));
}

#[test]
fn includes_are_read_at_the_top_and_beneath_export() {
    let dir = project("_export:\n  !include : 'config/a.yml'\n  py: {python: ./task}\n!include : tasks.dig.yml\n");
    dir.create("config/a.yml", "lake: /lake\nmore:\n  !include : 'b.yml'\n");
    dir.create("config/b.yml", "deep: 1\n").create("tasks.dig.yml", "+a:\n  py>: x\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    let params = given(&dir, "x");
    assert_eq!((&params["lake"], &params["more"]), (&json!("/lake"), &json!({"deep": 1})));
}

#[test]
fn a_name_that_is_not_defined_fails_the_task_alone() {
    let dir = project("_export: {py: {python: ./task}}\n+a:\n  py>: x\n+b:\n  sh>: echo ${x.name} ${nowhere.y}\n");
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(1);
    assert_eq!(dir.read("log"), "+main+a x\n");
    finished.expect_stderr(
        "error:\n  * +main+b:\n    Failed to evaluate a variable echo ${x.name} ${nowhere.y} (ReferenceError: nowhere is not defined) (config)\n",
    );
}

#[test]
fn a_stored_template_breaks_the_next_task() {
    let dir = project("+a:\n  py>: x\n  python: ./stores\n+b:\n  echo>: hello\n");
    dir.create_program("stores", "#!/bin/sh\necho '{\"store_params\": {\"bad\": \"${f(x)}\"}}' > \"$4\"\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1).expect_stderr("run-workflow does not evaluate ${f(x)}");
}
