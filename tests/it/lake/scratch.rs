//! Scratch folders: prune-runs leaves one in use alone, and a signal removes it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Finished, TestLake, eventually, sealed_lake, signal};

fn scratch(lake: &TestLake) -> Option<PathBuf> {
    let entries = fs::read_dir(lake.root().join("_meta/_staging")).into_iter().flatten();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("report-active."))
}

fn prune(lake: &TestLake) {
    let arguments = ["--keep", "9", "--open-hours", "0", "--dry-run=false"];
    lake.task("prune-runs").args(&arguments).run().expect_status(0);
}

#[test]
fn a_prune_leaves_the_scratch_of_a_task_at_work_and_a_signal_removes_it() {
    let (lake, runs) = sealed_lake();
    lake.promote(runs[0]).expect_status(0);
    let child = lake.task("report-active").args(&["--environment", "sample"]).spawn();
    eventually("there is a scratch", || scratch(&lake).is_some());
    signal(&child, Signal::STOP);
    let folder = scratch(&lake).unwrap();
    // As old as it gets.
    let touched = Command::new("find").arg(&folder).args(["-exec", "touch", "-d", "2001-01-01", "{}", "+"]).status();
    assert!(touched.unwrap().success());
    prune(&lake);
    assert!(folder.is_dir(), "taken from under a task at work");
    signal(&child, Signal::TERM);
    signal(&child, Signal::CONT);
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
    assert_eq!(scratch(&lake), None);

    // A scratch folder without a lock is removed once it is older than a minute.
    fs::create_dir(&folder).unwrap();
    prune(&lake);
    assert!(folder.is_dir(), "of this moment");
    assert!(Command::new("touch").args(["-d", "2001-01-01"]).arg(&folder).status().unwrap().success());
    prune(&lake);
    assert!(!folder.exists());
}
