//! SIGTERM, SIGINT, SIGHUP, and readers that go away. That a signal at any instant leaves no half dataset is in `kill.rs`.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use super::invariants;
use super::lake::{RUNS, Stage};
use super::trace::{available, traced};
use crate::support::Finished;
use crate::support::TestLake;

/// An ingest that has begun and waits for the rest of its dump: a pipe that the test holds open.
fn waiting_ingest(lake: &TestLake, before: &str) -> (Child, fs::File) {
    let dump = lake.beside("labels.xml.gz");
    fs::copy(super::lake::dump("dumps", "labels"), &dump).unwrap();
    let task = crate::support::binary("ingest-labels").display().to_string();
    let lock = lake.beside("hold");
    // A lock on nothing; what counts is that the task is slow: it is stopped as soon as it has a staging folder.
    let script = format!(
        "{before} exec {task} --lake {} --run-id {} --labels-dump {} --block-size 1",
        lake.root().display(),
        RUNS[0],
        dump.display()
    );
    grow(&dump);
    let mut command = crate::support::TestCommand::new("/bin/sh".as_ref(), lake.beside("").as_path());
    let child = command.args(&["-c", &script]).spawn();
    let staging = lake.run_folder(0).join("_staging/ingest-labels/label_sublabels_v1");
    while !staging.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    (child, fs::File::create(lock).unwrap())
}

/// Enough labels that reading them takes a while.
fn grow(dump: &std::path::Path) {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(fs::File::create(dump).unwrap(), flate2::Compression::fast());
    encoder.write_all(b"<labels>\n").unwrap();
    for id in 1..20_000 {
        writeln!(encoder, "<label><id>{id}</id><name>Label {id}</name></label>").unwrap();
    }
    encoder.write_all(b"</labels>\n").unwrap();
    encoder.finish().unwrap();
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_signal_ends_a_task_and_leaves_nothing_half() {
    for (signal, name, status) in [("-TERM", "SIGTERM", 143), ("-INT", "SIGINT", 130), ("-HUP", "SIGHUP", 129)] {
        let lake = TestLake::at(Stage::Begun);
        let (child, _hold) = waiting_ingest(&lake, "");
        send(signal, &child);
        let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(status);
        let error = finished.json()["error"].clone();
        assert_eq!(error["class"], "stopped");
        assert_eq!(error["hint"], "run the same command again to go on");
        finished.expect_stderr(&format!("ingest-labels: stopped by {name}; nothing half written is left"));
        assert!(!lake.run_folder(0).join("_staging/ingest-labels").exists());
        invariants::hold(&lake.root(), &[None], name);
        lake.call("ingest-labels", &["--run-id", RUNS[0]]).run().expect_status(0);
    }
}

/// nohup, and a shell that puts a command into the background: what is ignored at the start stays ignored.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    for (trap, signals) in [("trap '' HUP;", &["-HUP"][..]), ("trap '' HUP INT;", &["-INT", "-HUP"])] {
        let lake = TestLake::at(Stage::Begun);
        let (child, _hold) = waiting_ingest(&lake, trap);
        for signal in signals {
            send(signal, &child);
        }
        Finished::of(child.wait_with_output().unwrap()).expect_status(0);
    }
    let lake = TestLake::at(Stage::Begun);
    let (child, _hold) = waiting_ingest(&lake, "trap '' HUP;");
    send("-HUP", &child);
    send("-TERM", &child);
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
}

/// stdout and stderr are closed: the task does its work and ends with status 0.
#[test]
fn readers_that_have_gone_change_nothing() {
    let run = &["--run-id", RUNS[0]][..];
    let sample = &["--run-id", RUNS[0], "--environment", "sample"][..];
    let promote = &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"][..];
    for (stage, task, arguments) in [
        (Stage::Begun, "ingest-labels", run),
        (Stage::Ingested, "build-warehouse", run),
        (Stage::Built, "sanity-check", sample),
        (Stage::Published, "promote", promote),
        (Stage::Published, "rollback", &[]),
        (Stage::Published, "lake-status", &[]),
        (Stage::Published, "verify-run", &[]),
        (Stage::Published, "prune-runs", &["--keep", "1", "--dry-run=false"]),
    ] {
        for help in [false, true] {
            let lake = TestLake::at(stage);
            let arguments = if help { &["--help"] } else { arguments };
            let mut child = lake.call(task, arguments).spawn();
            drop((child.stdout.take(), child.stderr.take()));
            assert_eq!(child.wait().unwrap().code(), Some(0), "{task} {arguments:?}");
        }
    }
}

/// Closed from the start, as some supervisors do it: descriptors 1 and 2 must not become files of the lake.
#[test]
fn closed_descriptors_are_not_written_into_the_lake() {
    let lake = TestLake::at(Stage::Begun);
    let task = crate::support::binary("ingest-labels").display().to_string();
    let script = format!("exec {task} --lake {} --run-id {} >&- 2>&- <&-", lake.root().display(), RUNS[0]);
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    invariants::hold(&lake.root(), &[None], "closed descriptors");
}

/// Tasks that run side by side share a terminal: each line comes in one piece.
#[test]
fn the_last_words_are_one_write() {
    if !available() {
        return;
    }
    let lake = TestLake::at(Stage::Begun);
    let log = tempfile::NamedTempFile::new().unwrap();
    let options =
        ["-s", "9999", "-e", "trace=write,?mkdir,?mkdirat", "-e", "inject=?mkdir,?mkdirat:signal=TERM:when=1"];
    let output = traced(&lake.call("ingest-labels", &["--run-id", RUNS[0], "--threads", "1"]), log.path(), &options);
    Finished::of(output).expect_status(143);
    let calls = fs::read_to_string(log.path()).unwrap();
    let told: Vec<_> = calls.lines().filter(|line| line.contains("write(1<") || line.contains("write(2<")).collect();
    assert!(told.len() == 2 && told.iter().all(|call| call.contains("\\n\", ")), "{told:?}");
}
