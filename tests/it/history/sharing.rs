use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use walkdir::WalkDir;

use super::lake::{NOVEMBER, OCTOBER, built_run, path_of, sealed_run, task, two_months};
use crate::support::Dir;

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
    assert_eq!(
        fs::metadata(&part).unwrap().permissions().mode() & 0o222,
        0,
        "nobody may write through the second name"
    );
    let october = fs::read_dir(dir.path("raw/2026-10")).unwrap().map(|entry| entry.unwrap().path());
    let labels = october.into_iter().find(|file| file.to_string_lossy().ends_with("labels.xml.gz")).unwrap();
    let arguments = ["--run-id", AGAIN, "--labels-dump", labels.to_str().unwrap(), "--replace=true"];
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

/// A folder that is mounted on its own is another file system to link(2), so the files in it cannot be shared.
#[test]
fn without_hard_links_a_run_keeps_its_own_copy() {
    let dir = two_months();
    // Not every machine lets a user mount; a CI that does not is no reason to fail.
    if dir.command("unshare").args(&["-rm", "true"]).run().status != Some(0) {
        eprintln!("SKIPPED without_hard_links_a_run_keeps_its_own_copy: this user may not unshare a mount namespace");
        return;
    }
    task(&dir, "preflight", &["--dump-month", "2026-11", "--raw-root", "raw", "--run-id", AGAIN]).expect_status(0);
    let labels = dir.path(&format!("lake/_runs/{NOVEMBER}/labels_v10")).display().to_string();
    let ingest =
        format!("mount --bind {labels} {labels} && exec {} --lake lake --run-id {AGAIN}", path_of("ingest-labels"));
    dir.command("unshare").args(&["-rm", "sh", "-c", &ingest]).run().expect_status(0);
    let (older, newer) = (parts(&dir, NOVEMBER), parts(&dir, AGAIN));
    assert_eq!(older["labels_v10"].1, newer["labels_v10"].1);
    assert_ne!(older["labels_v10"].0, newer["labels_v10"].0);
    assert_eq!(older["label_urls_v1"].0, newer["label_urls_v1"].0);
    assert!(!dir.read(&format!("lake/_runs/{AGAIN}/labels_v10/_dataset.json")).contains("\"shared\""));
}
