use super::project;
use crate::support::Dir;

const WORKFLOW: &str = "+a:\n  sh>: echo ran on $session_date as $mode\n";

#[test]
fn it_is_called_with_and_without_run_and_suffix() {
    let dir = project(WORKFLOW);
    for arguments in [&["main.dig"][..], &["run", "main.dig"], &["main"], &["./main.dig"]] {
        let mut command = dir.run_workflow(arguments);
        command.args(&["--no-save", "-p", "mode=x", "--session", "2026-11-20"]);
        command.run().expect_status(0).expect_stderr("ran on 2026-11-20 as x\n").expect_stderr("Success.");
    }
}

#[test]
fn stdout_is_one_json_line() {
    let finished = project(WORKFLOW).run_workflow(&["main.dig", "--session", "2026-11-20 12:30:00"]).run();
    let json = finished.json();
    assert_eq!(json["task"], "run-workflow");
    assert_eq!(json["status"], "done");
    assert_eq!(json["session_time"], "2026-11-20T12:30:00+00:00");
    assert_eq!(json["tasks"][0]["name"], "+main+a");
    assert_eq!(json["tasks"][0]["status"], "done");
}

#[test]
fn the_project_folder_can_be_named() {
    let dir = Dir::new();
    dir.create("digdag/main.dig", "+a:\n  sh>: cat here\n").create("digdag/here", "in the project\n");
    dir.run_workflow(&["--project", "digdag", "main.dig"]).run().expect_status(0).expect_stderr("in the project");
    assert!(dir.path("digdag/.run-workflow/sessions").is_dir());
    // Digdag waits for ever in a session that it did not begin itself.
    assert!(!dir.path("digdag/.digdag").exists());
    dir.run_workflow(&["digdag/main.dig"]).run().expect_status(2).expect_stderr("give --project digdag");
    dir.run_workflow(&["--project", "no", "main"]).run().expect_status(2).expect_stderr("--project no: no such folder");
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_in_a_line() {
    let dir = project(WORKFLOW);
    for (arguments, expected) in [
        (&[][..], "run-workflow: the following required arguments were not provided: <WORKFLOW>"),
        (&["main.dig", "--dry"], "run-workflow: unexpected argument '--dry' found"),
        (&["main.dig", "-p", "x"], "run-workflow: invalid value 'x' for '--param <KEY=VALUE>': expected KEY=VALUE"),
        (&["main.dig", "--session", "monday"], "run-workflow: --session must be hourly, daily, last,"),
        (&["main.dig", "-P", "no.yml"], "run-workflow: -P no.yml: No such file"),
        (&["other.dig"], "run-workflow: cannot read other.dig: No such file"),
        (&["main.dig", "-p", "a=1", "-p", "a.b=2"], "run-workflow: -p a.b=2: the parameter a is not an object"),
    ] {
        let finished = dir.run_workflow(arguments).run().expect_status(2).expect_stderr(expected);
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        assert_eq!(finished.json()["error"]["class"], "parameters");
    }
}

#[test]
fn help_is_no_failure() {
    let finished = Dir::new().run_workflow(&["--help"]).run().expect_status(0);
    assert!(
        finished.stdout.contains("run-workflow main.dig --session \"$(date -u '+%F %T')\" -p dump_month=2026-11"),
        "{}",
        finished.stdout
    );
}

#[test]
fn sessions_have_the_time_zone_of_the_workflow() {
    let dir = project("timezone: Europe/Berlin\n+a:\n  py>: x\n  python: ./task\n");
    dir.run_workflow(&["main.dig", "--session", "2026-07-01 03:00:00"]).run().expect_status(0);
    let params = super::given(&dir, "x");
    assert_eq!(params["session_time"], "2026-07-01T03:00:00+02:00");
    assert_eq!(params["session_tz_offset"], "+0200");
    assert_eq!(params["timezone"], "Europe/Berlin");
    assert_eq!(params["session_unixtime"], 1_782_867_600);
    assert!(dir.path(".run-workflow/sessions/20260701T030000+0200/+main+a.yml").is_file());
}

#[test]
fn a_new_session_is_today_at_midnight_and_the_last_one_is_taken_up() {
    let dir = project(WORKFLOW);
    let today = |finished: crate::support::Finished| finished.json()["session_time"].as_str().unwrap().to_owned();
    assert!(today(dir.run_workflow(&["main.dig", "--no-save"]).run()).ends_with("T00:00:00+00:00"));
    dir.run_workflow(&["main.dig", "--session", "2020-01-01"]).run().expect_status(0);
    dir.run_workflow(&["main.dig", "--session", "2021-02-03 04:05:06"]).run().expect_status(0);
    assert_eq!(today(dir.run_workflow(&["main.dig"]).run()), "2021-02-03T04:05:06+00:00");
}

#[test]
fn a_session_has_one_of_the_forms_of_digdag() {
    let dir = project(WORKFLOW);
    for session in
        ["now", "today", "schedule", "2026-1-2", "2026-11-20T00:00:00", "2026-11-20 0:00:00", "2026-02-30", ""]
    {
        let finished = dir.run_workflow(&["main.dig", "--session", session]).run().expect_status(2);
        let forms = "hourly, daily, last, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format: ";
        finished.expect_stderr(&format!("--session must be {forms}{session};")).expect_stderr("$(date -u '+%F %T')");
    }
    for session in ["hourly", "daily", "last", "2026-11-20", "2026-11-20 23:59:59"] {
        dir.run_workflow(&["main.dig", "-p", "mode=x", "--session", session]).run().expect_status(0);
    }
}

/// Digdag takes the session time of `last` from a schedule, and adds parameters; its own scheduler is the place for it.
#[test]
fn a_schedule_is_refused_by_line() {
    let dir = project("timezone: UTC\nschedule:\n  monthly>: 2,03:00:00\n\n+a:\n  echo>: hello\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(2).expect_stderr("main.dig:2: run-workflow has no schedule;");
    dir.create("monthly.dig", "schedule:\n  monthly>: 2,03:00:00\n+a:\n  call>: plain\n");
    dir.create("plain.dig", "+a:\n  echo>: hello\n");
    dir.run_workflow(&["plain.dig"]).run().expect_status(0);
}
