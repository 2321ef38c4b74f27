use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

use super::project;
use crate::support::{Dir, Finished, eventually};

/// Its task reports the signal that it received; without one it runs for a minute.
const WORKFLOW: &str = "\
+a:
  sh>: echo done >> log
+b:
  sh>: |
    trap 'echo got TERM >> log; exit 143' TERM
    trap 'echo got INT >> log; exit 130' INT
    trap 'echo got HUP >> log; exit 129' HUP
    [ ! -e ready ] || exit 0
    touch started
    for i in $(seq 600); do sleep 0.1; done
  _retry: 3
  _error:
    sh>: echo error task >> log
+c:
  sh>: echo last >> log
";

fn wait_for(dir: &Dir, name: &str) {
    let clock = Instant::now();
    while !dir.path(name).exists() {
        assert!(clock.elapsed() < Duration::from_secs(30), "{name} did not appear");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stopped_by(dir: &Dir, signal: &str) -> Finished {
    let child = dir.run_workflow(&["main.dig", "--session", "2026-11-20"]).spawn();
    wait_for(dir, "started");
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    Finished::of(child.wait_with_output().unwrap())
}

#[test]
fn signals_are_passed_on_and_the_session_can_go_on() {
    for (signal, name, status) in [("-TERM", "TERM", 143), ("-INT", "INT", 130), ("-HUP", "HUP", 129)] {
        let dir = project(WORKFLOW);
        let finished = stopped_by(&dir, signal).expect_status(status);
        assert_eq!(dir.read("log"), format!("done\ngot {name}\n"));
        let json = finished.json();
        assert_eq!((&json["status"], &json["error"]["class"]), (&"failed".into(), &"stopped".into()));
        assert_eq!(json["tasks"][1]["status"], "stopped");
        finished.expect_stderr(&format!("stopped by SIG{name}; the same command with --session \"2"));

        dir.create("ready", "");
        dir.run_workflow(&["main.dig"]).run().expect_status(0);
        assert_eq!(dir.read("log"), format!("done\ngot {name}\nlast\n"));
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let dir = project("+a:\n  sh>: touch started; sleep 1\n");
    let script = format!("trap '' HUP; exec {} main.dig", crate::support::program("run-workflow"));
    let child = dir.command("/bin/sh").args(&["-c", &script]).spawn();
    wait_for(&dir, "started");
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
    Finished::of(child.wait_with_output().unwrap()).expect_status(0);
}

#[test]
fn nobody_reading_the_output_changes_nothing() {
    let dir = project("+a:\n  sh>: echo one; sleep 0.3; echo two\n+b:\n  sh>: touch finished\n");
    let mut child = dir.run_workflow(&["main.dig"]).spawn();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(dir.path("finished").exists());
}

/// A resumed session would meet a task that still writes.
#[test]
fn a_killed_workflow_takes_its_tasks_with_it() {
    let dir = project("+a:\n  sh>: echo $$$$ > pid; sleep 300 & echo $! > started; wait\n");
    let mut child = dir.run_workflow(&["main.dig"]).spawn();
    wait_for(&dir, "started");
    eventually("both processes are known", || dir.read("started").ends_with('\n'));
    child.kill().unwrap();
    child.wait().unwrap();
    for name in ["pid", "started"] {
        let pid = Pid::from_raw(dir.read(name).trim().parse().unwrap()).unwrap();
        eventually("the process is gone", || is_gone(pid));
    }
}

/// A zombie counts as gone: in a container no process may reap it.
fn is_gone(pid: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_err() || status.contains(") Z ")
}
