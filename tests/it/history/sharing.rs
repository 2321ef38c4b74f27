use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use super::lake::{NOVEMBER, OCTOBER, built_run, sealed_run, task, two_months};
use crate::faults::trace::{available, traced};
use crate::support::{Dir, Finished, program};

const AGAIN: &str = "2026-11__20261121_000000";

/// The Parquet files of a run by table: inode and bytes.
fn parts(dir: &Dir, run: &str) -> BTreeMap<String, (u64, Vec<u8>)> {
    let root = dir.path(&format!("lake/_runs/{run}"));
    let files = WalkDir::new(&root).into_iter().map(|entry| entry.unwrap().into_path());
    let parts = files.filter(|file| file.extension().is_some_and(|ending| ending == "parquet"));
    let table = |file: &Path| file.parent().unwrap().strip_prefix(&root).unwrap().display().to_string();
    parts.map(|file| (table(&file), (fs::metadata(&file).unwrap().ino(), fs::read(&file).unwrap()))).collect()
}

fn verified(dir: &Dir, run: &str) {
    // Switching to a run reads every byte of it.
    task(dir, "rollback", &["--to-run-id", run]).expect_status(0);
}

#[test]
fn a_rebuilt_run_shares_the_files_of_the_older_one() {
    let dir = two_months();
    sealed_run(&dir, "2026-11", AGAIN);
    let (older, newer) = (parts(&dir, NOVEMBER), parts(&dir, AGAIN));
    assert_eq!(older, newer, "the same bytes, the same files on the disk");
    let dataset = dir.read(&format!("lake/_runs/{AGAIN}/releases_v6/_dataset.json"));
    assert!(dataset.contains("\"shared\"") && dataset.contains(NOVEMBER), "{dataset}");
    assert!(dir.read(&format!("lake/_runs/{AGAIN}/_manifest.json")).contains("\"shared\""));
    let rebuilt = task(&dir, "ingest-releases", &["--run-id", AGAIN]);
    assert_eq!(rebuilt.expect_status(0).json()["status"], "already_done");

    // Each is whole without the other.
    verified(&dir, AGAIN);
    fs::remove_dir_all(dir.path(&format!("lake/_runs/{NOVEMBER}"))).unwrap();
    verified(&dir, OCTOBER);
    verified(&dir, AGAIN);
}

#[test]
fn replacing_a_dataset_leaves_the_older_run_alone() {
    let dir = two_months();
    built_run(&dir, "2026-11", AGAIN);
    let before = parts(&dir, NOVEMBER);
    assert_eq!(before["labels_v10"], parts(&dir, AGAIN)["labels_v10"]);
    let part = dir.path(&format!("lake/_runs/{AGAIN}/labels_v10/part-{AGAIN}-00000.parquet"));
    assert_eq!(fs::metadata(&part).unwrap().permissions().mode() & 0o222, 0, "the second name is read-only");
    let october = fs::read_dir(dir.path("raw/2026-10")).unwrap().map(|entry| entry.unwrap().path());
    let labels = october.into_iter().find(|file| file.to_string_lossy().ends_with("labels.xml.gz")).unwrap();
    fs::copy(labels, dir.path("labels.xml.gz")).unwrap();
    let arguments = ["--run-id", AGAIN, "--labels-dump", "labels.xml.gz", "--replace=true"];
    task(&dir, "ingest-labels", &arguments).expect_status(0);
    assert_eq!(before, parts(&dir, NOVEMBER));
    // They are those of October now.
    assert_eq!(parts(&dir, AGAIN)["labels_v10"], parts(&dir, OCTOBER)["labels_v10"]);
    verified(&dir, NOVEMBER);
}

#[test]
fn a_file_that_has_rotted_is_not_shared() {
    let dir = two_months();
    let part = dir.path(&format!("lake/_runs/{NOVEMBER}/labels_v10/part-{NOVEMBER}-00000.parquet"));
    fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, bytes).unwrap();
    fs::set_permissions(&part, fs::Permissions::from_mode(0o444)).unwrap();
    sealed_run(&dir, "2026-11", AGAIN);
    let (older, newer) = (parts(&dir, NOVEMBER), parts(&dir, AGAIN));
    assert_ne!(older["labels_v10"].0, newer["labels_v10"].0);
    assert_eq!(older["releases_v6"].0, newer["releases_v6"].0);
    verified(&dir, AGAIN);
}

/// Every link to a table's file fails as it does across file systems, and on those that have none.
#[test]
fn without_hard_links_a_run_keeps_its_own_copy() {
    if !available() {
        return;
    }
    let dir = two_months();
    task(&dir, "preflight", &["--dump-month", "2026-11", "--raw-root", "raw", "--run-id", AGAIN]).expect_status(0);
    let labels = dir.path(&format!("lake/_runs/{NOVEMBER}/labels_v10/part-{NOVEMBER}-00000.parquet"));
    let mut ingest = dir.command(program("ingest-labels"));
    ingest.args(&["--lake", dir.path("lake").to_str().unwrap(), "--run-id", AGAIN]);
    let refused = ["-P", labels.to_str().unwrap(), "-e", "trace=linkat", "-e", "inject=linkat:error=EXDEV"];
    let log = dir.path("calls");
    Finished::of(traced(&ingest, &log, &refused)).expect_status(0);
    assert_eq!(dir.read("calls").matches("(INJECTED)").count(), 1, "{}", dir.read("calls"));
    let (older, newer) = (parts(&dir, NOVEMBER), parts(&dir, AGAIN));
    assert_eq!(older["labels_v10"].1, newer["labels_v10"].1);
    assert_ne!(older["labels_v10"].0, newer["labels_v10"].0);
    assert_eq!(older["label_urls_v1"].0, newer["label_urls_v1"].0);
    assert!(!dir.read(&format!("lake/_runs/{AGAIN}/labels_v10/_dataset.json")).contains("\"shared\""));
}

/// Bytes that two runs share are there once, so pruning one frees what it holds on its own, and the other stays whole.
#[test]
fn a_run_whose_files_are_shared_can_be_pruned() {
    let dir = two_months();
    sealed_run(&dir, "2026-11", AGAIN);
    let status = || task(&dir, "lake-status", &[]).expect_status(0);
    let of = |status: &Value, run: &str, what: &str| {
        let runs = status["runs"].as_array().unwrap().iter();
        runs.filter(|found| found["run_id"] == run).map(|found| found[what].as_u64().unwrap()).sum::<u64>()
    };
    let shown = status();
    let before = shown.json();
    let parquet: u64 = parts(&dir, AGAIN).values().map(|(_, bytes)| bytes.len() as u64).sum();
    for run in [NOVEMBER, AGAIN] {
        assert!(of(&before, run, "shared_bytes") >= parquet, "{before}");
        assert_eq!(of(&before, run, "own_bytes") + of(&before, run, "shared_bytes"), of(&before, run, "bytes"));
    }
    let saved = before["metrics"]["bytes"].as_u64().unwrap() - before["metrics"]["disk_bytes"].as_u64().unwrap();
    assert!(saved >= parquet, "{before}");
    let header: Vec<_> = shown.stderr.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[6..9], ["size", "own", "shared"]);

    // Published and unpublished again: nothing points at the run whose files the other shares.
    task(&dir, "promote", &["--run-id", AGAIN, "--run-mode", "prod", "--allow-promote=true"]).expect_status(0);
    fs::remove_file(previous(&dir)).unwrap();
    let arguments = ["--keep", "1", "--dry-run=false"];
    let pruned = task(&dir, "prune-runs", &arguments).expect_status(0).json();
    assert_eq!(pruned["removed"], serde_json::json!([NOVEMBER, OCTOBER]));
    let freed = of(&before, NOVEMBER, "own_bytes") + of(&before, OCTOBER, "bytes");
    let (found, tolerance) = (pruned["metrics"]["removed_bytes"].as_u64().unwrap(), parquet / 2);
    assert!(found.abs_diff(freed) < tolerance, "{found} bytes freed, {freed} expected");

    task(&dir, "verify-run", &["--run-id", AGAIN]).expect_status(0);
    let after = status().json();
    assert_eq!(of(&after, AGAIN, "shared_bytes"), 0, "{after}");
}

/// The one link to what was active before.
fn previous(dir: &Dir) -> PathBuf {
    let entries = fs::read_dir(dir.path("lake")).unwrap().map(|entry| entry.unwrap());
    let mut links = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("active__prev_"));
    links.next().unwrap().path()
}
