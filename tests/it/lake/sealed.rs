//! A sealed run that is not what its manifest says is not published.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{RUN, sealed_lake};

/// `damage` is done to the run that is to be published next; neither promote nor rollback takes it.
#[track_caller]
fn refused(damage: impl Fn(&Path), part: &str) {
    let (lake, [run, published, _]) = sealed_lake();
    lake.promote(run).expect_status(0);
    lake.promote(published).expect_status(0);
    damage(&lake.in_run(""));
    let before = lake.snapshot();
    lake.promote(run).expect_status(5).expect_one_line(&[&format!("run {RUN} failed verification"), part]);
    lake.task("rollback").run().expect_status(5).expect_one_line(&[part, "do not publish it"]);
    before.expect_unchanged(&lake.root());
    lake.expect_active(published);
}

fn write(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

fn part(run: &Path) -> std::path::PathBuf {
    run.join(format!("labels_v10/part-{RUN}-00000.parquet"))
}

#[test]
fn a_file_that_was_changed() {
    let change = |run: &Path| {
        let mut bytes = fs::read(part(run)).unwrap();
        bytes[20] ^= 1;
        write(&part(run), &bytes);
    };
    refused(change, &format!("labels_v10/part-{RUN}-00000.parquet was changed"));
    refused(|run| write(&run.join("_run.json"), b"{}"), "_run.json was changed");
}

#[test]
fn a_file_that_is_missing() {
    refused(|run| fs::remove_file(part(run)).unwrap(), &format!("labels_v10/part-{RUN}-00000.parquet is missing"));
    refused(|run| fs::remove_dir_all(run.join("warehouse_discogs")).unwrap(), "is missing");
}

#[test]
fn a_file_that_was_added() {
    refused(
        |run| fs::write(run.join("labels_v10/part-x.parquet"), "x").unwrap(),
        "labels_v10/part-x.parquet was added",
    );
    refused(|run| fs::write(run.join("notes.txt"), "x").unwrap(), "notes.txt was added");
}

#[test]
fn a_link_in_a_run() {
    refused(
        |run| symlink("/etc", run.join("labels_v10/more")).unwrap(),
        "labels_v10/more is neither a file nor a folder",
    );
}

#[test]
fn a_manifest_that_was_edited() {
    let edit = |run: &Path| {
        let path = run.join("_manifest.json");
        let text = fs::read_to_string(&path).unwrap();
        write(&path, text.replacen("\"rows\": ", "\"rows\": 1", 1).as_bytes());
    };
    refused(edit, "its manifest was edited");
    refused(|run| write(&run.join("_manifest.json"), b"{"), "_manifest.json is not a manifest");
}

#[test]
fn a_report_may_be_added() {
    let (lake, [run, ..]) = sealed_lake();
    fs::write(lake.in_run("_reports/mine.csv"), "x").unwrap();
    lake.promote(run).expect_status(0);
}
