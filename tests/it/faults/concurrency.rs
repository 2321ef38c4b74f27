//! Two of every task at once, and readers while `active` moves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use discogs_lakehouse::lake::{Lake, SealedRun};
use duckdb::Connection;
use rustix::process::{Pid, Signal};

use super::invariants;
use super::lake::{RUNS, Stage};
use super::sample::times;
use super::trace::{Call, available, strace_stopping, writing_calls};
use crate::support::Finished;
use crate::support::TestLake;

#[test]
fn two_of_every_task_at_once() {
    let sample = &["--run-id", RUNS[0], "--environment", "sample"][..];
    let run = &["--run-id", RUNS[0]][..];
    let promote = &["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"][..];
    let prune = &["--keep", "1", "--open-hours", "0", "--dry-run=false"][..];
    let between = &["--from-run-id", RUNS[0], "--to-run-id", RUNS[1]][..];
    let collection = super::lake::collection().display().to_string();
    for (stage, task, arguments, actives) in [
        (Stage::Begun, "ingest-artists", run, vec![None]),
        (Stage::Begun, "ingest-labels", run, vec![None]),
        (Stage::Begun, "ingest-masters", run, vec![None]),
        (Stage::Begun, "ingest-releases", run, vec![None]),
        (Stage::Ingested, "build-warehouse", run, vec![None]),
        (Stage::Built, "sanity-check", sample, vec![None]),
        (Stage::Published, "promote", promote, vec![Some(RUNS[4])]),
        (Stage::Published, "rollback", &["--from-run-id", RUNS[2]], vec![Some(RUNS[1])]),
        (Stage::Published, "prune-runs", prune, vec![Some(RUNS[2])]),
        (Stage::Published, "report-active", &["--environment", "sample"], vec![Some(RUNS[2])]),
        (Stage::Published, "verify-run", &[], vec![Some(RUNS[2])]),
        (Stage::Published, "lake-status", &[], vec![Some(RUNS[2])]),
        (Stage::Begun, "ingest-collection", &["--run-id", RUNS[0], "--collection", &collection], vec![None]),
        (Stage::Begun, "sample-dumps", &["--run-id", RUNS[0], "--do-xml-tests", "--xml-test-records", "9"], vec![None]),
        (Stage::Published, "update-run-registry", &[], vec![Some(RUNS[2])]),
        (Stage::Measured, "compute-kpis", &["--only-run-id", RUNS[2]], vec![Some(RUNS[2])]),
        (Stage::Measured, "export-history", &[], vec![Some(RUNS[2])]),
        (Stage::Published, "diff-runs", between, vec![Some(RUNS[2])]),
        (Stage::Published, "diff-runs", &[between, &["--output", "feed"]].concat(), vec![Some(RUNS[2])]),
        (Stage::Published, "register-tables", &[], vec![Some(RUNS[2])]),
        (Stage::Published, "stage-tables", &["--run-id", RUNS[4]], vec![Some(RUNS[2])]),
        (Stage::Staged, "rollback-table", &["--to", RUNS[1]], vec![Some(RUNS[2])]),
        (Stage::Staged, "rebuild-catalog", &[], vec![Some(RUNS[2])]),
        (Stage::Staged, "build-gold", &["--tables", "style_trend"], vec![Some(RUNS[2])]),
        (Stage::Staged, "append-bronze-dump", &["--run-id", RUNS[0], "--bronze", "full"], vec![Some(RUNS[2])]),
    ] {
        for _ in 0..times(1, 3) {
            let lake = TestLake::at(stage);
            let both = [0, 1].map(|_| lake.call(task, arguments).spawn());
            let both = both.map(|child| Finished::of(child.wait_with_output().unwrap()));
            let statuses = both.each_ref().map(|finished| finished.status);
            // One does it. The other finds it done, or is told who is at it.
            let fine = statuses.contains(&Some(0)) && statuses.iter().all(|status| [Some(0), Some(4)].contains(status));
            assert!(fine, "{task}: {statuses:?}\n{}\n{}", both[0].stderr, both[1].stderr);
            for finished in both.iter().filter(|finished| finished.status == Some(4)) {
                assert!(
                    finished.stderr.contains(&format!("is locked by {task} (pid ")),
                    "{task}:\n{}",
                    finished.stderr
                );
            }
            invariants::hold(&lake.root(), &actives, task);
        }
    }
}

#[test]
fn two_preflights_at_once_make_one_run() {
    let lake = TestLake::at(Stage::Begun);
    fs::remove_dir_all(lake.run_folder(0)).unwrap();
    let raw = super::lake::dump("dumps", "labels").parent().unwrap().parent().unwrap().display().to_string();
    let arguments = ["--dump-month", "2026-11", "--raw-root", &raw, "--run-id", RUNS[0]];
    let both = [0, 1].map(|_| lake.call("preflight", &arguments).spawn());
    let statuses = both.map(|child| child.wait_with_output().unwrap().status.code());
    assert!(statuses.contains(&Some(0)) && statuses.iter().all(|status| [Some(0), Some(4)].contains(status)));
    lake.call("preflight", &arguments).run().expect_status(0);
    invariants::hold(&lake.root(), &[None], "two preflights");
}

/// A task that is stopped behind one of the calls by which it changes files, until the run it has looked up was pruned.
fn pruned_under(
    make: impl Fn() -> TestLake,
    run: &str,
    (task, arguments): (&str, &[&str]),
    at: impl Fn(&[Call]) -> Option<&Call>,
) -> (TestLake, Finished) {
    let calls = writing_calls(&make().call(task, arguments));
    let call = at(&calls).unwrap_or_else(|| panic!("{task} makes no such call: {calls:?}"));
    let lake = make();
    let log = lake.beside("calls");
    let mut strace = strace_stopping(&lake.call(task, arguments), call, &log);
    let mut tracer = strace.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stopped = loop {
        let seen = fs::read_to_string(&log).unwrap_or_default();
        let line = seen.lines().find(|line| line.contains("--- stopped by SIGSTOP"));
        if let Some(pid) = line.and_then(|line| Pid::from_raw(line.split(' ').next()?.parse().ok()?)) {
            break pid;
        }
        assert!(tracer.try_wait().unwrap().is_none(), "{task} was not stopped:\n{seen}");
        std::thread::sleep(Duration::from_millis(10));
    };
    let prune = ["--keep", "1", "--open-hours", "0", "--dry-run=false"];
    let pruned = lake.call("prune-runs", &prune).run().expect_status(0).json();
    assert!(pruned["removed"].as_array().unwrap().contains(&run.into()), "{pruned}");
    rustix::process::kill_process(stopped, Signal::CONT).unwrap();
    (lake, Finished::of(tracer.wait_with_output().unwrap()))
}

/// Between looking a run up and having its lock, or where a task needs none, a prune may take the run away. It stays away.
#[test]
fn a_run_that_was_pruned_does_not_rise_again() {
    if !available() {
        return;
    }
    const OPEN: &str = "2026-09__20260920_000000";
    let opened = |calls: &[Call], run: &str| {
        let lock = format!("/_meta/locks/{run}.lock");
        calls.iter().position(|call| call.name.starts_with("open") && call.text.contains(&lock))
    };
    let hold = |(lake, finished): (TestLake, Finished), run: &str, task: &str| {
        let finished = finished.expect_status(2).expect_stderr(&format!("{task}: there is no run {run}"));
        assert!(!lake.path("_runs").join(run).exists(), "{task} made it again:\n{}", finished.stderr);
        invariants::hold(&lake.root(), &[Some(RUNS[2])], task);
    };

    // By another name: its own says that it is of another month.
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("labels.xml.gz");
    fs::copy(super::lake::dump("dumps", "labels"), &dump).unwrap();
    let dump = dump.display().to_string();
    let ingest = ["--run-id", OPEN, "--threads", "1", "--labels-dump", &dump];
    let make = || TestLake::at(Stage::Abandoned);
    let pruned = pruned_under(make, OPEN, ("ingest-labels", &ingest), |calls| calls.get(opened(calls, OPEN)?));
    hold(pruned, OPEN, "ingest-labels");

    let make = || {
        let lake = TestLake::at(Stage::Abandoned);
        fs::remove_file(lake.run_folder(3).join("_manifest.json")).unwrap();
        fs::create_dir(lake.path("_runs/2026-12__20261220_000000")).unwrap();
        lake
    };
    let check = ["--run-id", RUNS[3], "--threads", "1", "--environment", "sample"];
    let pruned = pruned_under(make, RUNS[3], ("sanity-check", &check), |calls| calls.get(opened(calls, RUNS[3])?));
    hold(pruned, RUNS[3], "sanity-check");

    // The first of the forms of its report is in place, the file and what names it.
    let report = ["--report-run-id", RUNS[3], "--threads", "1", "--environment", "sample"];
    fn first_form(calls: &[Call]) -> Option<&Call> {
        let placed =
            calls.iter().position(|call| call.name.starts_with("rename") && call.text.contains("/_reports/"))?;
        calls[placed..].iter().filter(|call| call.name == "fsync").nth(1)
    }
    let pruned = pruned_under(|| TestLake::at(Stage::Published), RUNS[3], ("report-active", &report), first_form);
    hold(pruned, RUNS[3], "report-active");
}

/// Tasks of different kinds on one run: writers share it, the seal waits for none of them.
#[test]
fn a_run_is_not_sealed_under_its_writers() {
    let lake = TestLake::at(Stage::Built);
    let lock = lake.path(&format!("_meta/locks/{}.lock", RUNS[0]));
    let mut writer = Command::new("flock").args(["-o", "-s"]).arg(&lock).args(["sleep", "60"]).spawn().unwrap();
    let arguments = ["--run-id", RUNS[0], "--environment", "sample"];
    while Command::new("flock").args(["-x", "-n"]).arg(&lock).arg("true").status().unwrap().success() {}
    lake.call("sanity-check", &arguments).run().expect_status(4).expect_stderr("is locked by");
    assert!(!lake.run_folder(0).join("_manifest.json").exists());
    // The holder dies; its lock goes with it, and the file that stays blocks no task.
    writer.kill().unwrap();
    writer.wait().unwrap();
    while !Command::new("flock").args(["-x", "-n"]).arg(&lock).arg("true").status().unwrap().success() {}
    lake.call("sanity-check", &arguments).run().expect_status(0);
}

#[test]
fn a_stale_lock_file_blocks_nobody() {
    let lake = TestLake::at(Stage::Published);
    let holder = "{\"pid\":1,\"task\":\"promote\",\"host\":\"elsewhere\",\"since\":\"2020-01-01T00:00:00Z\"}";
    fs::write(lake.path("_meta/locks/lake.lock"), holder).unwrap();
    lake.call("rollback", &[]).run().expect_status(0);
    fs::write(lake.path("_meta/locks/lake.lock"), "not JSON").unwrap();
    lake.call("rollback", &[]).run().expect_status(0);
}

/// A reader asks for the run of every row of a table, through the names that people use.
struct Readers<'r> {
    active: &'r Path,
    stop: AtomicBool,
    whole: AtomicUsize,
    loud: AtomicUsize,
}

impl Readers<'_> {
    /// What a reader saw: the runs its rows came from, or that a file was gone.
    fn count(&self, seen: Result<BTreeSet<String>, String>) {
        match seen {
            Ok(runs) => {
                assert_eq!(runs.len(), 1, "a mixture of {runs:?}");
                assert!(RUNS.contains(&runs.first().unwrap().as_str()), "{runs:?}");
                self.whole.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let gone = ["No such file", "No files found", "no longer exists", "Cannot open"];
                assert!(gone.iter().any(|part| error.contains(part)), "not a file that has gone: {error}");
                self.loud.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A table through `active`; the run is in the file names. Then two tables of a run that is pinned first: a query that
    /// names two tables through `active` looks it up twice.
    fn by_duckdb(&self) {
        let connection = Connection::open_in_memory().unwrap();
        let of = |run: &Path, table: &str| {
            let files = format!("{}/{table}/*.parquet", run.display());
            format!("SELECT parse_filename(filename)[6:29] FROM read_parquet('{files}', filename = true)")
        };
        let ask = |query: &str| {
            connection.prepare(query).and_then(|mut statement| {
                let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
                rows.collect::<Result<BTreeSet<_>, _>>()
            })
        };
        while !self.stop.load(Ordering::Relaxed) {
            self.count(ask(&of(self.active, "releases_v6")).map_err(|error| error.to_string()));
            let pinned = fs::canonicalize(self.active).unwrap();
            let both = format!("{} UNION {}", of(&pinned, "labels_v10"), of(&pinned, "releases_v6"));
            self.count(ask(&both).map_err(|error| error.to_string()));
        }
    }

    /// One table by its description: the files that it names are there with their sizes, or one is gone.
    fn by_names(&self) {
        let table = self.active.join("releases_v6");
        while !self.stop.load(Ordering::Relaxed) {
            let seen = (|| -> std::io::Result<BTreeSet<String>> {
                let description: serde_json::Value = serde_json::from_slice(&fs::read(table.join("_dataset.json"))?)?;
                for file in description["files"].as_array().unwrap() {
                    let bytes = fs::read(table.join(file["name"].as_str().unwrap()))?;
                    assert_eq!(bytes.len() as u64, file["bytes"].as_u64().unwrap(), "a file of another run");
                }
                Ok(BTreeSet::from([description["run_id"].as_str().unwrap().to_owned()]))
            })();
            self.count(seen.map_err(|error| error.to_string()));
        }
    }

    /// The run is pinned first, as docs tell those who want several tables of one run.
    fn by_pinned_run(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let seen = fs::canonicalize(self.active).and_then(|run| {
                let of = |table: &str| -> std::io::Result<String> {
                    let text = fs::read(run.join(table).join("_dataset.json"))?;
                    let description: serde_json::Value = serde_json::from_slice(&text)?;
                    Ok(description["run_id"].as_str().unwrap().to_owned())
                };
                ["labels_v10", "releases_v6", "warehouse_discogs/release_artists_v1"].into_iter().map(of).collect()
            });
            self.count(seen.map_err(|error| error.to_string()));
        }
    }
}

#[test]
fn readers_see_one_run_while_active_moves() {
    let lake = TestLake::at(Stage::Published);
    let active = lake.path("active");
    let readers = Readers {
        active: &active,
        stop: AtomicBool::new(false),
        whole: AtomicUsize::new(0),
        loud: AtomicUsize::new(0),
    };
    let missing = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| readers.by_duckdb());
        scope.spawn(|| readers.by_names());
        scope.spawn(|| readers.by_pinned_run());
        scope.spawn(|| {
            while !readers.stop.load(Ordering::Relaxed) {
                let there = fs::metadata(active.join("_manifest.json")).is_ok();
                missing.fetch_add(usize::from(!there), Ordering::Relaxed);
            }
        });
        let switched = std::panic::catch_unwind(|| switch(&lake));
        readers.stop.store(true, Ordering::Relaxed);
        switched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    let (whole, loud) = (readers.whole.into_inner(), readers.loud.into_inner());
    eprintln!("{} switches: {whole} reads of one run, {loud} loud errors, 0 mixtures", switches());
    assert_eq!(missing.into_inner(), 0, "there were instants without active");
    assert!(whole > 100);
}

/// `query` looks `active` up once: every table that it gives SQL is of the run that it names, by the run's own path.
#[test]
fn a_query_is_over_one_run() {
    let lake = TestLake::at(Stage::Published);
    let sql = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal";
    let csv = lake.beside("views.csv").display().to_string();
    let asked = lake.call("query", &["--sql", sql, "--csv", &csv]).run().expect_status(0).json();
    assert_eq!(asked["run_id"], RUNS[2]);
    let views = fs::read_to_string(csv).unwrap();
    let files: Vec<_> = views.split('\'').filter(|text| text.ends_with(".parquet")).collect();
    assert!(files.len() > 30, "{views}");
    let run = lake.run_folder(2).display().to_string();
    let outside: Vec<_> = files.iter().filter(|file| !file.starts_with(&run)).collect();
    assert!(outside.is_empty(), "{outside:?}");
}

/// How often `active` moves while others read.
fn switches() -> usize {
    times(200, 1000)
}

/// Most by the call that promote makes, the last by promote and rollback themselves.
fn switch(lake: &TestLake) {
    const BY_BINARIES: usize = 20;
    let own = Lake::open(&lake.root()).unwrap();
    let sealed = [3, 4].map(|index: usize| SealedRun::open(&own.run(&RUNS[index].parse().unwrap()).unwrap()).unwrap());
    let locked = own.lock("promote").unwrap();
    for turn in 0..switches() - BY_BINARIES {
        locked.switch_to(&sealed[turn % 2]).unwrap();
    }
    drop(locked);
    for _ in 0..BY_BINARIES / 2 {
        lake.call("promote", &["--run-id", RUNS[3], "--run-mode", "prod", "--allow-promote"]).run().expect_status(0);
        lake.call("rollback", &[]).run().expect_status(0);
    }
}
