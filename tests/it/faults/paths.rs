//! Names and links that lead out of the lake.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::invariants;
use super::lake::{RUNS, Stage};
use crate::support::TestLake;

/// A folder beside the lake with something in it that must stay.
fn outside(lake: &TestLake) -> std::path::PathBuf {
    let folder = lake.beside("outside");
    for name in ["ingest-labels", "locks", "_staging", RUNS[0]] {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("precious"), "").unwrap();
    }
    folder
}

fn untouched(folder: &Path) -> bool {
    let files = walkdir::WalkDir::new(folder).into_iter().filter(|entry| !entry.as_ref().unwrap().file_type().is_dir());
    let names: Vec<_> = files.map(|entry| entry.unwrap().file_name().to_owned()).collect();
    names.len() == 4 && names.iter().all(|name| name == "precious")
}

/// Puts a link in the place of something in the lake.
fn plant(lake: &TestLake, name: &str, target: &Path) {
    let path = lake.path(name);
    if path.exists() {
        fs::rename(&path, lake.beside("was-there")).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

#[test]
fn a_run_id_is_no_path() {
    let lake = TestLake::at(Stage::Begun);
    let absolute = lake.beside("outside").display().to_string();
    for id in [
        "..",
        "../..",
        ".",
        &absolute,
        "2026-11__20261120_000000/../../x",
        "active",
        "_runs",
        "2026-11__20261120_000000/",
    ] {
        for (task, flag) in [
            ("ingest-labels", "--run-id"),
            ("build-warehouse", "--run-id"),
            ("sanity-check", "--run-id"),
            ("verify-run", "--run-id"),
            ("promote", "--promote-run-id"),
            ("rollback", "--to-run-id"),
        ] {
            let finished = lake.call(task, &[flag, id]).run();
            assert_eq!(finished.status, Some(2), "{task} {id}:\n{}", finished.stderr);
            assert!(finished.stderr.contains("expected a run id such as"), "{task} {id}:\n{}", finished.stderr);
        }
    }
    let preflight = lake.call("preflight", &["--dump-month", "../..", "--raw-root", "/"]).run();
    preflight.expect_status(2).expect_stderr("expected a month such as");
}

#[test]
fn links_within_the_lake_are_not_followed() {
    let ingest: (&str, &[&str]) = ("ingest-labels", &["--run-id", RUNS[0]]);
    let run = format!("_runs/{}", RUNS[0]);
    for (stage, place, (task, arguments)) in [
        (Stage::Begun, "_runs".to_owned(), ingest),
        (Stage::Begun, run.clone(), ingest),
        (Stage::Begun, format!("{run}/_staging"), ingest),
        (Stage::Begun, format!("{run}/_tasks"), ingest),
        (Stage::Begun, format!("{run}/labels_v10"), ingest),
        (Stage::Begun, "_meta".to_owned(), ingest),
        (Stage::Begun, "_meta/locks".to_owned(), ingest),
        (Stage::Begun, "_meta/_staging".to_owned(), ingest),
        (Stage::Ingested, format!("{run}/labels_v10"), ingest),
        (Stage::Ingested, format!("{run}/warehouse_discogs"), ("build-warehouse", &["--run-id", RUNS[0]])),
        (Stage::Ingested, format!("{run}/artists_v1_typed"), ("build-warehouse", &["--run-id", RUNS[0]])),
        (Stage::Built, format!("{run}/_reports"), ("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"])),
        (
            Stage::Built,
            format!("{run}/labels_v10"),
            ("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"]),
        ),
        (Stage::Built, "_meta/seals".to_owned(), ("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"])),
        (Stage::Published, "_runs".to_owned(), ("lake-status", &[])),
        (
            Stage::Published,
            "_runs".to_owned(),
            ("prune-runs", &["--keep", "1", "--dry-run=false", "--open-hours", "0"]),
        ),
        (
            Stage::Published,
            "_meta/_staging".to_owned(),
            ("prune-runs", &["--keep", "1", "--dry-run=false", "--open-hours", "0"]),
        ),
        (
            Stage::Published,
            format!("_runs/{}", RUNS[3]),
            ("prune-runs", &["--keep", "1", "--dry-run=false", "--open-hours", "0"]),
        ),
    ] {
        let lake = TestLake::at(stage);
        let folder = outside(&lake);
        plant(&lake, &place, &folder);
        let finished = lake.call(task, arguments).run();
        assert_eq!(finished.status, Some(5), "{place}, {task}:\n{}", finished.stderr);
        let says = finished.stderr.contains("link") || finished.stderr.contains("not a folder");
        assert!(says && finished.stderr.contains("remove"), "{place}, {task}:\n{}", finished.stderr);
        assert!(untouched(&folder), "{place}, {task} changed what is outside");
    }
}

/// A part that is a link, and a lock that is one.
#[test]
fn files_that_are_links_are_not_followed() {
    let lake = TestLake::at(Stage::Ingested);
    let part = format!("_runs/{0}/artists_v1_typed/part-{0}-00000.parquet", RUNS[0]);
    let precious = lake.beside("precious");
    fs::copy(lake.path(&part), &precious).unwrap();
    plant(&lake, &part, &precious);
    lake.call("build-warehouse", &["--run-id", RUNS[0]]).run().expect_status(5).expect_stderr("is a link");

    let lake = TestLake::at(Stage::Published);
    fs::write(lake.beside("precious"), "precious").unwrap();
    plant(&lake, "_meta/locks/lake.lock", &lake.beside("precious"));
    let promote = lake.call("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"]).run();
    assert_eq!(promote.status, Some(1), "{}", promote.stderr);
    assert!(promote.stderr.contains("_meta/locks/lake.lock"), "{}", promote.stderr);
    assert_eq!(fs::read_to_string(lake.beside("precious")).unwrap(), "precious");
}

/// Files that `_dataset.json` and `_manifest.json` name must lie in the run.
#[test]
fn descriptions_that_name_what_is_outside() {
    for (from, to) in [
        ("\"table\": \"labels_v10\"", "\"table\": \"../../../outside\""),
        ("\"name\": \"part-", "\"name\": \"../part-"),
        ("\"name\": \"part-", "\"name\": \"/part-"),
        ("\"run_id\": \"2026-11", "\"run_id\": \"2025-11"),
    ] {
        let lake = TestLake::at(Stage::Ingested);
        let path = lake.run_folder(0).join("labels_v10/_dataset.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(&path, text.replace(from, to)).unwrap();
        for (task, arguments) in [
            ("ingest-labels", &["--run-id", RUNS[0]][..]),
            ("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"]),
            ("verify-run", &["--run-id", RUNS[0]]),
        ] {
            let finished = lake.call(task, arguments).run();
            assert_eq!(finished.status, Some(5), "{task} {to}:\n{}", finished.stderr);
        }
        let status = lake.call("lake-status", &[]).run().expect_status(0).json();
        assert_eq!(status["runs"][0]["state"], "damaged", "{to}");
    }
}

#[test]
fn active_that_is_no_pointer_is_refused_with_advice() {
    let absolute = |lake: &TestLake| symlink(lake.run_folder(2), lake.path("active")).unwrap();
    type Make<'m> = &'m dyn Fn(&TestLake);
    let makes: [(&str, Make, &str, &str); 8] = [
        ("a folder", &|lake| fs::create_dir(lake.path("active")).unwrap(), "is not a link", "move it away by hand"),
        ("a file", &|lake| fs::write(lake.path("active"), "").unwrap(), "is not a link", "move it away by hand"),
        (
            "dangling",
            &|lake| symlink("_runs/2020-01__20200101_000000", lake.path("active")).unwrap(),
            "which is gone",
            "remove the link",
        ),
        (
            "out of the lake",
            &|lake| symlink("../outside", lake.path("active")).unwrap(),
            "does not point at a run",
            "remove the link",
        ),
        ("absolute", &absolute, "does not point at a run", "remove the link"),
        (
            "into a run",
            &|lake| symlink(format!("_runs/{}/labels_v10", RUNS[2]), lake.path("active")).unwrap(),
            "does not point at a run",
            "remove the link",
        ),
        (
            "upwards",
            &|lake| symlink("_runs/../..", lake.path("active")).unwrap(),
            "does not point at a run",
            "remove the link",
        ),
        (
            "itself",
            &|lake| symlink("active", lake.path("active")).unwrap(),
            "does not point at a run",
            "remove the link",
        ),
    ];
    for (name, make, says, advice) in makes {
        let lake = TestLake::at(Stage::Published);
        fs::remove_file(lake.path("active")).unwrap();
        make(&lake);
        let before = fs::symlink_metadata(lake.path("active")).unwrap().file_type();
        for (task, arguments) in [
            ("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"][..]),
            ("rollback", &[]),
            ("report-active", &["--environment", "sample"]),
            ("verify-run", &[]),
            ("prune-runs", &["--keep", "1", "--dry-run=false"]),
        ] {
            let finished = lake.call(task, arguments).run();
            assert_eq!(finished.status, Some(5), "{name}, {task}:\n{}", finished.stderr);
            let told = finished.stderr.contains(says) && finished.stderr.contains(advice);
            assert!(told, "{name}, {task}:\n{}", finished.stderr);
        }
        assert_eq!(fs::symlink_metadata(lake.path("active")).unwrap().file_type(), before, "{name}");
        assert!(RUNS.iter().all(|id| lake.path("_runs").join(id).is_dir()), "{name}");
        let status = lake.call("lake-status", &[]).run().expect_status(0);
        assert!(status.json()["active_problem"].as_str().unwrap().contains(says), "{name}");
        status.expect_stderr(advice);
    }
}

/// `register-tables` writes a file to the given path, but not into what the lake keeps.
#[test]
fn statements_for_trino_go_into_no_run_and_through_no_link() {
    let lake = TestLake::at(Stage::Published);
    let before = invariants::fingerprint(&lake.root());
    for place in [
        "active/releases_v6/bootstrap.sql",
        "active/_manifest.json",
        "active",
        "_runs/bootstrap.sql",
        "_meta/bootstrap.sql",
        "_meta/locks/lake.lock",
        "_meta/bootstrap_discogs.sql",
    ] {
        let place = lake.path(place).display().to_string();
        let finished = lake.call("register-tables", &["--bootstrap-file", &place]).run().expect_status(2);
        finished.expect_stderr(&place).expect_stderr("; name a place outside of the lake");
    }
    assert_eq!(invariants::fingerprint(&lake.root()), before);

    let precious = lake.beside("precious");
    fs::write(&precious, "precious").unwrap();
    plant(&lake, "_meta/bootstrap_discogs.sql", &precious);
    lake.call("register-tables", &[]).run().expect_status(0).expect_result("skipped");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    let kept = lake.path("_meta/bootstrap_discogs.sql");
    assert!(!kept.is_symlink() && fs::read_to_string(&kept).unwrap().contains("CREATE TABLE"));

    // A file beside the lake is replaced, as the user requested.
    lake.call("register-tables", &["--bootstrap-file", precious.to_str().unwrap()]).run().expect_status(0);
    assert_eq!(fs::read(&precious).unwrap(), fs::read(&kept).unwrap());
    assert_eq!(fs::read_dir(lake.beside("")).unwrap().count(), 2, "something else is left beside the lake");
    invariants::hold(&lake.root(), &[Some(RUNS[2])], "registered");
}
