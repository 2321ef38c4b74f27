//! FIFOs and devices where files are expected. Opening a FIFO waits for a writer, so a test that hangs here has failed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{RUN, TestLake, month, sealed_lake};

/// Puts a FIFO in the place of a file.
fn fifo(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_fifo_in_a_run_is_refused_and_not_read() {
    let run = ["--run-id", RUN];
    for (file, tasks) in [
        ("_run.json", &["ingest-labels", "sanity-check"][..]),
        ("labels_v10/_dataset.json", &["ingest-labels", "sanity-check", "verify-run"]),
    ] {
        let lake = TestLake::ingested();
        fifo(&lake.in_run(file));
        for task in tasks {
            let finished = lake.task(task).args(&run).run().expect_status(5);
            finished.expect_stderr(file);
        }
    }
    let lake = TestLake::ingested();
    let part = format!("labels_v10/part-{RUN}-00000.parquet");
    fifo(&lake.in_run(&part));
    for task in ["ingest-labels", "sanity-check", "verify-run"] {
        lake.task(task).args(&run).run().expect_status(5).expect_stderr(&part);
    }
}

#[test]
fn a_fifo_in_the_place_of_a_manifest_is_refused_and_not_read() {
    let (lake, [run, ..]) = sealed_lake();
    fifo(&lake.root().join(format!("_runs/{run}/_manifest.json")));
    lake.promote(run).expect_status(5).expect_one_line(&["_manifest.json is a FIFO, expected a regular file"]);
    lake.task("verify-run").args(&["--run-id", run]).run().expect_status(5).expect_stderr("is a FIFO");
    lake.task("lake-status").run().expect_status(0).expect_stderr("is a FIFO");
    fs::remove_file(lake.root().join(format!("_meta/seals/{run}.sha256"))).unwrap();
    fifo(&lake.root().join(format!("_meta/seals/{run}.sha256")));
    lake.task("lake-status").run().expect_status(0);
}

#[test]
fn a_fifo_or_a_device_beside_the_dumps_is_refused_and_not_read() {
    let lake = TestLake::new();
    let dumps = lake.root().with_file_name("raw").join(month().name());
    fs::create_dir_all(&dumps).unwrap();
    for dump in fs::read_dir(month().folder()).unwrap().map(|entry| entry.unwrap().path()) {
        symlink(&dump, dumps.join(dump.file_name().unwrap())).unwrap();
    }
    let checksums = dumps.join("discogs_20261101_CHECKSUM.txt");
    let preflight = || {
        let raw_root = dumps.parent().unwrap().to_str().unwrap();
        let arguments = ["--run-id", RUN, "--dump-month", month().name(), "--raw-root", raw_root, "--min-free", "0"];
        lake.task("preflight").args(&arguments).run()
    };
    fifo(&checksums);
    preflight().expect_status(5).expect_stderr("CHECKSUM.txt is a FIFO");
    fs::remove_file(&checksums).unwrap();
    symlink("/dev/zero", &checksums).unwrap();
    preflight().expect_status(5).expect_stderr("CHECKSUM.txt is a device");
}

#[test]
fn a_fifo_or_a_device_is_no_page_of_a_collection() {
    let lake = TestLake::begun();
    let page = lake.root().with_file_name("discogs_page_1.json");
    let ingest = || lake.task("ingest-collection").args(&["--run-id", RUN]).env("DISCOGS_COLLECTION_JSON", &page).run();
    fifo(&page);
    ingest().expect_status(5).expect_one_line(&["discogs_page_1.json is a FIFO"]);
    fs::remove_file(&page).unwrap();
    symlink("/dev/zero", &page).unwrap();
    ingest().expect_status(5).expect_one_line(&["discogs_page_1.json is a device"]);
}
