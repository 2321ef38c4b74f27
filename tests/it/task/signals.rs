//! SIGTERM and SIGINT: the task stops, leaves no half dataset, and says so.

use std::process::Child;

use rustix::process::Signal;

use crate::support::{Finished, Month, RUN, TestLake, eventually, signal};

/// An ingest of a dump that takes a while, stopped in the middle of it.
pub fn paused_ingest(lake: &TestLake) -> Child {
    let dump = Month::generate("2026-11", &["--releases", "6000", "--entities", "releases"]).dump("releases");
    let mut command = lake.task("ingest-releases");
    command.args(&["--run-id", RUN, "--replace", "true", "--threads", "1", "--block-size", "64KiB"]);
    let child = command.args(&["--releases-dump", dump.to_str().unwrap()]).spawn();
    eventually("rows are written", || {
        std::fs::read_dir(lake.in_run("_staging/ingest-releases/release_tracks_v1"))
            .is_ok_and(|files| files.count() > 0)
    });
    signal(&child, Signal::STOP);
    child
}

#[test]
fn a_signal_leaves_no_half_dataset() {
    for (name, sent, status) in [("SIGTERM", Signal::TERM, 143), ("SIGINT", Signal::INT, 130)] {
        // The run holds the releases of the shared month, and keeps them.
        let lake = TestLake::ingested();
        let before = lake.snapshot();
        let child = paused_ingest(&lake);
        signal(&child, sent);
        signal(&child, Signal::CONT);
        let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(status);
        let finished = finished.expect_stderr(&format!("ingest-releases: stopped by {name}"));
        assert_eq!(finished.json()["error"]["class"], "stopped");
        before.expect_unchanged(&lake.root());
        lake.expect_nothing_staged();
        // And nothing keeps the next one from its work.
        lake.task("ingest-releases").args(&["--run-id", RUN]).run().expect_status(0).expect_result("already_done");
    }
}
