//! An `active` that is no link to a run of this lake is refused with advice, and left as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{RUN, TestLake, month, sealed_lake};

#[track_caller]
fn refused(make: impl Fn(&Path), parts: &[&str]) {
    let (lake, runs) = sealed_lake();
    let active = lake.root().join("active");
    make(&active);
    let before = lake.snapshot();
    lake.promote(runs[0]).expect_status(5).expect_one_line(parts);
    lake.task("rollback").args(&["--to-run-id", runs[1]]).run().expect_status(5).expect_one_line(parts);
    lake.task("report-active").run().expect_status(5).expect_one_line(parts);
    // Found before a month's work, not after it.
    let mut command = lake.task("preflight");
    command.args(&["--dump-month", "2026-11", "--run-id", "20270101_000000"]).env("raw_root", month().raw_root());
    command.run().expect_status(5).expect_one_line(parts);
    before.expect_unchanged(&lake.root());
    lake.expect_nothing_staged();
}

#[test]
fn a_folder_called_active_is_refused() {
    refused(|active| fs::create_dir_all(active.join("releases_v6")).unwrap(), &["active is not a link", "by hand"]);
}

#[test]
fn a_file_called_active_is_refused() {
    refused(|active| fs::write(active, RUN).unwrap(), &["active is not a link", "by hand"]);
}

#[test]
fn a_link_to_a_run_that_is_gone_is_refused() {
    let parts = ["points at run 20200101_000000, which is gone", "remove the link by hand"];
    refused(|active| symlink("_runs/20200101_000000", active).unwrap(), &parts);
}

#[test]
fn a_link_to_elsewhere_is_refused() {
    for target in ["/tmp", "_runs", ".", "../lake/_runs/2026-11__20261120_000000", "_runs/../_meta", "nowhere"] {
        refused(|active| symlink(target, active).unwrap(), &["does not point at a run of this lake", "by hand"]);
    }
}

/// As the pipelines before this one wrote it.
#[test]
fn an_absolute_link_is_refused() {
    let make = |active: &Path| symlink(active.with_file_name("_runs").join(RUN), active).unwrap();
    refused(make, &["does not point at a run of this lake", "by hand"]);
}

#[test]
fn nothing_published_is_said_so() {
    let lake = TestLake::begun();
    lake.task("report-active")
        .run()
        .expect_status(2)
        .expect_one_line(&["nothing is published", "promote a sealed run"]);
}
