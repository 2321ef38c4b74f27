//! A session that failed in the middle goes on where it stopped, in the same run.

use std::fs;
use std::path::Path;

use super::workflow::run_workflow;
use crate::support::{Dir, ENTITIES, RUN, TestCommand, month};

/// A folder of its own with the dumps of the shared month.
fn raw_root() -> Dir {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("raw/2026-11")).unwrap();
    for entity in ENTITIES {
        let dump = month().dump(entity);
        fs::copy(&dump, dir.path("raw/2026-11").join(dump.file_name().unwrap())).unwrap();
    }
    dir
}

fn main(dir: &Dir, further: &[&str]) -> TestCommand {
    let mut command = run_workflow(dir, "main.dig");
    for parameter in ["dump_month=2026-11", "environment=sample", "min_free=0"].iter().chain(further) {
        command.args(&["-p", parameter]);
    }
    command.args(&["-p", &format!("raw_root={}", dir.path("raw").display())]);
    command.env("DISCOGS_DATA_LAKE", dir.path("lake"));
    command
}

fn task_status(json: &serde_json::Value, name: &str) -> String {
    let tasks = json["tasks"].as_array().unwrap();
    let task = tasks.iter().find(|task| task["name"].as_str().unwrap().ends_with(name));
    task.unwrap_or_else(|| panic!("{name} is not in {tasks:?}"))["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_dump_that_comes_later_is_taken_up_by_the_same_session() {
    let dir = raw_root();
    let dump = dir.path("raw/2026-11/discogs_20261101_masters.xml.gz");
    let put_by = dir.path("masters");
    fs::rename(&dump, &put_by).unwrap();
    let failed = main(&dir, &[]).run().expect_status(1);
    // The task says what failed, and the workflow only which task.
    assert_eq!(failed.stderr.matches("lacks discogs_20261101_masters.xml.gz").count(), 1, "{}", failed.stderr);
    assert!(failed.json()["error"]["message"].as_str().unwrap().contains("(bad_input)"), "{}", failed.stdout);
    failed.expect_stderr("+main+preflight:\n    exit status 5; its message is above\n");
    assert!(!dir.path("lake").exists());
    fs::rename(&put_by, &dump).unwrap();
    let finished = main(&dir, &[]).run().expect_status(0);
    assert!(dir.path("lake/_runs").join(RUN).join("_manifest.json").is_file());
    assert_eq!(task_status(&finished.json(), "+preflight"), "done");
}

#[test]
fn a_dump_that_was_damaged_is_replaced_and_the_rest_is_not_done_again() {
    let dir = raw_root();
    let dump = dir.path("raw/2026-11/discogs_20261101_releases.xml.gz");
    let whole = fs::read(&dump).unwrap();
    fs::write(&dump, &whole[..whole.len() / 2]).unwrap();
    let failed = main(&dir, &["run_mode=prod", "allow_promote=true"]).run().expect_status(1);
    failed.expect_stderr("the gzip stream ends early").expect_stderr("the last whole release is ");
    let run = dir.path("lake/_runs").join(RUN);
    assert!(run.join("artists_v1_typed").is_dir() && !run.join("releases_v6").exists());
    assert!(!run.join("_manifest.json").exists() && !dir.path("lake/active").exists());
    let artists = modified(&run.join("artists_v1_typed/_dataset.json"));

    fs::write(&dump, &whole).unwrap();
    let finished = main(&dir, &["run_mode=prod", "allow_promote=true"]).run().expect_status(0);
    let json = finished.json();
    for (task, status) in
        [("+preflight", "skipped"), ("+artists", "skipped"), ("+releases", "done"), ("+report", "done")]
    {
        assert_eq!(task_status(&json, task), status, "{task}");
    }
    assert_eq!(modified(&run.join("artists_v1_typed/_dataset.json")), artists);
    assert_eq!(fs::read_link(dir.path("lake/active")).unwrap(), Path::new("_runs").join(RUN));
    assert_eq!(fs::read_dir(dir.path("lake/_runs")).unwrap().count(), 1);
}

/// Without the state of the session, the tasks themselves find out what was done.
#[test]
fn a_session_that_is_run_all_again_finds_everything_done() {
    let dir = raw_root();
    let parameters = ["run_mode=prod", "allow_promote=true"];
    main(&dir, &parameters).run().expect_status(0);
    let before = crate::support::Snapshot::of(&dir.path("lake"));
    let finished = main(&dir, &parameters).args(&["--rerun"]).run().expect_status(0);
    assert_eq!(task_status(&finished.json(), "+sanity"), "done");
    before.expect_unchanged(&dir.path("lake"));
}

#[test]
fn a_failed_check_ends_the_workflow_before_anything_is_published() {
    let dir = raw_root();
    let mut command = run_workflow(&dir, "main.dig");
    command.env("DISCOGS_DATA_LAKE", dir.path("lake"));
    for parameter in ["dump_month=2026-11", "min_free=0", "run_mode=prod", "allow_promote=true"] {
        command.args(&["-p", parameter]);
    }
    // 300 releases are too few for a whole month, which is the default.
    let failed = command.args(&["-p", &format!("raw_root={}", dir.path("raw").display())]).run().expect_status(1);
    assert!(failed.json()["error"]["message"].as_str().unwrap().contains("(checks_failed)"), "{}", failed.stdout);
    failed.expect_stderr("+sanity:\n    exit status 3; its message is above\n");
    assert!(!dir.path("lake/active").exists());
    assert!(!dir.path("lake/_runs").join(RUN).join("_manifest.json").exists());
}

#[test]
fn the_default_ends_with_a_sealed_run_that_is_not_published() {
    let dir = raw_root();
    let finished = main(&dir, &[]).run().expect_status(0);
    assert!(dir.path("lake/_runs").join(RUN).join("_manifest.json").is_file());
    assert!(!dir.path("lake/active").exists());
    assert!(!finished.stderr.contains("report-active: "), "{}", finished.stderr);
    // Allowed and not prod, prod and not allowed: neither publishes.
    for parameter in ["allow_promote=true", "run_mode=prod"] {
        main(&dir, &[parameter]).args(&["--rerun"]).run().expect_status(0);
        assert!(!dir.path("lake/active").exists(), "{parameter}");
    }
}

fn modified(file: &Path) -> std::time::SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}
