//! Exports into files: at a kill or an error at any call, the file is the old month or the new one, and the next call ends
//! what was begun.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::OnceLock;

use crate::faults::lake::{RUNS, Stage};
use crate::faults::sample::sample;
use crate::faults::trace::{Call, available, run_with_fault, writing_calls};
use crate::support::{Dir, Finished, TestCommand, TestLake};

const FILES: [&str; 2] = ["month.sqlite", "month.duckdb"];

/// Tables with a key and without one, one of them in another order than its key.
const TABLES: &str = "artists_v1_typed,artist_aliases_v1_typed,masters_v1_typed,releases_v6,release_labels_v1";

fn export(lake: &TestLake, file: &str, run: &str) -> TestCommand {
    let to = lake.beside(file).display().to_string();
    lake.call("export-database", &["--to", &to, "--run-id", run, "--tables", TABLES, "--threads", "1"])
}

/// Returns a lake with a file of the first run beside it.
fn with_old_month(file: &str) -> TestLake {
    static OLD: OnceLock<Dir> = OnceLock::new();
    let old = OLD.get_or_init(|| {
        let folder = Dir::shared();
        let lake = TestLake::at(Stage::Published);
        for file in FILES {
            export(&lake, file, RUNS[0]).run().expect_status(0);
            fs::copy(lake.beside(file), folder.path(file)).unwrap();
        }
        folder
    });
    let lake = TestLake::at(Stage::Published);
    fs::copy(old.path(file), lake.beside(file)).unwrap();
    lake
}

/// The run in a file, which is whole.
fn run_in(path: &Path) -> String {
    const RELEASES: &str = "SELECT count(*) FROM releases_ref_v6";
    const RUN: &str = "SELECT run_id FROM _export";
    // A copy: opening a file for reading may leave further files beside it.
    let copy = tempfile::tempdir().unwrap();
    let copied = copy.path().join(path.file_name().unwrap());
    fs::copy(path, &copied).unwrap();
    let (releases, run): (i64, String) = match copied.extension().unwrap().to_str().unwrap() {
        "sqlite" => {
            let connection = rusqlite::Connection::open(&copied).unwrap();
            let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(check, "ok");
            let value = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
            (value(RELEASES), connection.query_row(RUN, [], |row| row.get(0)).unwrap())
        }
        _ => {
            let connection = duckdb::Connection::open(&copied).unwrap();
            let value = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
            (value(RELEASES), connection.query_row(RUN, [], |row| row.get(0)).unwrap())
        }
    };
    assert_eq!(releases, 6, "{}", path.display());
    run
}

/// The next call ends it, and leaves the file alone beside the lake.
fn ends(lake: &TestLake, file: &str, when: &str) {
    let again = export(lake, file, RUNS[1]).run();
    assert_eq!(again.status, Some(0), "{when}; run again:\n{}", again.stderr);
    assert_eq!(run_in(&lake.beside(file)), RUNS[1], "{when}");
    let entries = fs::read_dir(lake.beside("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = entries.filter(|name| name.to_string_lossy().contains("month")).collect();
    assert_eq!(names, [file], "{when}: left beside the file");
}

fn at_calls(file: &str, trial: impl Fn(&TestLake, &Call, &str)) {
    let calls = writing_calls(&export(&with_old_month(file), file, RUNS[1]));
    let total = calls.len();
    for call in sample(calls, |call| call.name.clone()) {
        let lake = with_old_month(file);
        let when = format!("{file} at {} number {} of {total}, {}", call.name, call.number, call.text);
        trial(&lake, &call, &when);
    }
}

#[test]
fn exports_into_files() {
    if !available() {
        return;
    }
    for file in FILES {
        at_calls(file, |lake, call, when| {
            let command = export(lake, file, RUNS[1]);
            let output = run_with_fault(&command, call, "signal=KILL", Path::new("/dev/null"), "");
            assert_eq!(output.status.signal(), Some(9), "{when}: it was not killed");
            assert!(RUNS[..2].contains(&run_in(&lake.beside(file)).as_str()), "{when}");
            ends(lake, file, when);
        });
    }
}

/// A full disk and a failing one.
#[test]
fn errors_in_exports_into_files() {
    if !available() {
        return;
    }
    for file in FILES {
        at_calls(file, |lake, call, when| {
            let error = match call.name.as_str() {
                "fsync" | "fdatasync" => "error=EIO",
                "unlink" | "unlinkat" | "ftruncate" | "chmod" | "fchmod" => return,
                _ => "error=ENOSPC",
            };
            let to_the_file = call.text.contains("month") && !call.text.contains(".lock");
            let command = export(lake, file, RUNS[1]);
            let finished = Finished::of(run_with_fault(&command, call, error, Path::new("/dev/null"), ""));
            let run = run_in(&lake.beside(file));
            if to_the_file && !call.name.contains("rename") {
                assert_eq!(finished.status, Some(1), "{when}:\n{}", finished.stderr);
                assert_eq!(run, RUNS[0], "{when}");
                let hint = finished.json()["error"]["hint"].as_str().unwrap_or_default().to_owned();
                assert!(hint.contains("free some space") || hint.contains("system log"), "{when}: {}", finished.stderr);
            }
            assert!(RUNS[..2].contains(&run.as_str()), "{when}");
            ends(lake, file, when);
        });
    }
}
