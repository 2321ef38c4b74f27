use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{ENTITIES, RUN, TestCommand, TestLake, month, sealed_lake};

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

#[test]
fn a_checksum_file_that_is_no_text_is_refused() {
    let (lake, folder) = with_files(&dumps_of("20261101"));
    fs::write(folder.join("discogs_20261101_CHECKSUM.txt"), b"\x1f\x8b\xff\xfe").unwrap();
    let finished = preflight(&lake).run().expect_status(5);
    finished.expect_one_line(&["discogs_20261101_CHECKSUM.txt is not text", "fetch the CHECKSUM file again"]);
}

/// The dumps of the shared month with their CHECKSUM file, in a folder of the test's.
fn with_checksums() -> (TestLake, PathBuf) {
    let (lake, folder) = with_files(&[]);
    for entry in fs::read_dir(month().folder()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    (lake, folder)
}

fn given_by_hand(lake: &TestLake, folder: &Path, date: &str) -> TestCommand {
    let mut command = lake.task("preflight");
    command.args(&["--dump-month", "2026-11", "--run-id", RUN, "--min-free", "0"]);
    for entity in ENTITIES {
        let name = format!("discogs_{date}_{entity}.xml.gz");
        command.args(&[&format!("--{entity}-dump"), folder.join(name).to_str().unwrap()]);
    }
    command
}

#[test]
fn dumps_given_by_hand_are_held_to_the_checksum_file_beside_them() {
    let (lake, folder) = with_checksums();
    let finished = given_by_hand(&lake, &folder, "20261101").run().expect_status(0);
    assert_eq!(
        (&finished.json()["metrics"]["dumps_verified"], &finished.json()["dump_date"]),
        (&4.into(), &"20261101".into())
    );
    fs::write(folder.join("discogs_20261101_labels.xml.gz"), "").unwrap();
    let finished = given_by_hand(&TestLake::new(), &folder, "20261101").run().expect_status(5);
    finished.expect_one_line(&["discogs_20261101_labels.xml.gz does not match its CHECKSUM file"]);
    // Where there is none, the date is still that of the names.
    let (lake, folder) = with_files(&dumps_of("20261115"));
    let finished = given_by_hand(&lake, &folder, "20261115").run().expect_status(0);
    assert_eq!(finished.json()["dump_date"], "20261115");
    finished.expect_stderr("not verified, no CHECKSUM file beside them lists them: discogs_20261115_artists.xml.gz");
}

#[test]
fn a_run_goes_on_when_its_dumps_have_moved() {
    let (lake, folder) = with_checksums();
    preflight(&lake).run().expect_status(0).expect_result("done");
    let moved = lake.root().with_file_name("moved");
    fs::rename(folder.parent().unwrap(), &moved).unwrap();
    preflight(&lake).env("raw_root", &moved).run().expect_status(0).expect_result("already_done");
    // Tasks that are given no dump find its new place.
    lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(0);

    // Without a CHECKSUM file nothing says that they are the same.
    let (lake, folder) = with_files(&dumps_of("20261101"));
    preflight(&lake).run().expect_status(0);
    let moved = lake.root().with_file_name("moved");
    fs::rename(folder.parent().unwrap(), &moved).unwrap();
    let finished = preflight(&lake).env("raw_root", &moved).run().expect_status(2);
    let finished = finished.expect_stderr("raw/2026-11/discogs_20261101_artists.xml.gz, not for ");
    finished.expect_stderr("moved/2026-11/discogs_20261101_artists.xml.gz; give another session_time");
    // Dumps of another day are other dumps.
    for name in dumps_of("20261115") {
        fs::copy(month().dump("labels"), moved.join("2026-11").join(name)).unwrap();
    }
    let finished = preflight(&lake).env("raw_root", &moved).run().expect_status(2);
    finished.expect_stderr("was begun for the dumps of 20261101, not those of 20261115");
}

#[test]
fn a_run_that_is_sealed_needs_no_room() {
    let (lake, [run, ..]) = sealed_lake();
    let preflight = |run: &str| {
        let mut command = lake.task("preflight");
        command.args(&["--dump-month", "2026-11", "--run-id", run, "--min-free", "900000GiB"]);
        command.env("raw_root", month().raw_root()).run()
    };
    preflight(run).expect_status(0).expect_result("already_done");
    preflight("20270101_000000").expect_status(1).expect_stderr("MiB are wanted");
}

#[test]
fn a_run_that_names_no_dump_is_refused() {
    let lake = TestLake::begun();
    let path = lake.in_run("_run.json");
    let mut run: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    run["dumps"].as_object_mut().unwrap().remove("labels");
    fs::write(&path, run.to_string()).unwrap();
    let finished = lake.task("ingest-labels").args(&["--run-id", RUN]).run().expect_status(2);
    finished.expect_one_line(&["parameter labels_dump is missing, and run", "names none"]);
}

#[test]
fn dumps_of_another_month_are_refused() {
    let (lake, folder) = with_files(&dumps_of("20261101"));
    let october = folder.join("discogs_20261001_artists.xml.gz");
    fs::copy(month().dump("artists"), &october).unwrap();
    let finished = preflight(&lake).env("DISCOGS_ARTISTS_DUMP", &october).run().expect_status(2);
    finished
        .expect_one_line(&["discogs_20261001_artists.xml.gz is of another month than 2026-11", "DISCOGS_ARTISTS_DUMP"]);
    assert!(!lake.root().exists());

    // A file of another name says nothing of its month.
    let unnamed = folder.join("artists.xml.gz");
    fs::copy(&october, &unnamed).unwrap();
    preflight(&lake).env("DISCOGS_ARTISTS_DUMP", &unnamed).run().expect_status(0);
    let ingest =
        |dump: &Path| lake.task("ingest-artists").args(&["--run-id", RUN]).env("DISCOGS_ARTISTS_DUMP", dump).run();
    let before = lake.snapshot();
    ingest(&october)
        .expect_status(2)
        .expect_one_line(&["discogs_20261001_artists.xml.gz is of another month than 2026-11"]);
    before.expect_unchanged(&lake.root());
    ingest(&unnamed).expect_status(0);
}

#[test]
fn a_run_id_of_another_month_is_refused() {
    let (lake, _) = with_files(&dumps_of("20261101"));
    let mut command = lake.task("preflight");
    command.args(&["--dump-month", "2026-11", "--run-id", "2026-10__20261120_000000", "--min-free", "0"]);
    let finished = command.env("raw_root", lake.root().with_file_name("raw")).run().expect_status(2);
    finished.expect_one_line(&["a run_id of 2026-10 is not one of dump_month 2026-11"]);
    assert!(!lake.root().exists());
}
