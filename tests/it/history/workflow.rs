use std::path::Path;

use super::lake::{KPIS, REGISTRY, files, two_months};
use crate::support::Dir;

/// The history's workflows, in a folder where a session may leave its state.
fn run(dir: &Dir, workflow: &str) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag/history");
    if !dir.path("history").exists() {
        dir.command("cp").args(&["-r", project.to_str().unwrap(), "history"]).run().expect_status(0);
    }
    let lake = format!("lake={}", dir.path("lake").display());
    let arguments = [workflow, "--no-save", "--session", "daily", "-p", &lake];
    dir.run_workflow(&arguments).current_dir(&dir.path("history")).run().expect_status(0);
}

#[test]
fn the_pipeline_can_be_run_again() {
    let dir = two_months();
    run(&dir, "history_pipeline.dig");
    let made = |dir: &Dir| [REGISTRY, KPIS, "reports"].map(|folder| files(dir, folder));
    let first = made(&dir);
    assert_eq!(first.each_ref().map(Vec::len), [1, 2, 5]);
    run(&dir, "history_pipeline.dig");
    assert_eq!(made(&dir), first);
}

#[test]
fn each_step_can_be_run_alone() {
    let dir = two_months();
    for step in ["reconcile_register.dig", "update_run_registry.dig", "compute_kpis.dig", "export_history_csv.dig"] {
        run(&dir, step);
    }
    assert_eq!(files(&dir, "reports").len(), 5);
}

/// As with Digdag: workflows lie at the top of a project, and the history is a project of its own within another.
#[test]
fn the_history_is_a_project_of_its_own() {
    let dir = two_months();
    let digdag = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
    dir.command("cp").args(&["-r", digdag.to_str().unwrap(), "digdag"]).run().expect_status(0);
    let lake = format!("lake={}", dir.path("lake").display());
    let from_above = |arguments: &[&str]| {
        let mut command = dir.run_workflow(arguments);
        command.args(&["--no-save", "--session", "daily", "-p", &lake]).current_dir(&dir.path("digdag")).run()
    };
    from_above(&["history/update_run_registry.dig"]).expect_status(2).expect_one_line(&[
        "workflow history/update_run_registry is not in",
        "cd history",
        "--project history",
    ]);
    assert!(files(&dir, REGISTRY).is_empty());
    from_above(&["--project", "history", "update_run_registry.dig"]).expect_status(0);
    assert_eq!(files(&dir, REGISTRY).len(), 1);
}
