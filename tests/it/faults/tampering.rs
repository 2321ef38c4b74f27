//! A sealed run that was tampered with: verify-run reports it, and promote refuses it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::invariants;
use super::lake::{RUNS, Stage};
use super::trace::{available, traced};
use crate::support::Finished;
use crate::support::TestLake;

/// Changes something in the run; says what verify-run is to say.
type Tamper = fn(&Path) -> &'static str;

fn part(run: &Path, table: &str) -> PathBuf {
    run.join(format!("{table}/part-{}-00000.parquet", run.file_name().unwrap().to_str().unwrap()))
}

fn write(path: &Path, bytes: &[u8]) {
    // As root the permissions do not matter; as anybody else they have to go first.
    if path.exists() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::write(path, bytes).unwrap();
}

/// Edits the manifest and recomputes its own digest, as an attacker would who knows the format.
fn forge(run: &Path, edit: impl FnOnce(&mut Value)) {
    let path = run.join("_manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut manifest);
    manifest["manifest_sha256"] = "".into();
    let digest = Sha256::digest(serde_json::to_vec(&manifest).unwrap());
    manifest["manifest_sha256"] = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    write(&path, &[serde_json::to_vec_pretty(&manifest).unwrap(), b"\n".to_vec()].concat());
}

const TAMPERS: [(&str, Tamper); 16] = [
    ("a byte changed", |run| {
        let path = part(run, "labels_v10");
        let mut bytes = fs::read(&path).unwrap();
        bytes[100] ^= 1;
        write(&path, &bytes);
        "labels_v10/part-2026-11__20261120_000004-00000.parquet was changed"
    }),
    ("a byte appended", |run| {
        let path = part(run, "warehouse_discogs/release_artists_v1");
        write(&path, &[fs::read(&path).unwrap(), vec![0]].concat());
        "parquet was changed"
    }),
    ("a file cut", |run| {
        write(&part(run, "releases_v6"), b"");
        "releases_v6/part-2026-11__20261120_000004-00000.parquet was changed"
    }),
    ("a file removed", |run| {
        fs::remove_file(part(run, "labels_v10")).unwrap();
        "parquet is missing"
    }),
    ("a table removed", |run| {
        fs::remove_dir_all(run.join("masters_v1_typed")).unwrap();
        "masters_v1_typed/_dataset.json is missing, and 1 more"
    }),
    ("a part added", |run| {
        fs::copy(part(run, "labels_v10"), run.join("labels_v10/part-x.parquet")).unwrap();
        "labels_v10/part-x.parquet was added"
    }),
    ("a hidden file added", |run| {
        write(&run.join("labels_v10/.hidden"), b"");
        "labels_v10/.hidden was added"
    }),
    ("a file added in _staging", |run| {
        fs::create_dir(run.join("_staging")).unwrap();
        write(&run.join("_staging/x"), b"");
        "_staging/x was added"
    }),
    ("two files swapped", |run| {
        let (one, two) = (part(run, "label_urls_v1"), part(run, "labels_v10"));
        let (a, b) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
        write(&one, &b);
        write(&two, &a);
        "label_urls_v1/part-2026-11__20261120_000004-00000.parquet was changed, and 1 more"
    }),
    ("the part of another run", |run| {
        let other = run.with_file_name(RUNS[3]);
        fs::copy(part(&other, "labels_v10"), run.join("labels_v10/x.parquet")).unwrap();
        "labels_v10/x.parquet was added"
    }),
    ("a part that is a link", |run| {
        let path = part(run, "labels_v10");
        fs::rename(&path, run.with_file_name("moved.parquet")).unwrap();
        symlink("../../moved.parquet", &path).unwrap();
        "neither a file nor a folder"
    }),
    ("a description edited", |run| {
        let path = run.join("labels_v10/_dataset.json");
        let text = fs::read_to_string(&path).unwrap().replace("\"rows\": 3", "\"rows\": 4");
        write(&path, text.as_bytes());
        "labels_v10/_dataset.json was changed"
    }),
    ("the manifest edited", |run| {
        let path = run.join("_manifest.json");
        let text = fs::read_to_string(&path).unwrap().replace("\"bytes\": ", "\"bytes\": 1");
        write(&path, text.as_bytes());
        "its manifest was edited"
    }),
    ("the manifest edited, and its own digest", |run| {
        let path = part(run, "labels_v10");
        write(&path, b"PAR1");
        let digest: String = Sha256::digest(b"PAR1").iter().map(|byte| format!("{byte:02x}")).collect();
        forge(run, |manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            let file =
                files.iter_mut().find(|file| file["path"].as_str().unwrap().starts_with("labels_v10/part")).unwrap();
            (file["bytes"], file["sha256"]) = (4.into(), digest.into());
        });
        "its manifest is not the one that was written when it was sealed"
    }),
    ("the manifest of another run", |run| {
        let other = fs::read(run.with_file_name(RUNS[3]).join("_manifest.json")).unwrap();
        write(&run.join("_manifest.json"), &other);
        "its manifest is that of run 2026-11__20261120_000003"
    }),
    ("a manifest that is none", |run| {
        write(&run.join("_manifest.json"), b"{");
        "_manifest.json is not a manifest"
    }),
];

#[test]
fn whatever_was_touched_is_found() {
    for (name, tamper) in TAMPERS {
        let lake = TestLake::at(Stage::Published);
        let says = tamper(&lake.run_folder(4));
        for (task, arguments) in [
            ("verify-run", &["--run-id", RUNS[4]][..]),
            ("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"]),
            ("rollback", &["--to-run-id", RUNS[4]]),
        ] {
            let finished = lake.call(task, arguments).run();
            assert_eq!(finished.status, Some(5), "{name}, {task}:\n{}", finished.stderr);
            assert!(finished.stderr.contains(says), "{name}, {task}: no {says:?} in:\n{}", finished.stderr);
            assert!(finished.stderr.contains("do not publish it"), "{name}, {task}:\n{}", finished.stderr);
        }
        assert_eq!(lake.active().as_deref(), Some(RUNS[2]), "{name}");
    }
}

#[test]
fn every_difference_is_in_the_result() {
    let lake = TestLake::at(Stage::Published);
    fs::remove_dir_all(lake.run_folder(4).join("labels_v10")).unwrap();
    write(&lake.run_folder(4).join("x"), b"");
    let result = lake.call("verify-run", &["--run-id", RUNS[4]]).run().expect_status(5).json();
    let differences: Vec<_> =
        result["differences"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(differences.len(), 3);
    assert!(differences[0].ends_with("_dataset.json is missing") && differences[2] == "x was added", "{differences:?}");
}

/// Reports may come after the seal; they are no part of it.
#[test]
fn a_run_that_is_sound() {
    let lake = TestLake::at(Stage::Published);
    lake.call("report-active", &["--environment", "sample"]).run().expect_status(0);
    let result = lake.call("verify-run", &[]).run().expect_status(0).json();
    assert_eq!(
        (&result["run_id"], &result["state"], &result["seal"]),
        (&RUNS[2].into(), &"sealed".into(), &"known".into())
    );
    invariants::hold(&lake.root(), &[Some(RUNS[2])], "sound");
}

#[test]
fn sealed_files_are_read_only_to_others_than_root() {
    let lake = TestLake::at(Stage::Published);
    let listed = Command::new("find").arg(lake.run_folder(4)).args(["-type", "f", "-perm", "/222"]).output().unwrap();
    let writable = String::from_utf8(listed.stdout).unwrap();
    assert!(writable.lines().all(|path| path.contains("/_reports/")), "{writable}");
}

/// The lake's own tool finds the anchors, and anybody's `sha256sum` can check them.
#[test]
fn anchors_are_as_sha256sum_writes_them() {
    let lake = TestLake::at(Stage::Published);
    let check = "sha256sum --quiet -c *.sha256";
    let status = Command::new("sh").args(["-c", check]).current_dir(lake.path("_meta/seals")).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_run_that_was_copied_here_is_published_when_somebody_says_so() {
    let (from, to) = (TestLake::at(Stage::Published), TestLake::at(Stage::Begun));
    let copied = Command::new("cp").arg("-a").args([from.run_folder(4), to.path("_runs")]).status().unwrap();
    assert!(copied.success());
    let promote = ["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"];
    to.call("promote", &promote).run().expect_status(5).expect_stderr("this lake does not know its seal");
    to.call("verify-run", &["--run-id", RUNS[4]]).run().expect_status(5).expect_stderr("--accept-seal");
    let accepted = to.call("verify-run", &["--run-id", RUNS[4], "--accept-seal"]).run().expect_status(0).json();
    assert_eq!(accepted["seal"], "accepted");
    to.call("promote", &promote).run().expect_status(0);

    // Not one that disagrees with its manifest, and not one that disagrees with the seal that is known.
    let to = TestLake::at(Stage::Published);
    fs::remove_file(to.path(&format!("_meta/seals/{}.sha256", RUNS[4]))).unwrap();
    write(&to.run_folder(4).join("x"), b"");
    to.call("verify-run", &["--run-id", RUNS[4], "--accept-seal"]).run().expect_status(5).expect_stderr("x was added");
    assert!(!to.path(&format!("_meta/seals/{}.sha256", RUNS[4])).exists());
    forge(&to.run_folder(3), |manifest| manifest["checks"] = Value::Null);
    let forged = to.call("verify-run", &["--run-id", RUNS[3], "--accept-seal"]).run();
    forged.expect_status(5).expect_stderr("not the one that was written");
}

/// Before the seal too: what a task left is what is sealed.
#[test]
fn an_open_run_that_was_touched_is_not_sealed() {
    type Touch = (&'static str, &'static str, fn(&Path));
    let touches: [Touch; 4] = [
        ("cut", "is not what was written", |run| write(&part(run, "label_urls_v1"), b"PAR1")),
        ("changed", "is not what was written", |run| {
            write(&part(run, "label_urls_v1"), &fs::read(part(run, "labels_v10")).unwrap())
        }),
        ("added", "labels_v10/x belongs to no dataset", |run| write(&run.join("labels_v10/x"), b"")),
        ("a folder of its own", "x/y belongs to no dataset", |run| {
            fs::create_dir(run.join("x")).unwrap();
            write(&run.join("x/y"), b"");
        }),
    ];
    for (name, says, touch) in touches {
        let lake = TestLake::at(Stage::Built);
        touch(&lake.run_folder(0));
        lake.call("verify-run", &["--run-id", RUNS[0]]).run().expect_status(5).expect_stderr(says);
        let checked = lake.call("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"]).run();
        assert!([Some(3), Some(5)].contains(&checked.status), "{name}: {:?}\n{}", checked.status, checked.stderr);
        assert!(!lake.run_folder(0).join("_manifest.json").exists(), "{name}");
    }
}

/// Tables of two dumps, each whole: a replacement that was killed half-way and not run again.
#[test]
fn tables_of_different_dumps_are_not_sealed() {
    let lake = TestLake::at(Stage::Built);
    let other = lake.beside("artists.xml.gz");
    fs::copy(super::lake::dump("other", "artists"), &other).unwrap();
    let (table, keep) = (lake.run_folder(0).join("artist_urls_v1"), lake.beside("kept"));
    fs::rename(&table, &keep).unwrap();
    let arguments = ["--run-id", RUNS[0], "--replace", "--artists-dump", other.to_str().unwrap()];
    lake.call("ingest-artists", &arguments).run().expect_status(0);
    fs::remove_dir_all(&table).unwrap();
    fs::rename(keep, &table).unwrap();
    let checked = lake.call("sanity-check", &["--run-id", RUNS[0], "--environment", "sample"]).run().expect_status(3);
    let report = fs::read_to_string(checked.json()["report"].as_str().unwrap()).unwrap();
    let failed = |table: &str| report.lines().any(|line| line.starts_with(&format!("{table}.inputs,CRITICAL,")));
    // What was built from the artists that are gone is found as well.
    assert!(failed("artist_urls_v1") && failed("warehouse.artist_name_map_v1"), "{report}");
}

/// Hours of reading, for a month: once.
#[test]
fn a_run_is_read_once_whatever_is_wrong_with_it() {
    if !available() {
        return;
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    let reads = |lake: &TestLake, arguments: &[&str], status: i32| {
        let options = ["-e", "trace=open,openat"].map(|option| option.replace("open,", "?open,"));
        let options = options.each_ref().map(String::as_str);
        let output = traced(&lake.call("verify-run", arguments), log.path(), &options);
        Finished::of(output).expect_status(status);
        // The path as an argument: a call that another thread came between is a second line, with the file it gave.
        let part = format!("/labels_v10/part-{}-00000.parquet\"", RUNS[4]);
        fs::read_to_string(log.path()).unwrap().lines().filter(|line| line.contains(&part)).count()
    };
    let lake = TestLake::at(Stage::Copied);
    assert_eq!(reads(&lake, &["--run-id", RUNS[4]], 5), 1);
    assert_eq!(reads(&lake, &["--run-id", RUNS[4], "--accept-seal"], 0), 1);
    write(&part(&lake.run_folder(4), "label_urls_v1"), b"PAR1");
    assert_eq!(reads(&lake, &["--run-id", RUNS[4]], 5), 1);
}
