use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::parsed::text;
use super::{Month, run, usual};

const SMALL: [&str; 4] = ["--dump-month", "2026-08", "--releases", "300"];

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect()
}

#[test]
fn the_same_parameters_give_the_same_bytes() {
    let [one, two] = [Month::new(&SMALL), Month::new(&SMALL)];
    assert_eq!(contents(&one.folder), contents(&two.folder));
    let other = Month::new(&[&SMALL[..], &["--seed", "2"]].concat());
    assert_ne!(contents(&one.folder), contents(&other.folder));
}

#[test]
fn the_folder_of_the_dumps_may_be_in_the_environment() {
    let dir = crate::support::Dir::new();
    let mut command = dir.command(crate::support::program("generate-dumps"));
    command.args(&["--dump-month", "2026-08", "--releases", "1"]).env("DISCOGS_RAW", dir.path("raw"));
    command.run().expect_status(0);
    assert_eq!(contents(&dir.path("raw/2026-08")).len(), 5);
}

#[test]
fn the_bytes_are_those_of_every_other_machine() {
    let month = Month::new(&SMALL);
    let hash = Sha256::digest(text(&month.dump("releases")).as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    // Changes with the generator, and must not change with anything else.
    assert_eq!(hash, "f42e6ef95b1877612beefaec059a09632cd9751691fb7b8b5fa739219de76de2");
}

#[test]
fn a_larger_dump_begins_with_the_smaller_one() {
    let small = Month::new(&SMALL);
    for entity in ["artists", "labels", "masters", "releases"] {
        let smaller = text(&small.dump(entity));
        let larger = text(&Month::new(&["--dump-month", "2026-08", "--releases", "900"]).dump(entity));
        let records = smaller.strip_suffix(&format!("</{entity}>\n")).expect("the end of the root");
        assert!(larger.starts_with(records), "{entity}");
        assert!(larger.len() > 2 * smaller.len(), "{entity}");
    }
}

#[test]
fn the_checksum_file_lists_what_is_there() {
    let month = usual();
    let files = contents(&month.folder);
    assert_eq!(files.len(), 5, "{:?}", files.keys());
    let checksums = String::from_utf8(files["discogs_20250601_CHECKSUM.txt"].clone()).expect("text");
    assert_eq!(checksums.lines().count(), 4);
    for line in checksums.lines() {
        let (hash, name) = line.split_once(' ').expect("a hash, a space, a name");
        let actual: String = Sha256::digest(&files[name]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, actual, "{name}");
    }
    for file in month.outcome["files"].as_array().expect("files") {
        let name = file["name"].as_str().expect("a name");
        let entity = name.rsplit('_').next().and_then(|end| end.strip_suffix(".xml.gz")).expect("the entity");
        assert_eq!(file["bytes"], files[name].len(), "{name}");
        assert_eq!(file["xml_bytes"], text(&month.dump(entity)).len(), "{name}");
        assert!(checksums.contains(file["sha256"].as_str().expect("a hash")), "{name}");
        // Neither time nor name nor system: those would differ between machines.
        assert_eq!(files[name][..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], "{name}");
    }
}

#[test]
fn what_is_there_is_left_alone() {
    let root = tempfile::tempdir().expect("a folder");
    assert_eq!(run(root.path(), &SMALL).1["status"], "done");
    let folder = root.path().join("2026-08");
    let before = contents(&folder);
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|data| data.modified()).expect("a time");
    let times: Vec<_> = before.keys().map(|name| written(name)).collect();

    assert_eq!(run(root.path(), &SMALL).1["status"], "already_done");
    assert_eq!(contents(&folder), before);
    assert_eq!(before.keys().map(|name| written(name)).collect::<Vec<_>>(), times);

    let other = [&SMALL[..], &["--seed", "9"]].concat();
    let (status, outcome) = run(root.path(), &other);
    assert_eq!(status, 2);
    assert!(outcome["error"]["hint"].as_str().expect("a hint").contains("replace=true"), "{outcome}");
    assert_eq!(contents(&folder), before);

    assert_eq!(run(root.path(), &[&other[..], &["--replace", "true"]].concat()).1["status"], "done");
    let after = contents(&folder);
    assert_eq!(after.len(), 5);
    assert!(before.iter().all(|(name, bytes)| after[name] != *bytes));
}

#[test]
fn entities_can_be_written_one_by_one() {
    let root = tempfile::tempdir().expect("a folder");
    for entities in ["releases,artists", "masters", "labels"] {
        let (status, outcome) = run(root.path(), &[&SMALL[..], &["--entities", entities]].concat());
        assert_eq!((status, &outcome["status"]), (0, &"done".into()), "{outcome}");
    }
    assert_eq!(contents(&root.path().join("2026-08")), contents(&Month::new(&SMALL).folder));
}

#[test]
fn malformed_parameters_are_named() {
    let root = tempfile::tempdir().expect("a folder");
    for (arguments, name) in [
        (&["--dump-month", "2026-8"][..], "dump_month"),
        (&["--dump-month", "2026-13"], "dump_month"),
        (&["--releases", "10"], "dump_month"),
        (&["--dump-month", "2026-08", "--releases", "0"], "releases"),
        (&["--dump-month", "2026-08", "--seed=-1"], "seed"),
        (&["--dump-month", "2026-08", "--layout", "2019"], "layout"),
        (&["--dump-month", "2026-02", "--dump-day", "30"], "dump_day"),
        (&["--dump-month", "2026-08", "--compression", "10"], "compression"),
        (&["--dump-month", "2026-08", "--unknown-element", "maybe"], "unknown_element"),
        (&["--dump-month", "2026-08", "--entities", "artists,songs"], "entities"),
    ] {
        let (status, outcome) = run(root.path(), arguments);
        let message = outcome["error"]["message"].as_str().expect("a message");
        assert_eq!(status, 2, "{arguments:?}: {message}");
        assert!(message.contains(name), "{arguments:?}: {message}");
    }
    assert_eq!(fs::read_dir(root.path()).expect("the folder").count(), 0);
}

#[test]
fn a_fifo_in_the_place_of_a_dump_is_refused_at_once() {
    let root = tempfile::tempdir().expect("a folder");
    for name in ["discogs_20260801_labels.xml.gz", "discogs_20260801_CHECKSUM.txt"] {
        let fifo = root.path().join("2026-08").join(name);
        fs::create_dir_all(fifo.parent().unwrap()).expect("the folder");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        let (status, outcome) = run(root.path(), &["--dump-month", "2026-08", "--releases", "1", "--replace"]);
        assert_eq!(status, 2, "{outcome}");
        assert!(outcome["error"]["message"].as_str().unwrap().contains(name), "{outcome}");
        fs::remove_file(&fifo).expect("the FIFO");
    }
}
