//! Two writers of the same thing: the second gets exit 4 and learns who the first is.

use std::process::Child;

use rustix::process::Signal;

use crate::support::{Finished, Month, RUN, TestLake, eventually, sealed_lake, signal};

/// A process that is stopped until the test ends or lets it go on. It keeps its locks.
struct Paused(Option<Child>);

impl Paused {
    fn pid(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    fn go_on(mut self) -> Finished {
        let child = self.0.take().unwrap();
        signal(&child, Signal::CONT);
        Finished::of(child.wait_with_output().unwrap())
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An ingest into the run that is stopped while it writes.
fn paused_ingest(lake: &TestLake) -> Paused {
    let dump = Month::generate("2026-11", &["--releases", "6000", "--entities", "releases"]).dump("releases");
    let dump = lake.write("large.xml.gz", std::fs::read(dump).unwrap());
    let mut command = lake.task("ingest-releases");
    command.args(&["--run-id", RUN, "--releases-dump", dump.to_str().unwrap(), "--threads", "1"]);
    let child = command.args(&["--block-size", "64KiB"]).spawn();
    eventually("rows are written", || {
        std::fs::read_dir(lake.in_run("_staging/ingest-releases/release_tracks_v1"))
            .is_ok_and(|files| files.count() > 0)
    });
    signal(&child, Signal::STOP);
    Paused(Some(child))
}

#[test]
fn a_second_writer_of_a_dataset_learns_who_the_first_is() {
    let lake = TestLake::begun();
    let first = paused_ingest(&lake);
    let before = lake.snapshot();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let second = lake.task("ingest-releases").args(&["--run-id", RUN]).run().expect_status(4);
    let who = format!("ingest-releases (pid {} on {host}, since 20", first.pid());
    assert_eq!(second.json()["error"]["class"], "locked");
    second.expect_one_line(&["ingest-releases of run", &who, "try again when it has ended"]);
    before.expect_unchanged(&lake.root());
    assert!(lake.in_run("_staging/ingest-releases/release_tracks_v1").is_dir(), "it took the first one's work away");
    first.go_on().expect_status(0).expect_result("done");
}

#[test]
fn writers_of_other_datasets_of_the_run_are_not_kept_waiting() {
    let lake = TestLake::begun();
    let first = paused_ingest(&lake);
    for task in ["ingest-artists", "ingest-labels", "ingest-masters"] {
        lake.task(task).args(&["--run-id", RUN]).run().expect_status(0).expect_result("done");
    }
    first.go_on().expect_status(0);
}

#[test]
fn a_run_that_is_written_to_is_not_checked_or_sealed() {
    let lake = TestLake::begun();
    let first = paused_ingest(&lake);
    let before = lake.snapshot();
    let finished = lake.task("sanity-check").args(&["--run-id", RUN]).run().expect_status(4);
    finished.expect_one_line(&[&format!("run {RUN} is locked by ingest-releases (pid {}", first.pid())]);
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_lock_ends_with_its_holder() {
    let lake = TestLake::begun();
    drop(paused_ingest(&lake));
    // Killed, it could not clean up; the next one does.
    assert!(lake.in_run("_staging/ingest-releases").is_dir());
    lake.task("ingest-releases").args(&["--run-id", RUN]).run().expect_status(0).expect_result("done");
    lake.expect_nothing_staged();
}

#[test]
fn one_at_a_time_moves_active() {
    let (lake, runs) = sealed_lake();
    lake.promote(runs[0]).expect_status(0);
    // A holder as this software writes it.
    let path = lake.root().join("_meta/locks/lake.lock");
    let holder = r#"{"pid": 4711, "task": "promote", "host": "elsewhere", "since": "2026-11-20T00:00:00Z"}"#;
    std::fs::write(&path, holder).unwrap();
    let lock = std::fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    let before = lake.snapshot();
    let who = "the lake is locked by promote (pid 4711 on elsewhere, since 2026-11-20 00:00:00 UTC)";
    lake.promote(runs[1]).expect_status(4).expect_one_line(&[who]);
    lake.task("rollback").args(&["--to-run-id", runs[1]]).run().expect_status(4).expect_one_line(&[who]);
    before.expect_unchanged(&lake.root());
    lock.unlock().unwrap();
    lake.promote(runs[1]).expect_status(0);
}
