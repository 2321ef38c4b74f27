//! A flag beats the JSON, the JSON beats the environment, that beats the default.

use crate::support::{Dir, Finished, TestCommand, TestLake, binary};

/// When `promote` skips, it names its run_mode, and needs no lake for that.
fn promote(dir: &Dir) -> TestCommand {
    let mut command = dir.command(binary("promote"));
    command.env("DISCOGS_DATA_LAKE", dir.path("lake")).env("run_id", "20261120_000000");
    command
}

fn reason(finished: Finished) -> String {
    finished.expect_status(0).json()["reason"].as_str().unwrap().to_owned()
}

const DEV: &str = "run_mode is dev, only prod publishes";
const HISTORY: &str = "run_mode is history, only prod publishes";
const PROD: &str = "allow_promote is not true";

#[test]
fn a_flag_beats_the_json_that_beats_the_environment_that_beats_the_default() {
    let dir = Dir::new();
    dir.create("prod.json", r#"{"params": {"run_mode": "prod", "session_id": 7, "py": {"python": ["./task"]}}}"#);
    let mut command = promote(&dir);
    assert_eq!(reason(command.run()), DEV);
    assert_eq!(reason(command.env("run_mode", "history").run()), HISTORY);
    assert_eq!(reason(command.args(&["--params", "prod.json"]).run()), PROD);
    assert_eq!(reason(command.args(&["--run-mode", "dev"]).run()), DEV);
}

#[test]
fn the_json_is_what_digdag_writes_or_a_bare_object() {
    let dir = Dir::new();
    for json in [r#"{"params": {"run_mode": "prod"}}"#, r#"{"run_mode": "prod"}"#] {
        dir.create("params.json", json);
        for arguments in [&["--params", "params.json"][..], &["--params=params.json"]] {
            assert_eq!(reason(promote(&dir).args(arguments).run()), PROD, "{json}");
        }
    }
}

#[test]
fn null_and_empty_mean_not_given() {
    let dir = Dir::new();
    dir.create("params.json", r#"{"run_mode": null, "allow_promote": "", "promote_run_id": "", "dry_run": null}"#);
    let mut command = promote(&dir);
    command.args(&["--params", "params.json"]);
    assert_eq!(reason(command.run()), DEV);
    // What the JSON does not give, the environment does; an empty variable gives nothing either.
    assert_eq!(reason(command.env("run_mode", "history").run()), HISTORY);
    assert_eq!(reason(command.env("run_mode", "").run()), DEV);
    let finished = command.env("DISCOGS_DATA_LAKE", "").run().expect_status(2);
    finished.expect_one_line(&["promote: parameter lake is missing"]);
}

#[test]
fn text_and_boolean_mean_the_same() {
    let lake = TestLake::begun();
    // Allowed, promote looks for the run; not allowed, it does not.
    for (value, allowed) in
        [("true", true), ("\"true\"", true), ("\"True\"", true), ("1", true), ("false", false), ("\"false\"", false)]
    {
        let json = format!(r#"{{"run_mode": "prod", "run_id": "20261120_000000", "allow_promote": {value}}}"#);
        let params = lake.write("params.json", json);
        let finished = lake.task("promote").args(&["--params", params.to_str().unwrap()]).run();
        assert_eq!(finished.status, Some(if allowed { 2 } else { 0 }), "{value}: {}", finished.stderr);
    }
}

#[test]
fn a_switch_is_given_with_and_without_a_value() {
    let lake = TestLake::begun();
    for switch in [&["--allow-promote"][..], &["--allow-promote", "true"], &["--allow-promote=true"]] {
        let mut command = lake.task("promote");
        command.args(switch).args(&["--run-mode", "prod", "--run-id", "20261120_000000"]);
        command.run().expect_status(2).expect_one_line(&["there is no run 20261120_000000"]);
    }
    let mut command = lake.task("promote");
    command.args(&["--allow-promote", "false", "--run-mode", "prod", "--run-id", "20261120_000000"]);
    command.run().expect_status(0).expect_result("skipped");
}

#[test]
fn numbers_and_texts_of_the_json_mean_the_same() {
    let lake = TestLake::begun();
    for threads in ["3", "\"3\""] {
        let json = format!(r#"{{"run_id": "{}", "threads": {threads}, "replace": true}}"#, crate::support::RUN);
        let params = lake.write("params.json", json);
        let finished = lake.task("ingest-labels").args(&["--params", params.to_str().unwrap()]).run().expect_status(0);
        assert_eq!(finished.json()["run_id"], crate::support::RUN);
    }
}

#[test]
fn the_lake_is_taken_from_each_of_its_names() {
    let dir = Dir::new();
    let month = crate::support::month();
    dir.create("params.json", r#"{"lake": "from-json"}"#);
    let mut command = dir.command(binary("preflight"));
    command.args(&["--dump-month", "2026-11", "--session-time", "2026-11-20", "--min-free", "0"]);
    command.env("DISCOGS_RAW", month.raw_root()).env("DISCOGS_DATA_LAKE", "from-environment");
    let lands_in = |command: &mut TestCommand, folder: &str| {
        command.run().expect_status(0);
        assert!(dir.path(folder).join("_runs/2026-11__20261120_000000/_run.json").is_file(), "{folder}");
    };
    lands_in(&mut command, "from-environment");
    lands_in(command.env("lake", "from-its-own-name"), "from-its-own-name");
    lands_in(command.args(&["--params", "params.json"]), "from-json");
    lands_in(command.args(&["--lake", "from-the-flag"]), "from-the-flag");
}

#[test]
fn a_dump_is_taken_from_the_environment() {
    let lake = TestLake::begun();
    let mut command = lake.task("ingest-labels");
    command.args(&["--run-id", crate::support::RUN]).env("DISCOGS_LABELS_DUMP", "/nowhere/labels.xml.gz");
    command.run().expect_status(5).expect_stderr("/nowhere/labels.xml.gz");
}

#[test]
fn a_generic_variable_counts_inside_digdag_and_under_the_prefix_alone() {
    let dir = Dir::new();
    // `environment` is a variable that people export for other programs.
    let check = |variables: &[(&str, &str)]| {
        let mut command = dir.command(binary("sanity-check"));
        command.args(&["--lake", "lake", "--run-id", "20261120_000000"]);
        variables.iter().for_each(|(name, value)| {
            command.env(name, value);
        });
        command.run().expect_status(2).stderr
    };
    let of_environment = |stderr: &str| stderr.contains("there is no environment \"staging\"");
    assert!(!of_environment(&check(&[("environment", "staging")])));
    assert!(of_environment(&check(&[("DISCOGS_ENVIRONMENT", "staging")])));
    assert!(of_environment(&check(&[("environment", "staging"), ("session_uuid", "8dc5c4c7")])));
}

#[test]
fn an_error_names_where_the_value_came_from() {
    let dir = Dir::new();
    dir.create("params.json", r#"{"run_mode": "prd"}"#);
    let from = |command: &mut TestCommand| command.run().expect_status(2).stderr;
    let stderr = from(promote(&dir).env("run_mode", "prd"));
    assert!(stderr.contains("parameter run_mode (from the environment variable run_mode): \"prd\""), "{stderr}");
    let stderr = from(promote(&dir).args(&["--params", "params.json"]));
    assert!(stderr.contains("parameter run_mode (from the JSON parameters): \"prd\""), "{stderr}");
    let stderr = from(promote(&dir).args(&["--run-mode", "prd"]));
    assert!(stderr.contains("parameter run_mode (from the flag --run-mode): \"prd\""), "{stderr}");
}

/// A variable that two parameters shared would give one of them a value that was meant for the other.
#[test]
fn no_environment_variable_is_two_parameters() {
    use std::collections::{BTreeMap, BTreeSet};
    let bins = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin")).unwrap();
    let mut programs: Vec<String> =
        bins.map(|bin| bin.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    programs.push("generate-dumps".to_owned());
    let mut flags_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for program in programs {
        let help =
            Dir::new().command(crate::support::program(&program)).args(&["--help"]).run().expect_status(0).stdout;
        let mut flag = String::new();
        for line in help.lines().map(str::trim) {
            if let Some(words) = line.strip_prefix("--") {
                flag = words.split(' ').next().unwrap().to_owned();
            } else if let Some(variables) = line.strip_prefix("[env: ") {
                for variable in variables.trim_end_matches(']').split(", ") {
                    flags_of.entry(variable.to_owned()).or_default().insert(flag.clone());
                }
            }
        }
    }
    assert!(flags_of.len() > 40, "{flags_of:?}");
    flags_of.retain(|_, flags| flags.len() > 1);
    assert_eq!(flags_of, BTreeMap::new());
}
