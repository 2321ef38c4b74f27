//! preflight holds the dumps to their CHECKSUM file, and pays for it once.

use std::fs;

use super::{Setting, dump, sha256};

fn put(setting: &Setting) {
    fs::create_dir_all(setting.path("")).unwrap();
    for (name, bytes) in &setting.files {
        fs::write(setting.path(name), bytes).unwrap();
    }
}

fn note(setting: &Setting, name: &str) -> std::path::PathBuf {
    setting.path(&format!(".{name}.sha256.json"))
}

#[test]
fn the_hashes_are_in_the_run_and_are_remembered() {
    let setting = Setting::new();
    put(&setting);
    let name = dump("20260701", "labels");
    let json = setting.preflight().run().expect_status(0).json();
    assert_eq!(json["metrics"]["dumps_verified"], 4);
    assert_eq!(json["inputs"].as_array().unwrap().len(), 4);
    let run = setting.dir.read("lake/_runs/2026-07__20260710_000000/_run.json");
    assert!(run.contains(&sha256(&setting.files[&name])), "{run}");

    // A second run believes what is remembered: a false memory shows that nothing was read.
    let memory = fs::read_to_string(note(&setting, &name)).unwrap();
    fs::write(note(&setting, &name), memory.replace(&sha256(&setting.files[&name]), &"0".repeat(64))).unwrap();
    setting.preflight().run().expect_status(5).expect_stderr("its sha256 is 0000");
    fs::write(note(&setting, &name), memory).unwrap();
    setting.preflight().run().expect_status(0);
}

#[test]
fn a_file_that_changed_is_read_again() {
    let setting = Setting::new();
    put(&setting);
    setting.preflight().run().expect_status(0);
    let name = dump("20260701", "releases");
    let mut bytes = setting.files[&name].clone();
    bytes[1000] ^= 1;
    fs::write(setting.path(&name), &bytes).unwrap();
    let finished = setting.preflight().run().expect_status(5);
    assert!(finished.json()["error"]["hint"].as_str().unwrap().contains("--replace=true"), "{}", finished.stdout);
    finished.expect_stderr("does not match its CHECKSUM file");
    // Who does not want to wait leaves it to the ingests.
    setting.preflight().args(&["--verify-dumps=false"]).run().expect_status(0);
}

#[test]
fn what_was_downloaded_is_not_hashed_again() {
    let setting = Setting::new();
    setting.download(&[]).run().expect_status(0);
    for name in setting.files.keys().filter(|name| name.ends_with(".gz")) {
        assert!(note(&setting, name).exists(), "{name}");
    }
    setting.preflight().run().expect_status(0);
}

#[test]
fn dumps_without_a_checksum_file_are_named() {
    let setting = Setting::new();
    put(&setting);
    fs::remove_file(setting.path("discogs_20260701_CHECKSUM.txt")).unwrap();
    let finished = setting.preflight().run().expect_status(0);
    assert_eq!(finished.json()["metrics"]["dumps_verified"], 0);
    finished.expect_stderr("not verified");
}
