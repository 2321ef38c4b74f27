//! Exhausted resources: disk space, file handles, permissions. They are real here; `errors.rs` injects errors.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::invariants;
use super::lake::{RUNS, Stage};
use super::sample::few;
use super::trace::{available, traced, writing_calls};
use crate::support::Finished;
use crate::support::{TestLake, binary};

/// The room on a test's disk, in KiB.
const ROOM: u32 = 20 * 1024;

/// A disk of a test's own, a tmpfs with a copy of a lake. It is mounted in a mount namespace, so that neither root nor a
/// machine that lets everybody mount is needed; it is gone with the process that keeps the namespace.
struct Disk {
    keeper: Child,
    folder: PathBuf,
}

impl Disk {
    /// Nothing where no namespace can be had; then strace has to make the errors.
    fn with(lake: &TestLake) -> Option<Self> {
        let folder = lake.beside("disk");
        fs::create_dir_all(&folder).unwrap();
        let mount =
            format!("mount -t tmpfs -o size={ROOM}k tmpfs \"$1\" && cp -a \"$2\" \"$1/lake\" && echo ready && cat");
        // With a user namespace for those who are not root, without one for the root of a machine that has none.
        ["-rm", "-m"].iter().find_map(|namespaces| {
            let mut unshare = Command::new("unshare");
            unshare.args([namespaces, "sh", "-c", &mount, "sh"]).arg(&folder).arg(lake.root());
            unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut disk = Disk { keeper: unshare.spawn().ok()?, folder: folder.clone() };
            let mut said = String::new();
            let _ = BufReader::new(disk.keeper.stdout.take().unwrap()).read_line(&mut said);
            (said == "ready\n").then_some(disk)
        })
    }

    /// A program that sees the disk.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let of_user = fs::read_link(format!("/proc/{}/ns/user", self.keeper.id()));
        if of_user.unwrap() != fs::read_link("/proc/self/ns/user").unwrap() {
            command.args(["--preserve-credentials", "-U"]);
        }
        command.args(["-m", "-t", &self.keeper.id().to_string(), program]).stdin(Stdio::null());
        command
    }

    fn run(&self, task: &str, arguments: &[&str]) -> Finished {
        let mut command = self.command(binary(task).to_str().unwrap());
        Finished::of(command.arg("--lake").arg(self.folder.join("lake")).args(arguments).output().unwrap())
    }

    fn must(&self, program: &str, arguments: &[&str]) {
        assert!(self.command(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
    }

    /// Leaves that much room, in KiB.
    fn fill(&self, left: u32) {
        self.must("fallocate", &["-l", &format!("{}KiB", ROOM - left), &self.file("filler")]);
    }

    /// Leaves no room at all.
    fn fill_up(&self) {
        self.must("sh", &["-c", "cat /dev/zero > \"$1\" 2> /dev/null; true", "sh", &self.file("filler")]);
    }

    fn empty(&self) {
        self.must("rm", &[&self.file("filler")]);
    }

    fn make_read_only(&self) {
        self.must("mount", &["-o", "remount,bind,ro", self.folder.to_str().unwrap()]);
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Its lake, as seen from outside of the namespace.
    fn lake(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        root.join(self.folder.strip_prefix("/").unwrap()).join("lake")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

#[test]
fn a_disk_that_fills_up_half_way() {
    let made = TestLake::at(Stage::Begun);
    let raw = made.beside("raw").display().to_string();
    let month = ["--raw-root", &raw, "--dump-month", "2026-11", "--releases", "1500", "--entities", "releases"];
    Finished::of(Command::new(binary("generate-dumps")).args(month).output().unwrap()).expect_status(0);
    let dump = format!("{raw}/2026-11/discogs_20261101_releases.xml.gz");
    fs::rename(&dump, made.beside("full.xml.gz")).unwrap();
    let dump = made.beside("full.xml.gz").display().to_string();
    let arguments = ["--run-id", RUNS[0], "--threads", "1", "--releases-dump", &dump];

    let disk = Disk::with(&made);
    let lake = disk.as_ref().map_or_else(|| made.root(), Disk::lake);
    let finished = match &disk {
        Some(disk) => {
            disk.fill(700);
            disk.run("ingest-releases", &arguments)
        }
        // A table cannot grow beyond its first pages.
        None if available() => {
            let staged = made.run_folder(0).join("_staging/ingest-releases/release_tracks_v1");
            let part = staged.join(format!("part-{}-00000.parquet", RUNS[0]));
            let full = ["-P", part.to_str().unwrap(), "-e", "trace=write", "-e", "inject=write:error=ENOSPC:when=2+"];
            Finished::of(traced(&made.call("ingest-releases", &arguments), Path::new("/dev/null"), &full))
        }
        None => return,
    };
    let error = finished.expect_status(1).json()["error"].clone();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("/_staging/ingest-releases/") && message.contains("No space left"), "{message}");
    assert!(error["hint"].as_str().unwrap().contains("free some space and run the same command again"));
    invariants::hold(&lake, &[None], "a full disk");
    // What was written of it does not stay in the way of those who free space.
    assert!(!lake.join("_runs").join(RUNS[0]).join("_staging/ingest-releases").exists());

    let again = match &disk {
        Some(disk) => {
            disk.empty();
            disk.run("ingest-releases", &arguments)
        }
        None => made.call("ingest-releases", &arguments).run(),
    };
    again.expect_status(0);
    invariants::hold(&lake, &[None], "a disk with room again");
}

/// stage-tables on a disk that fills up in the middle of it: no table has the run, and the next call ends it.
#[test]
fn a_disk_that_fills_up_while_tables_are_staged() {
    let made = TestLake::at(Stage::Published);
    let Some(disk) = Disk::with(&made) else { return };
    let arguments = ["--run-id", RUNS[4]];
    for left in [100, 400] {
        disk.fill_up();
        disk.must("truncate", &["-s", &format!("-{left}K"), &disk.file("filler")]);
        let finished = disk.run("stage-tables", &arguments).expect_status(1);
        let says = ["No space left", "disk is full"].iter().any(|text| finished.stderr.contains(text));
        assert!(says, "{left} KiB: {}", finished.stderr);
        disk.empty();
        let listed = disk.run("table-history", &[]);
        let none = listed.status == Some(2) || listed.json()["metrics"]["tables"] == 0;
        assert!(none, "{left} KiB: {}", listed.stdout);
    }
    let staged = disk.run("stage-tables", &arguments).expect_status(0).json();
    assert_eq!(staged["metrics"]["tables"], 37);
    assert!(!disk.lake().join("_meta/session.json").exists());
    disk.run("promote", &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"]).expect_status(0);
}

/// append-bronze-dump on a disk that fills up: the table does not exist, nothing stays, and the next call appends the dump.
#[test]
fn a_disk_that_fills_up_while_a_dump_is_appended() {
    let made = TestLake::at(Stage::Begun);
    let raw = made.beside("raw").display().to_string();
    let month = ["--raw-root", &raw, "--dump-month", "2026-11", "--releases", "1500", "--entities", "releases"];
    Finished::of(Command::new(binary("generate-dumps")).args(month).output().unwrap()).expect_status(0);
    let dump = made.beside("full.xml.gz");
    fs::rename(format!("{raw}/2026-11/discogs_20261101_releases.xml.gz"), &dump).unwrap();
    let arguments = ["--run-id", RUNS[0], "--threads", "1", "--bronze", "full", "--bronze-entities", "releases"];
    let arguments = [&arguments[..], &["--releases-dump", dump.to_str().unwrap()]].concat();
    let Some(disk) = Disk::with(&made) else { return };
    for left in [100, 700] {
        disk.fill(left);
        let finished = disk.run("append-bronze-dump", &arguments).expect_status(1);
        let says = ["No space left", "disk is full"].iter().any(|text| finished.stderr.contains(text));
        assert!(says, "{left} KiB: {}", finished.stderr);
        disk.empty();
        assert!(!disk.lake().join("_tables").exists(), "{left} KiB");
        invariants::hold(&disk.lake(), &[None], "a full disk");
    }
    let done = disk.run("append-bronze-dump", &arguments).expect_status(0).json();
    assert_eq!(done["releases"]["rows"], 1500, "{done}");
}

/// prune-runs frees space without needing any: it works even if the holder of a lock cannot be written.
#[test]
fn a_full_disk_can_be_pruned() {
    let made = TestLake::at(Stage::Abandoned);
    let arguments = ["--keep", "1", "--open-hours", "0", "--dry-run=false"];
    // Removes the lock files, because existing ones have room for a holder.
    for lock in fs::read_dir(made.path("_meta/locks")).unwrap() {
        fs::remove_file(lock.unwrap().path()).unwrap();
    }
    let disk = Disk::with(&made);
    let lake = disk.as_ref().map_or_else(|| made.root(), Disk::lake);
    let finished = match &disk {
        Some(disk) => {
            disk.fill_up();
            disk.run("prune-runs", &arguments)
        }
        None if available() => {
            let full = ["-e", "trace=write", "-e", "inject=write:error=ENOSPC:when=1+"];
            let lock = made.path("_meta/locks/lake.lock");
            let full = [&["-P", lock.to_str().unwrap()][..], &full].concat();
            Finished::of(traced(&made.call("prune-runs", &arguments), Path::new("/dev/null"), &full))
        }
        None => return,
    };
    let removed = finished.expect_status(0).json()["removed"].clone();
    assert_eq!(removed, serde_json::json!([RUNS[3], "2026-09__20260920_000000"]));
    invariants::hold(&lake, &[Some(RUNS[2])], "a full disk that was pruned");
}

const CHANGING: [(&str, Stage, &[&str]); 6] = [
    ("ingest-labels", Stage::Begun, &["--run-id", RUNS[0]]),
    ("build-warehouse", Stage::Ingested, &["--run-id", RUNS[0]]),
    ("sanity-check", Stage::Built, &["--run-id", RUNS[0], "--environment", "sample"]),
    ("promote", Stage::Published, &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"]),
    ("rollback", Stage::Published, &[]),
    ("prune-runs", Stage::Published, &["--keep", "1", "--dry-run=false"]),
];

/// Tasks on Iceberg tables, which the lake gets only by the task itself: metadata names the path of its lake.
const STAGING: [(&str, Stage, &[&str]); 1] = [("stage-tables", Stage::Published, &["--run-id", RUNS[4]])];

const LOOKING: [(&str, &[&str]); 3] = [("lake-status", &[]), ("verify-run", &[]), ("prune-runs", &["--keep", "1"])];

#[test]
fn a_lake_that_is_mounted_read_only() {
    for (task, stage, arguments) in CHANGING.into_iter().chain(STAGING) {
        let made = TestLake::at(stage);
        let disk = Disk::with(&made);
        let finished = match &disk {
            Some(disk) => {
                disk.make_read_only();
                disk.run(task, arguments)
            }
            None if available() => refused_as_read_only(task, stage, arguments, &made),
            None => return,
        };
        assert_eq!(finished.status, Some(1), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("mounted read-only; mount it writable"), "{task}:\n{}", finished.stderr);
        if let (Stage::Published, Some(disk)) = (stage, &disk) {
            for (task, arguments) in LOOKING {
                assert_eq!(disk.run(task, arguments).status, Some(0), "{task} only looks");
            }
        }
    }
}

/// Every call that changes files fails, as on a file system that is mounted read-only; of those that open files those
/// that make one, as far as the task comes.
fn refused_as_read_only(task: &str, stage: Stage, arguments: &[&str], lake: &TestLake) -> Finished {
    let calls = writing_calls(&TestLake::at(stage).call(task, arguments));
    let opens = calls.iter().find(|call| call.name == "openat").expect("a lock is opened");
    let changing =
        "?mkdir,?mkdirat,?rename,?renameat,?renameat2,?symlink,?symlinkat,?link,?linkat,?unlink,?unlinkat,?rmdir";
    let changing = format!("inject={changing}:error=EROFS");
    let opening = format!("inject=openat:error=EROFS:when={}", opens.number);
    Finished::of(traced(&lake.call(task, arguments), Path::new("/dev/null"), &["-e", &changing, "-e", &opening]))
}

/// Another user than the lake's: everything is refused, and says whom to ask. Root is one here without its capabilities;
/// anybody else is refused by a lake that may not be written.
#[test]
fn a_lake_of_somebody_else() {
    let is_root = rustix::process::geteuid().is_root();
    for (task, stage, arguments) in CHANGING.into_iter().chain(STAGING) {
        let lake = TestLake::at(stage);
        let root = lake.root().display().to_string();
        let mut command = lake.call(task, arguments);
        let finished = if is_root {
            assert!(Command::new("chown").args(["-R", "65534:65534", &root]).status().unwrap().success());
            let mut plain = command.wrapped_in("setpriv");
            plain.args(["--bounding-set=-all", "--inh-caps=-all"]);
            command.append_to(&mut plain);
            Finished::of(plain.output().unwrap())
        } else {
            let folders = |mode: &str| {
                let found =
                    Command::new("find").args([&root, "-type", "d", "-exec", "chmod", mode, "{}", "+"]).status();
                assert!(found.unwrap().success());
            };
            folders("a-w");
            let finished = command.run();
            folders("u+w");
            finished
        };
        assert_eq!(finished.status, Some(1), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("Permission denied"), "{task}:\n{}", finished.stderr);
        assert!(finished.stderr.contains("check who owns the folder"), "{task}:\n{}", finished.stderr);
        let actives: &[Option<&str>] = if stage == Stage::Published { &[Some(RUNS[2])] } else { &[None] };
        invariants::hold(&lake.root(), actives, task);
    }
}

/// From none to spare up to enough: each number of handles that is tried either does it or says which file could not be
/// opened.
#[test]
fn too_few_file_handles() {
    for (task, stage, arguments) in CHANGING {
        let mut failures = 0;
        for handles in few((5..39).collect(), 8).into_iter().chain([39]) {
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

/// upsert-table on a disk that fills up: there is no table, and the next call makes it whole.
#[test]
fn a_disk_that_is_full_while_a_table_is_upserted() {
    let made = TestLake::at(Stage::Begun);
    let Some(disk) = Disk::with(&made) else { return };
    let rows = (0..20_000).map(|id| format!("{id},name number {id}\n")).collect::<String>();
    let names = made.write("names.csv", format!("id,name\n{rows}")).display().to_string();
    let arguments = ["--table", "mine.filled", "--from", &names, "--key", "id"];
    for left in [100, 400, 1600] {
        disk.fill_up();
        disk.must("truncate", &["-s", &format!("-{left}K"), &disk.file("filler")]);
        let failed = disk.run("upsert-table", &arguments);
        disk.empty();
        if failed.status != Some(0) {
            let says = ["No space left", "disk is full"].iter().any(|text| failed.stderr.contains(text));
            assert!(failed.status == Some(1) && says, "{left} KiB: {}", failed.stderr);
            let table = disk.run("table-history", &["--table", "mine.filled"]);
            assert_eq!(table.status, Some(2), "{left} KiB: {}", table.stdout);
        }
    }
    disk.run("upsert-table", &arguments).expect_status(0);
    let history = disk.run("table-history", &["--table", "mine.filled"]).expect_status(0).json();
    assert_eq!(history["snapshots"][0]["rows"], 20_000);
}

/// refine-table on a disk that fills up: there is neither table until a call makes both whole.
#[test]
fn a_disk_that_is_full_while_a_table_is_refined() {
    let made = TestLake::at(Stage::Begun);
    let Some(disk) = Disk::with(&made) else { return };
    let rows = (0..20_000).map(|id| format!("{id},{}\n", if id % 100 == 0 { "x" } else { "1" })).collect::<String>();
    let file = made.write("prices.csv", format!("id,price\n{rows}")).display().to_string();
    let text = "source: bronze.mine_filled\ntarget: mine.filled\nkey: [id]\ncolumns:\n  - {name: id, type: bigint}\n  \
                - {name: price, type: integer}\n";
    let declaration = made.write("prices.yml", text).display().to_string();
    disk.run("append-bronze", &["--table", "bronze.mine_filled", "--from", &file]).expect_status(0);
    for left in [100, 400, 1600] {
        disk.fill_up();
        disk.must("truncate", &["-s", &format!("-{left}K"), &disk.file("filler")]);
        let failed = disk.run("refine-table", &["--declaration", &declaration]);
        disk.empty();
        if failed.status != Some(0) {
            let says = ["No space left", "disk is full"].iter().any(|text| failed.stderr.contains(text));
            assert!(failed.status == Some(1) && says, "{left} KiB: {}", failed.stderr);
            for table in ["mine.filled", "mine.filled_rejected"] {
                let history = disk.run("table-history", &["--table", table]);
                assert_eq!(history.status, Some(2), "{left} KiB: {}", history.stdout);
            }
        }
    }
    disk.run("refine-table", &["--declaration", &declaration]).expect_status(0);
    for (table, rows) in [("mine.filled", 19_800), ("mine.filled_rejected", 200)] {
        let history = disk.run("table-history", &["--table", table]).expect_status(0).json();
        assert_eq!(history["snapshots"][0]["rows"], rows);
    }
}
