//! Misspelt parameters of a workflow, which a task would ignore.

use std::fs;
use std::path::Path;

use crate::support::{Dir, Finished, binary, month};

fn preflight(json: &str) -> Finished {
    let dir = Dir::new();
    dir.create("params.json", json);
    let mut command = dir.command(binary("preflight"));
    command.args(&["--lake", "lake", "--dump-month", "2026-11", "--min-free", "0", "--params", "params.json"]);
    command.env("raw_root", month().raw_root()).run()
}

#[test]
fn a_misspelt_parameter_is_refused_with_the_one_that_was_meant() {
    let misspelt = [
        ("alow_promote", "allow_promote"),
        ("enviroment", "environment"),
        ("dump-month", "dump_month"),
        ("Run_Mode", "run_mode"),
        ("do_xml_test", "do_xml_tests"),
    ];
    for (name, meant) in misspelt {
        let finished = preflight(&format!(r#"{{"{name}": "true"}}"#)).expect_status(2);
        finished.expect_one_line(&[&format!("preflight: {name}: did you mean {meant}?")]);
    }
}

#[test]
fn another_unknown_parameter_is_a_warning() {
    let finished = preflight(r#"{"owner_of_the_run": "me", "allow_promote": "true"}"#).expect_status(0);
    finished.expect_stderr("WARN no task takes the parameters owner_of_the_run\n");
}

#[test]
fn parameters_of_digdag_pass() {
    let given = r#"{"params": {"timezone": "UTC", "project_id": 1, "session_id": 2, "session_uuid": "u", "attempt_id": 3,
        "session_local_time": "2026-11-20 00:00:00", "last_session_unixtime": "", "next_session_date": "2026-11-21",
        "last_executed_session_time": "", "task_name": "+main+preflight", "py": {"python": ["./task"]}, "_command": "x"}}"#;
    let finished = preflight(given).expect_status(0);
    assert!(!finished.stderr.contains("WARN no task"), "{}", finished.stderr);
}

/// preflight knows the parameters that the workflows read.
#[test]
fn every_parameter_that_a_workflow_reads_is_known() {
    let known = discogs_lakehouse::commands::preflight::known_names();
    let mut read = 0;
    for entry in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag")) {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "dig") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        for expression in text.split("${").skip(1) {
            let name: String = expression.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let of_digdag = ["session_", "last_", "next_", "task_name", "error"].iter().any(|of| name.starts_with(of));
            assert!(of_digdag || known.contains(&name), "{}: {name}", entry.path().display());
            read += 1;
        }
        for flag in text.split(" -p ").skip(1) {
            let Some((name, _)) = flag.split_once('=').filter(|(name, _)| !name.contains(' ')) else { continue };
            assert!(known.contains(name), "{}: -p {name}", entry.path().display());
            read += 1;
        }
    }
    assert!(read > 5, "the workflows read {read} parameters");
}
