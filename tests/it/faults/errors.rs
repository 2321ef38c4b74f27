//! Errors instead of kills: the calls that change files fail once with each error that they may meet, a sample of them or
//! all with `DISCOGS_FAULTS=all`. The task ends with one line that names the file, existing files stay whole, and nothing
//! is committed behind a flush that failed.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::invariants;
use super::lake::{RUNS, Stage, raw_root};
use super::sample::sample;
use super::trace::{Call, available, run_with_fault, writing_calls};
use crate::support::TestLake;
use crate::support::{Finished, TestCommand};

/// Returns the errors to inject at a call, each with a part of the advice that it must give.
fn errors_of(call: &Call) -> &'static [(&'static str, &'static str)] {
    const DISK: (&str, &str) = ("EIO", "system log");
    const FULL: (&str, &str) = ("ENOSPC", "free some space");
    const FORBIDDEN: (&str, &str) = ("EACCES", "check who owns");
    const READ_ONLY: (&str, &str) = ("EROFS", "mounted read-only");
    match call.name.as_str() {
        "fsync" | "fdatasync" | "syncfs" => &[DISK],
        "write" | "pwrite64" | "writev" => &[DISK, FULL],
        "rename" | "renameat" | "renameat2" => &[DISK, FORBIDDEN],
        "open" | "openat" | "mkdir" | "mkdirat" | "symlink" | "symlinkat" => &[FULL, FORBIDDEN, READ_ONLY],
        "chmod" | "fchmodat" => &[READ_ONLY],
        _ => &[FORBIDDEN],
    }
}

/// Whether an error of this call changes nothing: it only writes a message or the holder of a lock, or cleans up after a
/// failure.
fn may_fail(call: &Call) -> bool {
    let writes = ["write", "ftruncate"].contains(&call.name.as_str());
    let to_people = writes && (!call.text.contains("/lake/") || call.text.contains("/_meta/locks/"));
    let tidying = call.name == "unlinkat" || call.name == "rmdir";
    to_people || tidying
}

/// Whether a call commits something that readers or later tasks find.
fn commits(line: &str) -> bool {
    let target = line.rsplit_once("\", ").map_or("", |_| line.rsplit('"').nth(1).unwrap_or_default());
    line.contains("rename")
        && !target.contains("/_tasks/")
        && !target.contains("/_reports/")
        && !target.contains("_staging")
}

struct Trial<'t> {
    name: &'t str,
    stage: Stage,
    arguments: &'t [&'t str],
    actives: &'t [Option<&'t str>],
    /// Injects every error at every call. Otherwise one error at each call, in turn, and of the files that are made read-only
    /// one after the other only at every 25th.
    thorough: bool,
}

impl Trial<'_> {
    fn command(&self, lake: &TestLake) -> TestCommand {
        lake.call(self.name, self.arguments)
    }

    fn at_calls(&self) {
        let calls = writing_calls(&self.command(&TestLake::at(self.stage)));
        let alike = |call: &Call| !self.thorough && call.name.contains("chmod") && call.number % 25 != 1;
        let mut trials = Vec::new();
        for (turn, call) in calls.iter().filter(|call| !alike(call)).enumerate() {
            let errors = errors_of(call);
            match self.thorough {
                true => trials.extend(errors.iter().map(|error| (call, *error))),
                false => trials.push((call, errors[turn % errors.len()])),
            }
        }
        let total = trials.len();
        let trials = sample(trials, |(call, (error, _))| format!("{} {error}", call.name));
        let next = AtomicUsize::new(0);
        let states = Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    while let Some((call, error)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.at(call, *error, &states);
                    }
                });
            }
        });
        eprintln!("{}: {} of {total} errors at {} calls", self.name, trials.len(), calls.len());
    }

    fn at(&self, call: &Call, (error, advice): (&str, &str), states: &Mutex<BTreeSet<String>>) {
        let when = format!("{} with {error} at {} number {}, {}", self.name, call.name, call.number, call.text);
        let lake = TestLake::at(self.stage);
        let log = lake.beside("calls");
        let output =
            run_with_fault(&self.command(&lake), call, &format!("error={error}"), &log, "?rename,?renameat,?renameat2");
        let finished = Finished::of(output);
        let calls = fs::read_to_string(&log).unwrap();
        let failed =
            calls.lines().position(|line| line.contains("(INJECTED)")).unwrap_or_else(|| panic!("{when}: not met"));
        self.hold(&lake, &when);
        if !may_fail(call) {
            assert_eq!(finished.status, Some(1), "{when}:\n{}", finished.stderr);
            let report = finished.json()["error"].clone();
            let message = report["message"].as_str().unwrap();
            // A lake that is made is an entry of the folder above it.
            let root = lake.root();
            let named = if self.stage == Stage::Nothing { root.parent().unwrap() } else { &root };
            let named = named.display().to_string();
            assert!(message.contains(&named), "{when}: no file in {message}");
            let hint = report["hint"].as_str().unwrap_or_default();
            assert!(hint.contains(advice), "{when}: the hint is {hint:?}; {message}");
            let advised = if hint.is_empty() { String::new() } else { format!("; {hint}") };
            let line = format!("{}: {message}{advised}\n", self.name);
            assert!(finished.stderr.ends_with(&line), "{when}:\n{}", finished.stderr);
            if call.name.contains("sync") {
                let later: Vec<_> = calls.lines().skip(failed).filter(|line| commits(line)).collect();
                assert!(later.is_empty(), "{when}: {later:?} came after");
            }
        }
        // A task is deterministic, so it is run again once for each distinct state.
        if !states.lock().unwrap().insert(invariants::fingerprint(&lake.root())) {
            return;
        }
        let again = self.command(&lake).run();
        assert_eq!(again.status, Some(0), "{when}; run again:\n{}", again.stderr);
        self.hold(&lake, &format!("{when}; run again"));
    }

    fn hold(&self, lake: &TestLake, when: &str) {
        let copied = if self.stage == Stage::Copied { &RUNS[4..] } else { &[] };
        invariants::hold_with_copied(&lake.root(), self.actives, copied, when);
    }
}

#[test]
fn ingest() {
    if available() {
        let arguments = ["--run-id", RUNS[0], "--threads", "1"];
        Trial { name: "ingest-labels", stage: Stage::Begun, arguments: &arguments, actives: &[None], thorough: true }
            .at_calls();
    }
}

#[test]
fn build() {
    if available() {
        let arguments = ["--run-id", RUNS[0], "--threads", "1"];
        Trial {
            name: "build-warehouse",
            stage: Stage::Ingested,
            arguments: &arguments,
            actives: &[None],
            thorough: false,
        }
        .at_calls();
    }
}

#[test]
fn seal() {
    if available() {
        let arguments = ["--run-id", RUNS[0], "--threads", "1", "--environment", "sample"];
        Trial { name: "sanity-check", stage: Stage::Built, arguments: &arguments, actives: &[None], thorough: false }
            .at_calls();
    }
}

#[test]
fn publish_and_go_back() {
    if available() {
        let arguments = ["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"];
        let actives = [Some(RUNS[2]), Some(RUNS[4])];
        Trial { name: "promote", stage: Stage::Published, arguments: &arguments, actives: &actives, thorough: true }
            .at_calls();
        let actives = [Some(RUNS[2]), Some(RUNS[1])];
        let arguments = ["--from-run-id", RUNS[2]];
        Trial { name: "rollback", stage: Stage::Published, arguments: &arguments, actives: &actives, thorough: true }
            .at_calls();
    }
}

#[test]
fn prune() {
    if available() {
        let arguments = ["--keep", "1", "--open-hours", "0", "--dry-run=false"];
        let actives = [Some(RUNS[2])];
        Trial {
            name: "prune-runs",
            stage: Stage::Published,
            arguments: &arguments,
            actives: &actives,
            thorough: false,
        }
        .at_calls();
    }
}

#[test]
fn preflight() {
    if available() {
        let raw_root = raw_root().display().to_string();
        let arguments = ["--run-id", RUNS[0], "--dump-month", "2026-11", "--raw-root", &raw_root, "--min-free", "0"];
        Trial { name: "preflight", stage: Stage::Nothing, arguments: &arguments, actives: &[None], thorough: true }
            .at_calls();
    }
}

#[test]
fn history() {
    if available() {
        let actives = [Some(RUNS[2])];
        for (name, stage, arguments) in [
            ("update-run-registry", Stage::Published, &[][..]),
            ("compute-kpis", Stage::Measured, &["--only-run-id", RUNS[2], "--threads", "1"]),
            ("export-history", Stage::Measured, &[]),
            ("verify-run", Stage::Copied, &["--run-id", RUNS[4], "--accept-seal"]),
        ] {
            Trial { name, stage, arguments, actives: &actives, thorough: false }.at_calls();
        }
    }
}
