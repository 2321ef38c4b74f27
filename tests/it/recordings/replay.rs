//! Replays an edge case with run-workflow, and compares it with the recording.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::{VOLATILE, recordings, remove_stacktrace};
use crate::support::{Dir, Finished};

/// Variables that the recordings leave out.
const ENVIRONMENT: [&str; 10] =
    ["PATH", "HOME", "LANG", "RECORD_LOG", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE", "_project_path"];

/// How a recording compares with run-workflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The exit status and the calls are those of Digdag.
    Equal,
    /// As `Equal`, and tasks of a parallel group start in any order.
    AnyOrder,
    /// run-workflow refuses the workflow by file and line, or refuses the command line.
    Refused,
}

/// A run of the recording.
struct Run {
    arguments: Vec<String>,
    succeeds: bool,
}

#[track_caller]
pub fn expect(name: &str, expected: Expected) {
    let recorded = recordings("edge-cases").join(name);
    let dir = Dir::new();
    let project = dir.path(name);
    copy(&recorded, &project);
    dir.create_program("bin/rec", include_str!("rec.sh"));
    fs::create_dir(dir.path("log")).unwrap();
    let path = std::env::join_paths(
        [dir.path("bin")].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let path = path.unwrap();

    let mut stderr = String::new();
    let mut refused = expected == Expected::Refused;
    for run in runs(&recorded, &project) {
        let arguments: Vec<&str> = run.arguments.iter().map(String::as_str).collect();
        let mut command = dir.run_workflow(&arguments);
        command.current_dir(&project).env("PATH", &path).env("RECORD_LOG", dir.path("log"));
        let finished = command.run();
        // run-workflow may find before it starts what makes a task of Digdag fail.
        refused |= !run.succeeds && finished.status == Some(2);
        if refused {
            expect_refusal(&finished);
        } else {
            assert_eq!(finished.status == Some(0), run.succeeds, "{}", finished.stderr);
        }
        stderr.push_str(&finished.stderr);
    }
    let calls = calls(&dir.path("log"));
    if refused {
        assert_eq!(calls, [] as [Value; 0]);
        return;
    }
    let ordered = |mut calls: Vec<Value>| {
        if expected == Expected::AnyOrder {
            calls.sort_by_key(|call| call["task"].to_string());
        }
        calls
    };
    assert_eq!(ordered(calls), ordered(recorded_calls(&recorded)), "stderr:\n{stderr}");
}

/// Exit status 2, and one line that names a file and a line in it, or an option.
#[track_caller]
fn expect_refusal(finished: &Finished) {
    assert_eq!((finished.status, finished.stderr.lines().count()), (Some(2), 1), "{}", finished.stderr);
    let place =
        finished.stderr.strip_prefix("run-workflow: ").unwrap_or_default().split(' ').next().unwrap_or_default();
    let line = place.strip_suffix(':').and_then(|place| place.rsplit_once(':')).map(|(_, line)| line.parse::<u32>());
    assert!(matches!(line, Some(Ok(1..))) || place.starts_with("--"), "{}", finished.stderr);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if name != "calls.jsonl" && name != "outcome.txt" {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn runs(recorded: &Path, project: &Path) -> Vec<Run> {
    let text = fs::read_to_string(recorded.join("outcome.txt")).unwrap();
    let mut lines = text.lines();
    let mut runs = Vec::new();
    while let Some(line) = lines.next() {
        let Some(arguments) = line.strip_prefix("run ") else { continue };
        let mut arguments: Vec<String> = serde_json::from_str(arguments).unwrap();
        arguments.iter_mut().for_each(|argument| {
            if let Some(file) = argument.strip_prefix("@/") {
                *argument = project.join(file).display().to_string();
            }
        });
        arguments.insert(0, "run".to_owned());
        runs.push(Run { arguments, succeeds: lines.next() == Some("exit 0") });
    }
    assert!(!runs.is_empty());
    runs
}

/// The calls of `rec`, in the form of the recordings.
fn calls(log: &Path) -> Vec<Value> {
    let numbered = (0..).map(|number| log.join(number.to_string()));
    numbered.take_while(|call| call.is_dir()).map(|call| read_call(&call)).collect()
}

fn read_call(call: &Path) -> Value {
    let read = |name: &str| fs::read_to_string(call.join(name)).unwrap_or_default();
    let ours = |name: &str| std::env::var_os(name).is_some() || ENVIRONMENT.contains(&name);
    let text = read("env");
    let variables = text.split('\0').filter_map(|variable| variable.split_once('='));
    let env: Map<String, Value> = variables
        .filter(|(name, _)| !ours(name) && !VOLATILE.contains(name))
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    let mut fields = Map::new();
    fields.insert("cwd".to_owned(), read("cwd").trim().into());
    fields.insert("method".to_owned(), without_process_id(&read("method")).into());
    if let Ok(mut input) = serde_json::from_str::<Value>(&read("input")) {
        let params = input["params"].as_object_mut().unwrap();
        VOLATILE.iter().for_each(|name| drop(params.remove(*name)));
        params.get_mut("error").into_iter().for_each(remove_stacktrace);
        fields.insert("op".to_owned(), "py".into());
        fields.insert("task".to_owned(), params["task_name"].clone());
        fields.insert("params".to_owned(), input["params"].take());
        fields.insert("env".to_owned(), env.into());
    } else {
        fields.insert("op".to_owned(), "sh".into());
        fields.insert("task".to_owned(), env["task_name"].clone());
        let mut env = objects_parsed(env);
        env.get_mut("error").into_iter().for_each(remove_stacktrace);
        fields.insert("env".to_owned(), env.into());
    }
    fields.into()
}

fn recorded_calls(recorded: &Path) -> Vec<Value> {
    let text = fs::read_to_string(recorded.join("calls.jsonl")).unwrap();
    let read = |line: &str| {
        let mut call: Map<String, Value> = serde_json::from_str(line).unwrap();
        call.remove("top");
        assert!(call.remove("extra_args").is_none_or(|extra| extra == serde_json::json!([])));
        if call["op"] == "sh" {
            let env = call["env"].as_object().unwrap().clone();
            call.insert("env".to_owned(), objects_parsed(env).into());
        }
        let method = without_process_id(call["method"].as_str().unwrap());
        call.insert("method".to_owned(), method.into());
        Value::from(call)
    };
    text.lines().map(read).collect()
}

/// Objects in variables are compared as such: Digdag gives no order to the keys of `-p a.b=1 -p a.c=2`.
fn objects_parsed(env: Map<String, Value>) -> Map<String, Value> {
    let parse = |value: Value| match value.as_str().map(serde_json::from_str::<Value>) {
        Some(Ok(object @ Value::Object(_))) => object,
        _ => value,
    };
    env.into_iter().map(|(name, value)| (name, parse(value))).collect()
}

/// One recording prints the id of its shell, in front of an x.
fn without_process_id(method: &str) -> String {
    match method.strip_suffix('x') {
        Some(text) => text.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(),
        None => method.to_owned(),
    }
}
