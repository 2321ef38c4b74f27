//! Paths that people name for output: regular files and streams, and nothing that a lake keeps.

use std::fs;
use std::process::Command;

use crate::support::{RUN, TestLake, sealed_lake};

fn published() -> TestLake {
    let (lake, [run, ..]) = sealed_lake();
    lake.promote(run).expect_status(0);
    lake
}

#[test]
fn devices_fifos_folders_and_nothing_are_refused_by_every_task_that_writes_a_file() {
    let lake = published();
    let beside = |name: &str| lake.root().with_file_name(name).to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(beside("fifo")).status().unwrap().success());
    fs::create_dir(beside("folder")).unwrap();
    let before = lake.snapshot();
    let places = [
        ("/dev/null".to_owned(), "it is a device"),
        (beside("fifo"), "it is a FIFO"),
        (beside("folder"), "it is a folder"),
        (beside("missing/file"), "cannot write to"),
        (String::new(), "the value is empty"),
    ];
    for (place, part) in &places {
        for arguments in [
            &["query", "--sql", "SELECT 1 AS one", "--csv", place][..],
            &["register-tables", "--bootstrap-file", place],
        ] {
            let finished = lake.task(arguments[0]).args(&arguments[1..]).run();
            assert_eq!(finished.status, Some(2), "{arguments:?}:\n{}", finished.stderr);
            assert!(finished.stderr.contains(part), "{arguments:?}:\n{}", finished.stderr);
        }
    }
    before.expect_unchanged(&lake.root());
}

/// A path is refused if it lies in any lake, not only in the one that the task works on.
#[test]
fn what_another_lake_keeps_is_refused_too() {
    let (lake, other) = (published(), published());
    fs::create_dir(other.root().join("_tables")).unwrap();
    let before = other.snapshot();
    for place in [
        "active",
        "active/x.csv",
        "_runs/x.csv",
        "_meta/x.csv",
        "_tables/x.csv",
        &format!("_runs/{RUN}/_manifest.json"),
    ] {
        let place = other.root().join(place);
        let arguments = ["--sql", "SELECT 1 AS one", "--csv", place.to_str().unwrap()];
        lake.task("query")
            .args(&arguments)
            .run()
            .expect_status(2)
            .expect_stderr("only the lake's own tasks may change");
    }
    before.expect_unchanged(&other.root());
}

#[test]
fn a_stream_is_written_to_behind_what_it_holds() {
    let lake = published();
    let log = lake.write("log", "before\n");
    let stream = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let arguments = ["--sql", "SELECT 1 AS one", "--csv", "/dev/stderr"];
    assert_eq!(lake.task("query").args(&arguments).stderr(stream).status(), Some(0));
    assert!(fs::read_to_string(&log).unwrap().starts_with("before\none\n1\n"));
}

/// The folder of a month may be missing, and behind a link.
#[test]
fn dumps_are_written_into_nothing_that_a_lake_keeps() {
    let lake = published();
    let link = lake.root().with_file_name("link");
    std::os::unix::fs::symlink(lake.root().join("active"), &link).unwrap();
    let before = lake.snapshot();
    let inside = ["active", "_runs", "_meta", "_tables", "_meta/new/folder"].map(|name| lake.root().join(name));
    for place in inside.iter().chain([&link]) {
        for (task, further) in [("generate-dumps", &["--releases", "1"][..]), ("download-dumps", &["--do-download"])] {
            let finished = lake
                .task(task)
                .args(&["--raw-root", place.to_str().unwrap(), "--dump-month", "2026-09"])
                .args(further)
                .run();
            assert_eq!(finished.status, Some(2), "{task} {place:?}:\n{}", finished.stderr);
            assert!(finished.stderr.contains("only the lake's own tasks may change"), "{task}:\n{}", finished.stderr);
        }
    }
    let result = lake.root().join("_meta/result.json");
    let raw_root = lake.root().with_file_name("elsewhere");
    let arguments = ["--raw-root", raw_root.to_str().unwrap(), "--dump-month", "2026-09", "--releases", "1"];
    lake.task("generate-dumps").args(&arguments).args(&["--result", result.to_str().unwrap()]).run().expect_status(2);
    before.expect_unchanged(&lake.root());
}
