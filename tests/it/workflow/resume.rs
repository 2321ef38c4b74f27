use super::{given, project};

/// Fails at +b until there is a file `ready`.
const WORKFLOW: &str = "\
_export: {py: {python: ./task}}
+a:
  py>: first
  month: ${month}
+b:
  sh>: test -e ready
+c:
  py>: last
  seen: ${first.name}
";

#[test]
fn a_session_that_is_run_again_goes_on_where_it_failed() {
    let dir = project(WORKFLOW);
    let arguments = ["main.dig", "--session", "2026-11-20", "-p", "month=2026-11"];
    let finished = dir.run_workflow(&arguments).run().expect_status(1);
    let finished =
        finished.expect_stderr("Task state is saved at").expect_stderr("/.digdag/status/20261120T000000+0000;");
    finished.expect_stderr("the same command with --session \"2026-11-20 00:00:00\" goes on from there");
    let state = dir.read(".digdag/status/20261120T000000+0000/+main+a.yml");
    assert!(state.contains("fullName: +main+a\nstate: success\n"), "{state}");

    dir.create("ready", "");
    // Whatever -p says by now: what was done stays done, and what it stored comes back.
    let finished = dir.run_workflow(&["main.dig", "-p", "month=2030-01"]).run().expect_status(0);
    assert_eq!(dir.read("log"), "+main+a first\n+main+c last\n");
    assert_eq!(given(&dir, "last")["seen"], "+main+a");
    assert_eq!(finished.json()["tasks"][0]["status"], "skipped");
    finished.expect_stderr("+main+a: SKIPPED: it succeeded").expect_stderr("1 of 3 tasks were skipped");
}

#[test]
fn rerun_runs_all_tasks_again() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    for arguments in [&["main.dig", "-p", "month=x"][..], &["main.dig", "-p", "month=x", "-a"]] {
        let finished = dir.run_workflow(arguments).run().expect_status(0);
        assert!(!finished.stderr.contains("SKIPPED"), "{}", finished.stderr);
    }
    assert_eq!(dir.read("log"), "+main+a first\n+main+c last\n".repeat(2));
    // The state of the second run is kept.
    dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr("3 of 3 tasks were skipped");
}

/// As Digdag it ends well; unlike it, it says what a new month needs.
#[test]
fn a_session_with_nothing_left_to_do_says_how_to_begin_another() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    let first = dir.run_workflow(&["main.dig", "-p", "month=2026-11"]).run().expect_status(0);
    assert!(!first.stderr.contains("nothing was left to do"), "{}", first.stderr);
    let next = dir.run_workflow(&["main.dig", "-p", "month=2026-12"]).run().expect_status(0);
    next.expect_stderr("nothing was left to do in session ").expect_stderr("--session now begins a new one");
    // The session before began at midnight.
    let now = dir.run_workflow(&["main.dig", "--session", "now", "-p", "month=2026-12"]).run().expect_status(0);
    assert!(!now.stderr.contains("SKIPPED"), "{}", now.stderr);
    assert_eq!(given(&dir, "first")["month"], "2026-12");
}

#[test]
fn without_save_nothing_is_skipped_or_remembered() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    dir.run_workflow(&["main.dig", "-p", "month=x", "--no-save"]).run().expect_status(0);
    assert!(!dir.path(".digdag").exists());
    dir.run_workflow(&["main.dig", "-p", "month=x"]).run().expect_status(0);
    dir.run_workflow(&["main.dig", "-p", "month=x", "--no-save"]).run().expect_status(0);
    assert_eq!(dir.read("log"), "+main+a first\n+main+c last\n".repeat(3));
}

#[test]
fn another_session_and_another_folder_start_anew() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    for more in [["--session", "2026-11-20"], ["--session", "2026-11-21"], ["--save", "elsewhere"]] {
        let mut command = dir.run_workflow(&["main.dig", "-p", "month=x"]);
        command.args(&more).run().expect_status(0);
    }
    assert_eq!(dir.read("log"), "+main+a first\n+main+c last\n".repeat(3));
    assert!(dir.path("elsewhere").is_dir());
}

#[test]
fn tasks_of_called_workflows_and_branches_are_skipped_one_by_one() {
    let dir = project(
        "_export: {py: {python: ./task}}\n+choose:\n  if>: ${flag}\n  _do:\n    +c:\n      call>: called.dig\n+b:\n  sh>: test -e ready\n+last:\n  py>: last\n",
    );
    dir.create("called.dig", "+x:\n  py>: inside\n");
    dir.run_workflow(&["main.dig", "-p", "flag=true"]).run().expect_status(1);
    dir.create("ready", "");
    // The branch that was taken stays taken.
    dir.run_workflow(&["main.dig", "-p", "flag=false"]).run().expect_status(0);
    assert_eq!(dir.read("log"), "+main+choose^sub+c^sub+x inside\n+main+last last\n");
    assert_eq!(given(&dir, "last")["inside"]["name"], "+main+choose^sub+c^sub+x");
}

#[test]
fn a_broken_state_file_is_named() {
    let dir = project(WORKFLOW);
    dir.create(".digdag/status/20261120T000000+0000/+main+a.yml", "fullName: [");
    let finished = dir.run_workflow(&["main.dig", "--session", "2026-11-20"]).run().expect_status(2);
    finished.expect_stderr("+main+a.yml: ").expect_stderr("remove the file to run the task again");
}
