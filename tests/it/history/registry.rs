use std::fs;

use super::lake::{KPIS, NOVEMBER, OCTOBER, REGISTRY, ask, events, files, task, two_months};
use crate::support::{Dir, Finished, program};

fn latest(dir: &Dir) -> Vec<String> {
    let events = events(dir, REGISTRY);
    ask(
        dir,
        &format!(
            "SELECT run_id, schema_name, is_active, action, status FROM {events}
             QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY event_ts_utc DESC) = 1 ORDER BY run_id"
        ),
    )
}

#[test]
fn each_run_has_the_status_that_its_manifest_gives_it() {
    let dir = two_months();
    let begun = "2026-11__20261220_000000";
    let arguments = ["--dump-month", "2026-11", "--raw-root", "raw", "--run-id", begun];
    task(&dir, "preflight", &arguments).expect_status(0);
    let finished = task(&dir, "update-run-registry", &["--git-sha", "0123abc"]).expect_status(0);
    assert_eq!(finished.json()["metrics"]["events"], 3);
    finished.expect_one_line(&["3 events appended; runs: 1 failed_incomplete, 1 ok, 1 skipped_active"]);
    assert_eq!(
        latest(&dir),
        [
            "2026-10__20261020_000000,discogs_r_2026_10__20261020_000000,false,register,ok",
            "2026-11__20261120_000000,discogs_r_2026_11__20261120_000000,true,register,skipped_active",
            "2026-11__20261220_000000,discogs_r_2026_11__20261220_000000,false,register,failed_incomplete",
        ]
    );
    let events = events(&dir, REGISTRY);
    assert_eq!(
        ask(&dir, &format!("SELECT dump_month, dump_date, run_mode, git_sha, schema_version FROM {events} LIMIT 1")),
        ["2026-10,20261001,dev,0123abc,1"]
    );
}

/// As register-tables names it: after the schema over what is published.
#[test]
fn the_schema_of_a_run_is_named_after_the_one_that_is_given() {
    let dir = two_months();
    for program in ["update-run-registry", "compute-kpis"] {
        task(&dir, program, &["--trino-schema", "music"]).expect_status(0);
    }
    for table in [REGISTRY, KPIS] {
        let events = events(&dir, table);
        let schemas = ask(&dir, &format!("SELECT DISTINCT schema_name FROM {events} ORDER BY 1"));
        assert_eq!(schemas, ["music_r_2026_10__20261020_000000", "music_r_2026_11__20261120_000000"]);
    }
}

#[test]
fn nothing_is_appended_when_nothing_changed() {
    let dir = two_months();
    task(&dir, "update-run-registry", &[]).expect_status(0);
    let again = task(&dir, "update-run-registry", &[]).expect_status(0);
    assert_eq!(again.json()["status"], "already_done");
    assert_eq!(files(&dir, REGISTRY).len(), 1);
    task(&dir, "update-run-registry", &["--confirm"]).expect_status(0);
    assert_eq!(files(&dir, REGISTRY).len(), 2);
}

#[test]
fn what_changes_is_appended() {
    let dir = two_months();
    task(&dir, "update-run-registry", &[]).expect_status(0);
    let publish = ["--run-id", OCTOBER, "--run-mode", "prod", "--allow-promote=true", "--allow-older=true"];
    task(&dir, "promote", &publish).expect_status(0);
    let labels = dir.path(&format!("lake/_runs/{NOVEMBER}/labels_v10/part-{NOVEMBER}-00000.parquet"));
    fs::remove_file(labels).unwrap();
    let finished = task(&dir, "update-run-registry", &["--verbose"]).expect_status(0);
    finished
        .expect_stderr("labels_v10/part-")
        .expect_stderr("2 events appended; runs: 1 missing_data, 1 skipped_active,");
    assert_eq!(
        latest(&dir),
        [
            "2026-10__20261020_000000,discogs_r_2026_10__20261020_000000,true,update,skipped_active",
            "2026-11__20261120_000000,discogs_r_2026_11__20261120_000000,false,update,missing_data",
        ]
    );
    fs::remove_dir_all(dir.path(&format!("lake/_runs/{NOVEMBER}"))).unwrap();
    task(&dir, "update-run-registry", &[]).expect_status(0);
    assert!(latest(&dir)[1].ends_with("false,remove,missing_data"), "{:?}", latest(&dir));
    assert_eq!(task(&dir, "update-run-registry", &[]).expect_status(0).json()["status"], "already_done");
}

#[test]
fn an_edited_manifest_is_no_manifest() {
    let dir = two_months();
    let path = dir.path(&format!("lake/_runs/{OCTOBER}/_manifest.json"));
    let text = fs::read_to_string(&path).unwrap().replacen("\"rows\": ", "\"rows\": 1", 1);
    fs::remove_file(&path).unwrap();
    fs::write(&path, text).unwrap();
    task(&dir, "update-run-registry", &["--verbose"]).expect_status(0).expect_stderr("its manifest was edited");
}

#[test]
fn writers_at_once_lose_nothing() {
    let dir = two_months();
    let program = program("update-run-registry");
    let writers: Vec<_> =
        (0..4).map(|_| dir.command(&program).args(&["--lake", "lake", "--confirm"]).spawn()).collect();
    for writer in writers {
        Finished::of(writer.wait_with_output().unwrap()).expect_status(0);
    }
    assert_eq!(files(&dir, REGISTRY).len(), 4);
    let events = events(&dir, REGISTRY);
    let counts = ask(
        &dir,
        &format!("SELECT action, count(*), count(DISTINCT event_ts_utc) FROM {events} GROUP BY 1 ORDER BY 1"),
    );
    assert_eq!(counts, ["confirm,6,3", "register,2,1"]);
}
