//! The example as Digdag and people call it. Cargo builds it before this test.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn greet() -> Command {
    let test = std::env::current_exe().expect("the path of the test");
    let target = test.ancestors().nth(2).map(PathBuf::from).expect("target/<profile>/deps/<test>");
    let mut command = Command::new(target.join("examples/greet"));
    command.env_remove("name").env_remove("session_uuid");
    command
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON line on stdout")
}

#[test]
fn the_example_takes_its_parameter_in_three_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let params = folder.path().join("params.json");
    std::fs::write(&params, r#"{"params": {"name": "JSON"}}"#).expect("a file");
    let greeting = |command: &mut Command| {
        let output = command.output().expect("the example runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        result(&output)["greeting"].as_str().expect("a greeting").to_owned()
    };
    let by_digdag = |command: &mut Command| greeting(command.env("session_uuid", "c0ffee").env("name", "sh>"));
    assert_eq!(by_digdag(&mut greet()), "Hello, sh>!");
    assert_eq!(by_digdag(greet().arg("--params").arg(&params)), "Hello, JSON!");
    assert_eq!(by_digdag(greet().arg("--params").arg(&params).args(["--name", "flag"])), "Hello, flag!");
}

#[test]
fn a_variable_of_somebodys_shell_is_no_parameter() {
    let output = greet().env("name", "shell").output().expect("the example runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(result(&output)["error"]["message"], "parameter name is missing");
}

#[test]
fn the_example_stores_its_result_for_digdag() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("result.json");
    let output = greet().args(["--name", "Digdag", "--result"]).arg(&file).output().expect("the example runs");
    let stored: Value = serde_json::from_slice(&std::fs::read(&file).expect("a result")).expect("JSON");
    assert_eq!(stored["store_params"]["greet"], result(&output));
    assert_eq!(stored["error"], json!(null));
    assert_eq!(result(&output)["version"], env!("CARGO_PKG_VERSION"));
}
