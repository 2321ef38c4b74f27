//! run-workflow beyond the recordings of Digdag.

mod command_line;
mod groups;
mod operators;
mod parameters;
mod refusals;
mod resume;
mod server;
mod signals;

use crate::support::Dir;

/// A folder with a workflow, and a `task` for py> that writes `<name> <method>` to `log` and stores
/// `{method: {name: …}}`; methods that start with `fail` fail.
fn project(main: &str) -> Dir {
    let dir = Dir::new();
    dir.create("main.dig", main).create_program("task", TASK);
    dir
}

const TASK: &str = r#"#!/bin/sh
name=$(sed 's/.*"task_name":"\([^"]*\)".*/\1/' "$3")
echo "$name $2" >> log
cp "$3" "given-$2.json"
case $2 in
    fail*) exit 5 ;;
esac
echo "{\"store_params\": {\"$2\": {\"name\": \"$name\"}}}" > "$4"
"#;

/// The parameters that the method received.
fn given(dir: &Dir, method: &str) -> serde_json::Value {
    let input: serde_json::Value = serde_json::from_str(&dir.read(&format!("given-{method}.json"))).unwrap();
    input["params"].clone()
}
