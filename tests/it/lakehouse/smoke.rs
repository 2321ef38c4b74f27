//! `smoke.dig`: from nothing to a published lake, for a CI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::workflow::{SESSION, path_with_binaries, project, run_workflow};
use crate::support::{Dir, RUN, TestCommand, loudly};

#[track_caller]
fn expect_published(dir: &Dir) {
    assert_eq!(fs::read_link(dir.path("smoke/lake/active")).unwrap(), Path::new("_runs").join(RUN));
    let lake = dir.path("smoke/lake/active");
    assert!(lake.join("_manifest.json").is_file() && lake.join("releases_v6/_dataset.json").is_file());
    let reports = fs::read_dir(lake.join("_reports")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(reports.map(|name| name.into_string().unwrap()).any(|name| name.starts_with("duckdb_sanity_active_")));
}

#[test]
fn the_smoke_workflow_ends_published() {
    let dir = Dir::new();
    let mut command = run_workflow(&dir, "smoke.dig");
    command.args(&["-p", &format!("smoke_root={}", dir.path("smoke").display())]);
    let finished = command.run().expect_status(0);
    let finished = finished.expect_stderr(&format!("published in {}", dir.path("smoke/lake").display()));
    expect_published(&dir);
    // One line for each task, and the result of a task only in its run.
    let lines = finished.stderr.lines().count();
    assert!(lines <= finished.json()["tasks"].as_array().unwrap().len() + 5, "{lines}:\n{}", finished.stderr);
    assert!(!finished.stderr.contains("{\"task\""), "{}", finished.stderr);
    let kept = dir.read(&format!("smoke/lake/_runs/{RUN}/_tasks/ingest-labels.json"));
    assert!(kept.contains("\"peak_memory_bytes\""), "{kept}");
}

#[test]
fn the_smoke_workflow_shows_all_with_verbose() {
    let dir = Dir::new();
    let mut command = run_workflow(&dir, "smoke.dig");
    command.args(&["--verbose", "-p", &format!("smoke_root={}", dir.path("smoke").display())]);
    let finished = command.run().expect_status(0).expect_stderr("+smoke+dumps: py> generate-dumps");
    finished.expect_stderr("{\"task\":\"ingest-labels\"");
}

#[test]
fn the_smoke_workflow_ends_published_with_the_real_digdag() {
    let Some(digdag) = digdag() else {
        // Not even in CI has it to be there: nothing here sets it up.
        loudly("SKIPPED: there is no digdag; put it on PATH or name it in DIGDAG");
        return;
    };
    // A copy: Digdag leaves its state and its temporary files in the project.
    let dir = Dir::new();
    assert!(Command::new("cp").arg("-R").arg(project()).arg(dir.path("digdag")).status().unwrap().success());
    let mut command = TestCommand::new(&digdag, &dir.path("digdag"));
    command.env("PATH", path_with_binaries());
    command.args(&["run", "smoke.dig", "--session", SESSION, "-p"]);
    let finished = command.args(&[&format!("smoke_root={}", dir.path("smoke").display())]).run();
    assert_eq!(finished.status, Some(0), "{}\n{}", finished.stdout, finished.stderr);
    expect_published(&dir);
}

/// The real Digdag, if it is installed.
pub fn digdag() -> Option<PathBuf> {
    let named = std::env::var_os("DIGDAG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    named.or_else(|| std::env::split_paths(&path).map(|folder| folder.join("digdag")).find(|path| path.is_file()))
}
