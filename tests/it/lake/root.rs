//! `DISCOGS_DATA_LAKE` is the folder above `_runs` and `active`, and nothing below it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{RUN, TestLake, month, sealed_lake};

#[test]
fn a_lake_inside_a_run_is_refused() {
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    symlink("lake/active", lake.root().with_file_name("link-to-active")).unwrap();
    let before = lake.snapshot();
    for inside in ["active", "active/", "active/releases_v6", &format!("_runs/{RUN}"), "../link-to-active"] {
        let root = lake.root().join(inside);
        for task in ["ingest-labels", "sanity-check", "build-warehouse", "ingest-collection"] {
            if task == "ingest-collection" && !inside.starts_with("active") {
                continue;
            }
            let mut command = lake.task(task);
            command.args(&["--run-id", RUN]).env("DISCOGS_DATA_LAKE", &root).env("collection", "/dev/null");
            let finished = command.run().expect_status(2);
            finished.expect_one_line(&["lies inside the run", "DISCOGS_DATA_LAKE is the folder above _runs"]);
        }
        for task in ["report-active", "rollback"] {
            let finished = lake.task(task).env("DISCOGS_DATA_LAKE", &root).run().expect_status(2);
            finished.expect_one_line(&["lies inside the run", lake.root().canonicalize().unwrap().to_str().unwrap()]);
        }
    }
    // Also where a folder would have to be made first.
    for inside in ["active/sub/lake", "active"] {
        let mut command = lake.task("preflight");
        command.args(&["--dump-month", "2026-11"]).env("raw_root", month().raw_root());
        let finished = command.env("DISCOGS_DATA_LAKE", lake.root().join(inside)).run().expect_status(2);
        finished.expect_one_line(&["lies inside the run"]);
    }
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_lake_that_is_not_there_is_only_made_by_preflight() {
    let lake = TestLake::new();
    for task in ["ingest-labels", "sanity-check", "build-warehouse"] {
        let finished = lake.task(task).args(&["--run-id", RUN]).run().expect_status(2);
        finished.expect_one_line(&["cannot be opened", "preflight makes it"]);
    }
    let finished = lake.task("report-active").run().expect_status(2);
    finished.expect_one_line(&["cannot be opened"]);
    assert!(!lake.root().exists());
}

#[test]
fn a_file_is_no_lake() {
    let lake = TestLake::new();
    fs::write(lake.root(), "").unwrap();
    lake.task("rollback").run().expect_status(2).expect_one_line(&["is not a folder"]);
}

#[test]
fn a_run_that_is_not_there_is_refused_and_the_newest_is_named() {
    let lake = TestLake::begun();
    let before = lake.snapshot();
    for task in ["ingest-artists", "build-warehouse", "sanity-check"] {
        let finished = lake.task(task).args(&["--run-id", "2026-11__20270101_000000"]).run().expect_status(2);
        finished.expect_one_line(&["there is no run 2026-11__20270101_000000", &format!("the newest run is {RUN}")]);
    }
    // By when it was begun, with a month in its name or without.
    lake.begin("20260101_000000", month());
    let finished = lake.task("ingest-artists").args(&["--run-id", "2026-11__20270101_000000"]).run().expect_status(2);
    finished.expect_one_line(&[&format!("the newest run is {RUN}")]);
    fs::remove_dir_all(lake.root().join("_runs/20260101_000000")).unwrap();
    before.expect_unchanged(&lake.root());
}

#[test]
fn a_run_that_is_a_link_is_refused() {
    let (lake, runs) = sealed_lake();
    symlink(runs[0], lake.root().join("_runs/20260101_000000")).unwrap();
    let before = lake.snapshot();
    for task in ["ingest-labels", "sanity-check"] {
        let finished = lake.task(task).args(&["--run-id", "20260101_000000"]).run().expect_status(5);
        finished.expect_one_line(&["is not a folder"]);
    }
    lake.promote("20260101_000000").expect_status(5);
    before.expect_unchanged(&lake.root());
}

#[test]
fn the_root_of_the_file_system_and_an_empty_path_are_no_lake() {
    let lake = TestLake::new();
    for root in ["", "/", "//", "/tmp/.."] {
        for task in ["preflight", "lake-status", "rollback"] {
            let mut command = lake.task(task);
            command.env_remove("DISCOGS_DATA_LAKE").args(&["--lake", root]);
            if task == "preflight" {
                command.args(&["--dump-month", "2026-11", "--raw-root", month().raw_root().to_str().unwrap()]);
            }
            let finished = command.run().expect_status(2);
            match root {
                "" => finished.expect_one_line(&["parameter lake", "the value is empty"]),
                _ => finished.expect_one_line(&["is no folder of its own", "set DISCOGS_DATA_LAKE to a folder"]),
            };
        }
    }
    assert!(!std::path::Path::new("/_runs").exists() && !std::path::Path::new("/_meta").exists());
}
