use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use serde_json::{Value, json};

use super::good_lake::COPY;
use crate::support::{Dir, Finished, TestCommand, TestLake, eventually, gzip, month, signal};

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// `sample-dumps` on the copy of the good run.
fn sample(lake: &TestLake, further: &[&str]) -> Finished {
    lake.task("sample-dumps").args(&["--run-id", COPY, "--do-xml-tests", "true"]).args(further).run()
}

/// The workflow of a trial, as `main.dig` calls it.
fn trial(dir: &Dir, lake: &Path, further: &[&str]) -> TestCommand {
    let mut command = dir.run_workflow(&["tests_xml_dev.dig", "--no-save", "--session", "2026-11-02 00:00:00"]);
    command.current_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag"));
    command.args(&["-p", &format!("run_id={COPY}"), "-p", &format!("lake={}", lake.display())]).args(further);
    command
}

fn json_of(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// The bytes of every small file and the size of every other one, without trials and locks.
fn contents(lake: &Path) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
    let kept = |entry: &walkdir::DirEntry| entry.file_name() != "_tmp_test" && entry.file_name() != "locks";
    let walk = walkdir::WalkDir::new(lake).into_iter().filter_entry(kept).map(Result::unwrap);
    let files = walk.filter(|entry| !entry.file_type().is_dir());
    files
        .map(|entry| {
            let path = entry.into_path();
            let bytes = fs::symlink_metadata(&path).unwrap().len();
            let small = bytes < 1 << 20 && path.is_file();
            let content = if small { fs::read(&path).unwrap() } else { Vec::new() };
            (path, (bytes, content))
        })
        .collect()
}

#[test]
fn they_are_tried_in_a_lake_of_their_own_and_the_run_is_not_touched() {
    let lake = TestLake::checked();
    let before = contents(&lake.root());
    let parameters = ["-p", "do_xml_tests=true", "-p", "xml_test_records=50"];
    let finished = trial(&Dir::new(), &lake.root(), &parameters).run().expect_status(0);
    assert!(!finished.stderr.contains("{\"task\""), "a result among the lines for people:\n{}", finished.stderr);
    assert!(finished.stderr.contains("sanity-check: "), "{}", finished.stderr);
    assert_eq!(contents(&lake.root()), before);

    let run = lake.root().join("_tmp_test").join(COPY).join("1/lake/_runs").join(COPY);
    assert_eq!(json_of(run.join("releases_v6/_dataset.json"))["rows"], json!(50));
    let checked = json_of(run.join("_tasks/sanity-check.json"));
    assert_eq!(checked["checks"]["critical_failed"], 0);
    assert!(Path::new(checked["report"].as_str().unwrap()).starts_with(&run));
    assert!(run.join("_manifest.json").is_file() && !run.join("../../active").exists());
}

/// The tasks of the trial are called with the parameters of the workflow: those that lead to another lake, another
/// engine or a publication must not reach them, and nothing of the trial may reach the tasks behind it.
#[test]
fn main_dig_publishes_the_whole_dumps_after_the_trial() {
    let dir = Dir::new();
    let lake = dir.path("lake");
    let raw_root = format!("raw_root={}", month().raw_root().display());
    let lake_parameter = format!("lake={}", lake.display());
    dir.run_workflow(&["main.dig", "--no-save", "--session", "2026-11-01 00:00:00"])
        .current_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag"))
        .args(&["-p", "dump_month=2026-11", "-p", "run_mode=prod", "-p", "allow_promote=true"])
        .args(&["-p", "do_xml_tests=true", "-p", "xml_test_records=20", "-p", "environment=sample"])
        .args(&["-p", &raw_root, "-p", &lake_parameter])
        .run()
        .expect_status(0);
    let run = "2026-11__20261101_000000";
    assert_eq!(fs::read_link(lake.join("active")).unwrap(), Path::new("_runs").join(run));
    let trial = lake.join("_tmp_test").join(run).join("1/lake");
    assert!(!trial.join("active").exists());
    let rows = |lake: &Path| json_of(lake.join("_runs").join(run).join("releases_v6/_dataset.json"))["rows"].clone();
    assert_eq!((rows(&lake), rows(&trial)), (json!(300), json!(20)));
}

#[test]
fn a_sample_is_a_valid_dump_of_the_first_records() {
    let lake = TestLake::checked();
    let dump = lake.root().join("discogs_20261101_labels.xml.gz");
    let label = |id: u32| format!("<label><id>{id}</id><name>No. {id}</name></label>");
    fs::write(&dump, gzip(format!("<labels>\n{}\n{}\n{}\n</labels>", label(1), label(2), label(3)))).unwrap();
    super::good_lake::edit_json(&lake.run(COPY).join("_run.json"), |run| run["dumps"]["labels"] = json!(dump));
    let result = sample(&lake, &["--xml-test-records", "2"]).expect_status(0).json();
    assert_eq!((&result["metrics"]["labels_records"], &result["metrics"]["releases_records"]), (&json!(2), &json!(2)));
    let folder = lake.root().join("_tmp_test").join(COPY).join("1");
    assert_eq!(result["lake"], json!(folder.join("lake")));
    let path = folder.join("raw/discogs_20261101_labels.xml.gz");
    assert_eq!(result["labels_dump"], json!(path));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(fs::File::open(path).unwrap()), &mut text).unwrap();
    let expected = format!("<labels>\n{}\n{}\n</labels>\n", label(1), label(2));
    assert_eq!(text.split_once('\n').unwrap(), ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", expected.as_str()));
}

#[test]
fn they_are_skipped_unless_asked_for() {
    let lake = TestLake::checked();
    let result = lake.task("sample-dumps").args(&["--run-id", COPY]).run().expect_status(0).json();
    assert_eq!(result["status"], "skipped");
    trial(&Dir::new(), &lake.root(), &[]).run().expect_status(0);
    assert!(!lake.root().join("_tmp_test").exists());
}

#[test]
fn a_damaged_dump_is_named() {
    let lake = TestLake::checked();
    let dump = lake.root().join("discogs_20261101_labels.xml.gz");
    fs::write(&dump, "no gzip").unwrap();
    super::good_lake::edit_json(&lake.run(COPY).join("_run.json"), |run| run["dumps"]["labels"] = json!(dump));
    sample(&lake, &["--xml-test-records", "50"]).expect_status(5).expect_stderr("discogs_20261101_labels.xml.gz");
    let trials = lake.root().join("_tmp_test").join(COPY);
    assert_eq!(names_in(&trials), [] as [&str; 0], "half a trial is left");
}

/// As in the ingests of the run: a record is skipped if on_bad_record=skip.
#[test]
fn a_record_that_is_not_well_formed_is_left_out_where_the_run_leaves_it_out() {
    let lake = TestLake::checked();
    let dump = lake.root().join("discogs_20261101_labels.xml.gz");
    let bad = "<label><id>1</id><name>a & b</nam></label>\n<label><id>2</id><name>Two</name></label>";
    fs::write(&dump, gzip(format!("<labels>\n{bad}\n</labels>"))).unwrap();
    super::good_lake::edit_json(&lake.run(COPY).join("_run.json"), |run| run["dumps"]["labels"] = json!(dump));
    let dir = Dir::new();
    let parameters = ["-p", "do_xml_tests=true", "-p", "xml_test_records=50"];
    trial(&dir, &lake.root(), &parameters).run().expect_status(1).expect_stderr("on_bad_record=skip");
    trial(&dir, &lake.root(), &[&parameters[..], &["-p", "on_bad_record=skip"]].concat()).run();
    let tried = lake.root().join("_tmp_test").join(COPY).join("2/lake/_runs").join(COPY);
    assert!(tried.join("_reports/bad_records_labels.xml").is_file());
    assert!(tried.join("labels_v10/_dataset.json").is_file());
}

#[test]
fn a_link_in_their_place_is_not_followed() {
    for linked in ["_tmp_test", &format!("_tmp_test/{COPY}")] {
        let lake = TestLake::checked();
        let outside = lake.root().with_file_name("outside");
        fs::create_dir_all(outside.join(COPY)).unwrap();
        fs::write(outside.join(COPY).join("mine"), "").unwrap();
        let link = lake.root().join(linked);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, link).unwrap();
        let finished = sample(&lake, &[]);
        finished.expect_status(5).expect_one_line(&["is a link, and a link here may lead out of the lake"]);
        assert!(outside.join(COPY).join("mine").is_file() && names_in(&outside) == [COPY], "{linked}");
    }
}

#[test]
fn a_run_that_names_no_dumps_is_refused() {
    let lake = TestLake::checked();
    fs::remove_file(lake.run(COPY).join("_run.json")).unwrap();
    let finished = sample(&lake, &[]);
    finished.expect_status(2).expect_one_line(&["names no dumps", "preflight finds the dumps of a month"]);
}

/// Two trials of one run at once have a folder each, and both pass.
#[test]
fn two_trials_at_once_do_not_meet() {
    let lake = TestLake::checked();
    let dir = Dir::new();
    let both = ["30", "40"].map(|records| {
        let records = format!("xml_test_records={records}");
        trial(&dir, &lake.root(), &["-p", "do_xml_tests=true", "-p", &records]).spawn()
    });
    for child in both {
        Finished::of(child.wait_with_output().unwrap()).expect_status(0);
    }
    let trials = lake.root().join("_tmp_test").join(COPY);
    let rows = ["1", "2"].map(|trial| {
        let run = trials.join(trial).join("lake/_runs").join(COPY);
        assert!(run.join("_manifest.json").is_file(), "trial {trial} did not pass");
        json_of(run.join("releases_v6/_dataset.json"))["rows"].as_u64().unwrap()
    });
    assert_eq!(rows.iter().sum::<u64>(), 70, "{rows:?}");
}

/// The processes that have this in their environment.
fn processes(part: &str) -> usize {
    let there =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("environ")).ok());
    there.filter(|variables| String::from_utf8_lossy(variables).contains(part)).count()
}

#[test]
fn a_signal_ends_the_task_that_tries_them_too() {
    let lake = TestLake::checked();
    let trial_lake = lake.root().join("_tmp_test").join(COPY).join("1/lake");
    let dir = Dir::new();
    let parameters = ["-p", "do_xml_tests=true", "-p", "xml_test_records=9000"];
    let child = trial(&dir, &lake.root(), &parameters).spawn();
    eventually("the dumps are ingested", || trial_lake.join("_runs").join(COPY).join("_staging").exists());
    let part = format!("lake={}", trial_lake.display());
    eventually("a task is at work", || processes(&part) > 0);
    signal(&child, Signal::TERM);
    Finished::of(child.wait_with_output().unwrap()).expect_status(143);
    assert_eq!(processes(&part), 0, "a task is still at work");
    assert!(!trial_lake.join("_runs").join(COPY).join("_manifest.json").exists());
}
