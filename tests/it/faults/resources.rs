//! What runs out: the disk, file handles, permissions. Real ones, where `errors.rs` makes them up.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::invariants;
use super::lake::{RUNS, Stage, TestLake, binary};
use crate::support::Finished;

/// A file system of its own, gone with the test.
struct Mounted(PathBuf);

impl Mounted {
    /// Nothing where this user may not mount; errors.rs has the same faults by injection.
    fn tmpfs(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("SKIPPED: no tmpfs can be mounted here; errors.rs injects ENOSPC and EROFS instead");
        }
        mounted.then_some(Mounted(folder))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }

    fn holding(&self, lake: &TestLake) -> PathBuf {
        let copy = self.0.join("lake");
        assert!(Command::new("cp").arg("-a").args([&lake.root(), &copy]).status().unwrap().success());
        copy
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn run(task: &str, lake: &Path, arguments: &[&str]) -> Finished {
    let mut command = Command::new(binary(task));
    command.arg("--lake").arg(lake).args(arguments).stdin(Stdio::null());
    Finished::of(command.output().unwrap())
}

#[test]
fn a_disk_that_fills_up_half_way() {
    let made = TestLake::at(Stage::Begun);
    let Some(disk) = Mounted::tmpfs(made.beside("disk"), "700k") else { return };
    let lake = disk.holding(&made);
    let raw = made.beside("raw").display().to_string();
    let month = ["--raw-root", &raw, "--dump-month", "2026-11", "--releases", "1500", "--entities", "releases"];
    Finished::of(Command::new(binary("generate-dumps")).args(month).output().unwrap()).expect_status(0);
    let dump = format!("{raw}/2026-11/discogs_20261101_releases.xml.gz");
    fs::rename(&dump, made.beside("full.xml.gz")).unwrap();
    let dump = made.beside("full.xml.gz").display().to_string();
    let arguments = ["--run-id", RUNS[0], "--releases-dump", &dump];

    let finished = run("ingest-releases", &lake, &arguments).expect_status(1);
    let error = finished.json()["error"].clone();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("/_staging/ingest-releases/") && message.contains("No space left"), "{message}");
    assert!(error["hint"].as_str().unwrap().contains("free some space and run the same command again"));
    invariants::hold(&lake, &[None], "a full disk");
    // What was written of it does not stay in the way of those who free space.
    assert!(!lake.join("_runs").join(RUNS[0]).join("_staging/ingest-releases").exists());

    disk.remount("size=20m");
    run("ingest-releases", &lake, &arguments).expect_status(0);
    invariants::hold(&lake, &[None], "a disk with room again");
}

const CHANGING: [(&str, Stage, &[&str]); 6] = [
    ("ingest-labels", Stage::Begun, &["--run-id", RUNS[0]]),
    ("build-warehouse", Stage::Ingested, &["--run-id", RUNS[0]]),
    ("sanity-check", Stage::Built, &["--run-id", RUNS[0], "--environment", "sample"]),
    ("promote", Stage::Published, &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"]),
    ("rollback", Stage::Published, &[]),
    ("prune-runs", Stage::Published, &["--keep", "1", "--dry-run=false"]),
];

const LOOKING: [(&str, &[&str]); 3] = [("lake-status", &[]), ("verify-run", &[]), ("prune-runs", &["--keep", "1"])];

#[test]
fn a_lake_that_is_mounted_read_only() {
    for (task, stage, arguments) in CHANGING {
        let made = TestLake::at(stage);
        let Some(disk) = Mounted::tmpfs(made.beside("disk"), "20m") else { return };
        let lake = disk.holding(&made);
        disk.remount("ro");
        let finished = run(task, &lake, arguments);
        assert_eq!(finished.status, Some(1), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("mounted read-only; mount it writable"), "{task}:\n{}", finished.stderr);
        if stage == Stage::Published {
            for (task, arguments) in LOOKING {
                assert_eq!(run(task, &lake, arguments).status, Some(0), "{task} only looks");
            }
        }
    }
}

/// Another user than the lake's: everything is refused, and says whom to ask.
#[test]
fn a_lake_of_somebody_else() {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become somebody else; errors.rs injects EACCES instead");
        return;
    }
    for (task, stage, arguments) in CHANGING {
        let lake = TestLake::at(stage);
        // tempfile's folder is its owner's alone.
        fs::set_permissions(lake.beside(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let program = lake.beside("program");
        if Command::new("cp").arg(binary(task)).arg(&program).status().is_err() {
            return;
        }
        let mut command = Command::new(&program);
        command.arg("--lake").arg(lake.root()).args(arguments).uid(NOBODY).gid(NOBODY).current_dir("/");
        if let Ok(library) = fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/vendor/duckdb")) {
            command.env("LD_LIBRARY_PATH", library);
        }
        let finished = Finished::of(command.output().unwrap());
        if finished.stderr.contains("error while loading shared libraries") {
            eprintln!("SKIPPED: nobody may not read the library of DuckDB here");
            return;
        }
        assert_eq!(finished.status, Some(1), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("Permission denied"), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("check who owns the folder"), "{task}:\n{}", finished.stderr);
        let actives: &[Option<&str>] = if stage == Stage::Published { &[Some(RUNS[2])] } else { &[None] };
        invariants::hold(&lake.root(), actives, task);
    }
}

/// From none to spare up to enough: each number of handles either does it or says which file could not be opened.
#[test]
fn too_few_file_handles() {
    for (task, stage, arguments) in CHANGING {
        let mut failures = 0;
        for handles in 5..40 {
            let lake = TestLake::at(stage);
            let words = arguments.join(" ");
            let (program, root) = (binary(task), lake.root());
            let script = format!(
                "ulimit -n {handles}; exec {} --lake {} --threads 1 {words}",
                program.display(),
                root.display()
            );
            let threads = ["ingest-labels", "build-warehouse", "sanity-check"].contains(&task);
            let script = if threads { script } else { script.replace("--threads 1 ", "") };
            let finished = Finished::of(Command::new("sh").args(["-c", &script]).output().unwrap());
            let stderr = &finished.stderr;
            let actives = [None, Some(RUNS[1]), Some(RUNS[2]), Some(RUNS[4])];
            invariants::hold(&root, &actives, &format!("{task} with {handles} handles"));
            if finished.status == Some(0) {
                break;
            }
            if stderr.contains("error while loading shared libraries") {
                continue;
            }
            failures += 1;
            assert_eq!(finished.status, Some(1), "{task} with {handles} handles:\n{stderr}");
            let told = stderr.contains("oo many open files") && stderr.contains("raise the limit of open files");
            assert!(told, "{task} with {handles} handles:\n{stderr}");
            assert!(handles < 39, "{task} never has enough");
        }
        eprintln!("{task}: {failures} times too few file handles");
    }
}
