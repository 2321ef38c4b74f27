//! lake-status and prune-runs (verify-run is in `tampering.rs`).

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use super::invariants;
use super::lake::{RUNS, Stage};
use crate::support::TestLake;
use crate::support::{Finished, eventually};

/// How many datasets the first run holds.
fn tables(lake: &TestLake) -> usize {
    let files = walkdir::WalkDir::new(lake.run_folder(0)).into_iter().map(Result::unwrap);
    files.filter(|entry| entry.file_name() == "_dataset.json").count()
}

/// What becomes of each run, oldest first.
fn fates(plan: &Value) -> Vec<String> {
    let runs = plan["runs"].as_array().unwrap().iter().rev();
    let fate = |run: &Value| match &run["kept"] {
        Value::Null => "remove".to_owned(),
        Value::Object(kept) => kept.keys().next().unwrap().clone(),
        kept => kept.as_str().unwrap().to_owned(),
    };
    runs.map(fate).collect()
}

#[test]
fn a_lake_is_listed() {
    let lake = TestLake::at(Stage::Published);
    let finished = lake.call("lake-status", &[]).run().expect_status(0);
    let status = finished.json();
    assert_eq!((&status["active"], &status["run_id"]), (&json!(RUNS[2]), &json!(RUNS[2])));
    let previous: Vec<_> = status["previous"].as_array().unwrap().iter().map(|link| link["run_id"].clone()).collect();
    assert_eq!(previous, [RUNS[1], RUNS[0]]);
    let newest = &status["runs"][0];
    assert_eq!(
        (&newest["run_id"], &newest["state"], &newest["tables"]),
        (&json!(RUNS[4]), &json!("sealed"), &json!(tables(&lake)))
    );
    assert!(newest["rows"].as_u64() > Some(100) && newest["bytes"].as_u64() > Some(10_000));
    let lines: Vec<_> = finished.stderr.lines().collect();
    assert!(lines[0].contains("run") && lines[0].contains("size") && lines.len() == 7, "{}", finished.stderr);
    assert!(lines[3].contains("active") && lines[4].contains("previous"), "{}", finished.stderr);
    assert!(lines[6].contains("5 runs, ") && lines[6].contains(" on the disk; "), "{}", finished.stderr);

    let quiet = lake.call("lake-status", &["--json"]).run().expect_status(0);
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
    assert_eq!(quiet.json()["runs"][0]["run_id"], RUNS[4]);
}

#[test]
fn an_open_run_a_damaged_one_and_no_run_are_listed() {
    let lake = TestLake::at(Stage::Ingested);
    let status = lake.call("lake-status", &[]).run().expect_status(0).json();
    assert_eq!((&status["active"], &status["runs"][0]["state"]), (&Value::Null, &json!("open")));
    assert_eq!(status["runs"][0]["tables"], tables(&lake));

    let lake = TestLake::at(Stage::Published);
    fs::remove_file(lake.run_folder(4).join("_manifest.json")).unwrap();
    fs::create_dir(lake.run_folder(4).join("_manifest.json")).unwrap();
    let finished = lake.call("lake-status", &[]).run().expect_status(0);
    assert_eq!(finished.json()["runs"][0]["state"], "damaged");
    finished.expect_stderr("_manifest.json");

    let lake = TestLake::at(Stage::Begun);
    fs::remove_dir_all(lake.path("_runs")).unwrap();
    lake.call("lake-status", &[]).run().expect_status(0).expect_stderr("holds no run");
}

#[test]
fn a_dry_run_comes_first_and_changes_nothing() {
    let lake = TestLake::at(Stage::Published);
    let before = invariants::fingerprint(&lake.root());
    let finished = lake.call("prune-runs", &["--keep", "1"]).run().expect_status(0);
    let plan = finished.json();
    assert_eq!(plan["status"], "skipped");
    assert_eq!(fates(&plan), ["previous", "previous", "active", "remove", "newest"]);
    assert_eq!(plan["removed"], json!([RUNS[3]]));
    finished.expect_stderr("remove");
    assert_eq!(invariants::fingerprint(&lake.root()), before);

    let done = lake.call("prune-runs", &["--keep", "1", "--dry-run=false"]).run().expect_status(0).json();
    assert_eq!((&done["status"], &done["removed"]), (&json!("done"), &json!([RUNS[3]])));
    assert!(!lake.run_folder(3).exists());
    invariants::hold(&lake.root(), &[Some(RUNS[2])], "pruned");
    let again = lake.call("prune-runs", &["--keep", "1", "--dry-run=false"]).run().expect_status(0).json();
    assert_eq!(again["status"], "already_done");
    // What the links need is there: all the way back.
    lake.call("rollback", &[]).run().expect_status(0);
    lake.call("rollback", &[]).run().expect_status(0);
    assert_eq!(lake.active().as_deref(), Some(RUNS[0]));
}

/// Each promotion leaves a link, and a link keeps its run: for ever, unless the old ones are let go.
#[test]
fn links_of_long_ago_are_let_go_when_that_is_asked_for() {
    let lake = TestLake::at(Stage::Published);
    // A promotion that was stopped between its two steps has left a link to what is active. No way back is lost for it.
    symlink(format!("_runs/{}", RUNS[2]), lake.path("active__prev_99990101_000000_000000")).unwrap();
    let plan = lake.call("prune-runs", &["--keep", "1", "--keep-previous", "1"]).run().expect_status(0).json();
    assert_eq!(fates(&plan), ["remove", "previous", "active", "remove", "newest"]);
    let links = plan["links"].as_array().unwrap();
    assert_eq!(links.iter().map(|link| &link["run_id"]).collect::<Vec<_>>(), [RUNS[0]]);
    assert!(lake.path(links[0]["name"].as_str().unwrap()).is_symlink(), "a dry run removes nothing");

    let arguments = ["--keep", "1", "--keep-previous", "1", "--dry-run=false"];
    let done = lake.call("prune-runs", &arguments).run().expect_status(0).json();
    assert_eq!(done["removed"], json!([RUNS[3], RUNS[0]]));
    invariants::hold(&lake.root(), &[Some(RUNS[2])], "pruned");
    assert_eq!(lake.call("prune-runs", &arguments).run().expect_status(0).json()["status"], "already_done");
    lake.call("rollback", &[]).run().expect_status(0);
    assert_eq!(lake.active().as_deref(), Some(RUNS[1]));
    lake.call("prune-runs", &["--keep-previous", "0"])
        .run()
        .expect_status(2)
        .expect_stderr("keep_previous: expected at least 1");
}

#[test]
fn runs_that_somebody_works_on_are_kept() {
    let lake = TestLake::at(Stage::Published);
    let arguments = ["--keep", "1", "--open-hours", "0", "--dry-run=false"];
    let lock = lake.path(&format!("_meta/locks/{}.ingest-labels.lock", RUNS[3]));
    let mut holder = Command::new("flock").arg("-o").arg(&lock).args(["sleep", "60"]).spawn().unwrap();
    while lake.call("lake-status", &[]).run().json()["runs"][1]["locked_by"].is_null() {}
    let plan = lake.call("prune-runs", &arguments).run().expect_status(0).json();
    assert_eq!(fates(&plan)[3], "locked");
    assert!(lake.run_folder(3).is_dir());
    holder.kill().unwrap();
    holder.wait().unwrap();

    // Another order of months: newest is what was begun last.
    let lake = TestLake::at(Stage::Published);
    let backfill = lake.path("_runs/2017-04__20261121_000000");
    fs::create_dir(&backfill).unwrap();
    let plan = lake.call("prune-runs", &["--keep", "1", "--open-hours", "0"]).run().expect_status(0).json();
    assert_eq!(plan["runs"][0]["run_id"], "2017-04__20261121_000000");
    assert_eq!(plan["runs"][0]["kept"], "newest");
}

/// A workflow may be between two of its tasks: no process holds a lock, and yet the run is in use.
#[test]
fn open_runs_are_kept_while_they_are_young() {
    let lake = TestLake::at(Stage::Published);
    for id in ["2026-09__20261101_000000", "2026-10__20261102_000000"] {
        fs::create_dir(lake.path("_runs").join(id)).unwrap();
    }
    let plan = lake.call("prune-runs", &["--keep", "1"]).run().json();
    assert_eq!(fates(&plan)[..2], ["open", "newest"]);
    let plan = lake.call("prune-runs", &["--keep", "1", "--open-hours", "0", "--dry-run=false"]).run().json();
    assert_eq!(plan["removed"], json!([RUNS[3], "2026-09__20261101_000000"]));
}

#[test]
fn what_killed_tasks_left_is_removed() {
    let lake = TestLake::at(Stage::Published);
    let staging = lake.path("_meta/_staging");
    fs::create_dir_all(staging.join(format!("pruned.{}", RUNS[3])).join("labels_v10")).unwrap();
    fs::write(staging.join("active.1234"), "").unwrap();
    symlink("_runs/nowhere", staging.join("active.99")).unwrap();
    Command::new("touch").args(["-h", "-d", "2001-01-01"]).arg(staging.join("active.99")).status().unwrap();
    fs::write(lake.path("_meta/seals/2020-01__20200101_000000.sha256"), "").unwrap();
    let done = lake.call("prune-runs", &["--keep", "9", "--dry-run=false"]).run().expect_status(0).json();
    assert_eq!((done["leftovers"].as_array().unwrap().len(), &done["removed"]), (2, &json!([])));
    // The young run may be in use.
    let left: Vec<_> = fs::read_dir(&staging).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["active.1234"]);
    assert!(!lake.path("_meta/seals/2020-01__20200101_000000.sha256").exists());
    lake.call("prune-runs", &["--keep", "0"]).run().expect_status(2).expect_stderr("keep: expected at least 1");
}

/// A trial is of no more use once its run is sealed or gone, nor are the locks of a run that is gone.
#[test]
fn trials_and_locks_that_nobody_needs_are_removed() {
    const GONE: &str = "2020-01__20200101_000000";
    const OPEN: &str = "2026-10__20261020_000000";
    let lake = TestLake::at(Stage::Abandoned);
    let trial = |id: &str| lake.path("_tmp_test").join(id);
    let lock = |name: &str| lake.path("_meta/locks").join(format!("{name}.lock"));
    for id in [GONE, OPEN, RUNS[3], RUNS[4], "2026-09__20260920_000000"] {
        fs::create_dir_all(trial(id).join("lake/_runs")).unwrap();
        fs::write(trial(id).join("lake/_runs/part"), "1234567890").unwrap();
    }
    fs::create_dir(trial("mine")).unwrap();
    let diff = format!("history.diff.{GONE}..{}", RUNS[0]);
    let kpis = format!("history.kpis.{GONE}");
    let stale = [GONE, "2020-01__20200101_000000.ingest-labels", &kpis, &diff];
    let in_use = ["history.registry", OPEN, "2020-01__20200101_000000.preflight"];
    for name in stale.iter().chain(&in_use) {
        fs::write(lock(name), "").unwrap();
    }
    let held =
        [lock(in_use[2]), lock(&format!("{}.sample-dumps", RUNS[4]))].map(|path| fs::File::create(path).unwrap());
    held.iter().for_each(|file| file.lock().unwrap());

    let status = lake.call("lake-status", &[]).run().expect_status(0);
    let leftovers = status.json()["leftovers"].clone();
    assert_eq!(leftovers["paths"].as_array().unwrap().len(), 2, "{leftovers}");
    assert_eq!((&leftovers["paths"][0]["bytes"], leftovers["locks"].as_array().unwrap().len()), (&json!(10), 4));
    status.expect_stderr("6 leftovers of earlier tasks, 20 B; prune-runs removes them");

    let arguments = ["--keep", "1", "--open-hours", "0"];
    let before = invariants::fingerprint(&lake.root());
    let plan = lake.call("prune-runs", &arguments).run().expect_status(0).json();
    assert_eq!(invariants::fingerprint(&lake.root()), before);
    let done = lake.call("prune-runs", &[&arguments[..], &["--dry-run=false"]].concat()).run().expect_status(0).json();
    assert_eq!(done["removed"], json!([RUNS[3], "2026-09__20260920_000000"]));
    assert_eq!((&done["leftovers"], done["leftovers"].as_array().unwrap().len()), (&plan["leftovers"], 3));
    let there = [GONE, RUNS[3], "2026-09__20260920_000000"].map(|id| trial(id).exists());
    assert_eq!(there, [false; 3]);
    assert!(
        [OPEN, RUNS[4], "mine"].iter().all(|id| trial(id).is_dir()),
        "a trial that is at work, or may be looked at"
    );
    assert!(stale.iter().all(|name| !lock(name).exists()) && in_use.iter().all(|name| lock(name).exists()));
    let left = fs::read_dir(lake.path("_meta/locks")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_str().unwrap().contains(RUNS[3])).collect();
    assert!(left.is_empty(), "locks of a run that was pruned: {left:?}");

    held.iter().for_each(|file| file.unlock().unwrap());
    let arguments = [&arguments[..], &["--dry-run=false"]].concat();
    lake.call("prune-runs", &arguments).run().expect_status(0).expect_result("done");
    assert!(!lock(in_use[2]).exists() && !trial(RUNS[4]).exists());
    lake.call("prune-runs", &arguments).run().expect_status(0).expect_result("already_done");
    invariants::hold(&lake.root(), &[Some(RUNS[2])], "tidied up");
}

/// A trial of a sealed run stays while a task is at work in its lake.
#[test]
fn a_trial_with_a_task_at_work_is_kept() {
    let lake = TestLake::at(Stage::Published);
    let locks = lake.path(&format!("_tmp_test/{}/1/lake/_meta/locks", RUNS[4]));
    fs::create_dir_all(&locks).unwrap();
    let lock = fs::File::create(locks.join("a_task.lock")).unwrap();
    lock.lock().unwrap();
    let arguments = ["--keep", "9", "--dry-run=false"];
    lake.call("prune-runs", &arguments).run().expect_status(0);
    assert!(locks.is_dir());
    lock.unlock().unwrap();
    lake.call("prune-runs", &arguments).run().expect_status(0).expect_result("done");
    assert!(!locks.exists());
}

/// A lock file is removed while another process waits for the lock: the waiting process then locks a new file.
#[test]
fn a_lock_whose_file_was_removed_is_taken_on_a_new_file() {
    let lake = TestLake::at(Stage::Published);
    let path = lake.path("_meta/locks/lake.lock");
    let first = fs::File::create(&path).unwrap();
    first.lock().unwrap();
    fs::remove_file(lake.run_folder(4).join("_manifest.json")).unwrap();
    let child = lake.call("sanity-check", &["--run-id", RUNS[4], "--environment", "sample"]).spawn();
    let pid = child.id().to_string();
    let waits = |line: &str| line.contains("-> FLOCK") && line.split_whitespace().any(|word| word == pid);
    eventually("the seal waits", || fs::read_to_string("/proc/locks").unwrap().lines().any(waits));
    fs::remove_file(&path).unwrap();
    let second = fs::File::create(&path).unwrap();
    second.lock().unwrap();
    first.unlock().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!lake.run_folder(4).join("_manifest.json").exists(), "sealed under a lock that is gone");
    second.unlock().unwrap();
    Finished::of(child.wait_with_output().unwrap()).expect_status(0);
}
