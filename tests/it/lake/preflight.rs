use std::fs;
use std::path::PathBuf;

use crate::support::{ENTITIES, RUN, TestCommand, TestLake, month};

/// A lake, and a folder of dumps of 2026-11 with files of these names.
fn with_files(names: &[String]) -> (TestLake, PathBuf) {
    let lake = TestLake::new();
    let folder = lake.write("raw/2026-11/notes.txt", "").parent().unwrap().to_owned();
    for name in names {
        fs::copy(month().dump("labels"), folder.join(name)).unwrap();
    }
    (lake, folder)
}

fn dumps_of(date: &str) -> Vec<String> {
    ENTITIES.map(|entity| format!("discogs_{date}_{entity}.xml.gz")).to_vec()
}

fn preflight(lake: &TestLake) -> TestCommand {
    let mut command = lake.task("preflight");
    command.args(&["--dump-month", "2026-11", "--session-time", "2026-11-20T00:00:00+00:00", "--min-free", "0"]);
    command.env("raw_root", lake.root().with_file_name("raw"));
    command
}

#[test]
fn the_newest_date_that_is_complete_counts() {
    let mut names = [dumps_of("20261101"), dumps_of("20261115")].concat();
    // Begun and not ended, of another month, of another name: none of these.
    names.extend(dumps_of("20261120").into_iter().take(3));
    names.extend(dumps_of("20261201"));
    names.extend(["discogs_2026119_labels.xml.gz".to_owned(), "discogs_20261130_labels.xml".to_owned()]);
    let (lake, folder) = with_files(&names);
    let finished = preflight(&lake).run().expect_status(0);
    assert_eq!(finished.json()["dump_date"], "20261115");
    let run = lake.json(&format!("_runs/{RUN}/_run.json"));
    for entity in ENTITIES {
        let path = fs::canonicalize(folder.join(format!("discogs_20261115_{entity}.xml.gz"))).unwrap();
        assert_eq!(run["dumps"][entity], path.to_str().unwrap());
    }
}

#[test]
fn what_is_missing_is_named() {
    let (lake, _) = with_files(&dumps_of("20261101")[..2]);
    let finished = preflight(&lake).run().expect_status(5);
    finished.expect_one_line(&[
        "lacks discogs_20261101_masters.xml.gz, discogs_20261101_releases.xml.gz",
        "artists, labels, masters and releases of one date",
    ]);
    let (lake, _) = with_files(&[]);
    preflight(&lake).run().expect_status(5).expect_one_line(&["raw/2026-11 holds no dump of its month"]);
    let lake = TestLake::new();
    preflight(&lake).run().expect_status(5).expect_one_line(&["raw/2026-11, cannot be read", "put the four dumps"]);
    assert!(!lake.root().exists(), "a lake was made for nothing");
}

#[test]
fn a_dump_can_be_given_by_hand() {
    let (lake, folder) = with_files(&dumps_of("20261101")[..3]);
    let by_hand = lake.write("elsewhere.xml.gz", "");
    let mut command = preflight(&lake);
    command.env("DISCOGS_RELEASES_DUMP", &by_hand).run().expect_status(0);
    let run = lake.json(&format!("_runs/{RUN}/_run.json"));
    assert_eq!(run["dumps"]["releases"], fs::canonicalize(by_hand).unwrap().to_str().unwrap());
    assert!(run["dumps"]["labels"].as_str().unwrap().ends_with("2026-11/discogs_20261101_labels.xml.gz"));
    drop(folder);
}

#[test]
fn a_full_disk_is_noticed_before_the_work() {
    let (lake, _) = with_files(&dumps_of("20261101"));
    let finished = preflight(&lake).env("min_free", "").args(&["--min-free=900000GiB"]).run();
    assert_eq!(finished.status, Some(2), "two flags");
    let mut command = lake.task("preflight");
    command.args(&["--dump-month", "2026-11", "--min-free", "900000GiB"]);
    command.env("raw_root", lake.root().with_file_name("raw"));
    command.run().expect_status(1).expect_one_line(&["MiB free, 921600000 MiB are wanted", "set min_free"]);
    assert!(!lake.root().join("_runs").exists());
}

#[test]
fn a_checksum_file_that_is_damaged_is_refused() {
    let (lake, folder) = with_files(&dumps_of("20261101"));
    fs::write(folder.join("discogs_20261101_CHECKSUM.txt"), "<html>try again later</html>\n").unwrap();
    let finished = preflight(&lake).run().expect_status(5);
    finished.expect_one_line(&["discogs_20261101_CHECKSUM.txt line 1 is not a sha256 and a file name"]);
    assert!(!lake.root().join("_runs").exists());
}

#[test]
fn a_run_is_named_by_its_month_and_the_clock_of_its_session() {
    let (lake, _) = with_files(&dumps_of("20261101"));
    for (time, name) in [
        ("2026-11-20T03:04:05+01:00", "2026-11__20261120_030405"),
        ("2026-11-20T03:04:05.999Z", "2026-11__20261120_030405"),
        ("2026-11-20 03:04:05", "2026-11__20261120_030405"),
        ("2026-11-21", "2026-11__20261121_000000"),
    ] {
        let mut command = lake.task("preflight");
        command.args(&["--dump-month", "2026-11", "--session-time", time, "--min-free", "0"]);
        let finished = command.env("raw_root", lake.root().with_file_name("raw")).run().expect_status(0);
        assert_eq!(finished.json()["run_id"], name, "{time}");
    }
    let mut command = preflight(&lake);
    let finished = command.args(&["--run-id", "20261231_235959"]).run().expect_status(0);
    assert_eq!(finished.json()["run_id"], "20261231_235959");
    assert_eq!(fs::read_dir(lake.root().join("_runs")).unwrap().count(), 3);
}
