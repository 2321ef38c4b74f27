use super::{given, project};
use crate::support::{Finished, eventually};

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
        finished.expect_stderr("Task state is saved at").expect_stderr("/.run-workflow/sessions/20261120T000000+0000;");
    finished.expect_stderr("the same command with --session \"2026-11-20 00:00:00\" resumes from there");
    let state = dir.read(".run-workflow/sessions/20261120T000000+0000/+main+a.yml");
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

/// It succeeds like Digdag, and also reports what a new month needs.
#[test]
fn a_session_with_nothing_left_to_do_says_how_to_begin_another() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    let first = dir.run_workflow(&["main.dig", "-p", "month=2026-11"]).run().expect_status(0);
    assert!(!first.stderr.contains("nothing was left to do"), "{}", first.stderr);
    let next = dir.run_workflow(&["main.dig", "-p", "month=2026-12"]).run().expect_status(0);
    next.expect_stderr("nothing was left to do in session ")
        .expect_stderr("--session \"$(date -u '+%F %T')\" begins a new one");
    // The session before began at midnight.
    let now = dir
        .run_workflow(&["main.dig", "--session", "2026-12-02 03:00:00", "-p", "month=2026-12"])
        .run()
        .expect_status(0);
    assert!(!now.stderr.contains("SKIPPED"), "{}", now.stderr);
    assert_eq!(given(&dir, "first")["month"], "2026-12");
}

#[test]
fn without_save_nothing_is_skipped_or_remembered() {
    let dir = project(WORKFLOW);
    dir.create("ready", "");
    dir.run_workflow(&["main.dig", "-p", "month=x", "--no-save"]).run().expect_status(0);
    assert!(!dir.path(".run-workflow").exists());
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
    dir.create(".run-workflow/sessions/20261120T000000+0000/+main+a.yml", "fullName: [");
    let finished = dir.run_workflow(&["main.dig", "--session", "2026-11-20"]).run().expect_status(2);
    finished.expect_stderr("+main+a.yml: ").expect_stderr("remove the file to run the task again");
}

/// Two months that begin in the same second would share the run of the first one.
#[test]
fn a_session_is_locked_while_it_runs() {
    let dir = project("+a:\n  sh>: touch started; until [ -e ready ]; do sleep 0.05; done\n");
    let arguments = ["main.dig", "--session", "2026-11-20"];
    let child = dir.run_workflow(&arguments).spawn();
    eventually("the first one has started", || dir.path("started").exists());
    let second = dir.run_workflow(&arguments).run().expect_status(4);
    assert_eq!(second.json()["error"]["class"], "locked");
    let holder = format!("session 20261120T000000+0000 of main is locked by process {}, which", child.id());
    second.expect_one_line(&[&holder, "begin another session with --session \"$(date -u '+%F %T')\""]);
    dir.create("ready", "");
    Finished::of(child.wait_with_output().unwrap()).expect_status(0);
    dir.run_workflow(&arguments).run().expect_status(0).expect_stderr("nothing was left to do");
}

#[test]
fn a_session_that_began_for_another_month_or_lake_is_refused() {
    let dir = project("_export: {lake: \"${root}/lake\"}\n+a:\n  sh>: test -e ready\n");
    let run = |month: &str, root: &str, more: &[&str]| {
        let parameters = [format!("dump_month={month}"), format!("root={root}")];
        let mut command = dir.run_workflow(&["main.dig", "--session", "2026-11-20"]);
        command.args(&["-p", &parameters[0], "-p", &parameters[1]]).args(more).run()
    };
    run("2026-11", "/one", &[]).expect_status(1);
    dir.create("ready", "");
    let other_month = run("2026-12", "/one", &[]).expect_status(2);
    other_month.expect_one_line(&["this session of main began with dump_month 2026-11, not 2026-12; begin another"]);
    let other_lake = run("2026-11", "/two", &[]).expect_status(2);
    other_lake.expect_one_line(&["this session of main began with lake /one/lake, not /two/lake;"]);
    run("2026-11", "/one/", &[]).expect_status(0);
    // All tasks run again, so nothing of the first month is taken over.
    run("2026-12", "/one", &["--rerun"]).expect_status(0);
}

#[test]
fn the_lake_of_the_environment_is_part_of_a_session() {
    let dir = project("+a:\n  sh>: echo $DISCOGS_DATA_LAKE\n");
    let run =
        |lake: &str| dir.run_workflow(&["main.dig", "--session", "2026-11-20"]).env("DISCOGS_DATA_LAKE", lake).run();
    run("/one").expect_status(0);
    run("/two").expect_status(2).expect_stderr("began with lake /one, not /two");
}

/// On a server, a resumed attempt has no values that were stored below a successful call> or if>.
#[test]
fn a_session_can_resume_as_a_server_does() {
    let dir = project(
        "_export: {py: {python: ./task}}\n+direct:\n  py>: direct\n+called:\n  call>: called\n+b:\n  sh>: test -e ready\n+last:\n  py>: last\n  a: ${direct.name}\n  b: ${inside.name}\n",
    );
    dir.create("called.dig", "+x:\n  py>: inside\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1);
    dir.create("ready", "");
    let lost = dir.run_workflow(&["main.dig", "--resume-as", "server"]).run().expect_status(1);
    lost.expect_stderr(
        "+main+last:\n    Failed to evaluate a variable ${inside.name} (ReferenceError: inside is not defined)",
    );
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
}

/// A call that failed is generated again; each of its tasks that succeeded keeps its values.
#[test]
fn a_failed_call_resumes_its_tasks_on_a_server_too() {
    let dir = project("_export: {py: {python: ./task}}\n+called:\n  call>: called\n");
    dir.create("called.dig", "+x:\n  py>: first\n+b:\n  sh>: test -e ready\n+c:\n  py>: last\n  a: ${first.name}\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1);
    dir.create("ready", "");
    dir.run_workflow(&["main.dig", "--resume-as", "server"]).run().expect_status(0);
    assert_eq!(dir.read("log"), "+main+called^sub+x first\n+main+called^sub+c last\n");
}
