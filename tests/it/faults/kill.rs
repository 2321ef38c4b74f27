//! Kills a task at the calls by which it changes files, one trial a call: a sample of them, or all with
//! `DISCOGS_FAULTS=all`. After each kill `active` is a sealed run, every dataset is whole, nothing unfinished is outside of
//! `_staging`, and the same command succeeds when it is run again.

mod beside_runs;
mod bronze;
mod databases;
mod gold;
mod own;
mod refine;
mod rest;
mod retention;
mod shell;
mod tables;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::invariants;
use super::lake::{RUNS, Stage, dump, parts_at};
use super::sample::{few, sample};
use super::trace::{Call, available, run_with_fault, writing_calls};
use crate::support::TestCommand;
use crate::support::TestLake;

/// A command, the lake that it works on, and the outcome to expect.
struct Trial<'t> {
    name: &'t str,
    stage: Stage,
    arguments: &'t [&'t str],
    /// Where `active` may be after a kill.
    actives: &'t [Option<&'t str>],
    /// Checks the lake after the command was run again; returns what is wrong.
    done: &'t (dyn Fn(&TestLake) -> Result<(), String> + Sync),
}

impl Trial<'_> {
    fn command(&self, lake: &TestLake) -> TestCommand {
        lake.call(self.name, self.arguments)
    }

    /// Sends this signal at the calls of the sample, or at every call; returns how many calls the task makes.
    fn at_calls(&self, signal: &str) -> usize {
        self.at_calls_of(signal, |calls| sample(calls, |call| call.name.clone()))
    }

    /// Like [`Trial::at_calls`], with a smaller sample, for lakes that cannot be copied and are made for each trial.
    fn at_few_calls(&self, signal: &str) -> usize {
        self.at_calls_of(signal, |calls| few(calls, 4))
    }

    fn at_calls_of(&self, signal: &str, sample: impl Fn(Vec<Call>) -> Vec<Call>) -> usize {
        let clean = TestLake::at(self.stage);
        let calls = writing_calls(&self.command(&clean));
        (self.done)(&clean).unwrap();
        let total = calls.len();
        let calls = sample(calls);
        let states = Mutex::new(BTreeMap::new());
        let next = AtomicUsize::new(0);
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.at(call, signal, &states);
                    }
                });
            }
        });
        let states = states.into_inner().unwrap().len();
        let shown = self.arguments.first().filter(|_| self.arguments.len() < 3).copied().unwrap_or_default();
        eprintln!("{} {shown}: SIG{signal} at {} of {total} calls, {states} states", self.name, calls.len());
        total
    }

    fn hold(&self, lake: &TestLake, when: &str) {
        let copied = if self.stage == Stage::Copied { &RUNS[4..] } else { &[] };
        invariants::hold_with_copied(&lake.root(), self.actives, copied, when);
    }

    fn at(&self, call: &Call, signal: &str, states: &Mutex<BTreeMap<String, Call>>) {
        let when =
            format!("{} stopped by SIG{signal} before {} number {}, {}", self.name, call.name, call.number, call.text);
        let lake = TestLake::at(self.stage);
        let fault = format!("signal={signal}");
        let output = run_with_fault(&self.command(&lake), call, &fault, Path::new("/dev/null"), "");
        match signal {
            "KILL" => assert_eq!(output.status.signal(), Some(9), "{when}: it was not"),
            // A signal that can be caught may come when all is done.
            _ => assert!([Some(0), Some(143)].contains(&output.status.code()), "{when}: {:?}", output.status),
        }
        self.hold(&lake, &when);
        // A task is deterministic, so it is run again once for each distinct state.
        let state = invariants::fingerprint(&lake.root());
        if states.lock().unwrap().insert(state, call.clone()).is_some() {
            return;
        }
        let again = self.command(&lake).run();
        assert_eq!(again.status, Some(0), "{when}; run again:\n{}", again.stderr);
        self.hold(&lake, &format!("{when}; run again"));
        (self.done)(&lake).unwrap_or_else(|what| panic!("{when}; run again: {what}"));
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found:?}, expected {expected:?}")) }
}

/// Compares the parts of the first run with those of a stage, byte for byte, for tables whose path begins with `tables`.
fn same_parts(lake: &TestLake, stage: Stage, tables: &str) -> Result<(), String> {
    let of = |parts: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
        parts.into_iter().filter(|(path, _)| path.to_str().unwrap().starts_with(tables)).collect()
    };
    if of(lake.parts(0)) == of(parts_at(stage)) { Ok(()) } else { Err(format!("{tables}* has other bytes")) }
}

fn ingest_labels<'t>(
    arguments: &'t [&'t str],
    done: &'t (dyn Fn(&TestLake) -> Result<(), String> + Sync),
) -> Trial<'t> {
    Trial { name: "ingest-labels", stage: Stage::Begun, arguments, actives: &[None], done }
}

#[test]
fn ingest() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| same_parts(lake, Stage::Ingested, "label");
    let trial = ingest_labels(&["--run-id", RUNS[0], "--threads", "1"], &done);
    assert!(trial.at_calls("KILL") > 40);
    assert!(trial.at_calls("TERM") > 40);
}

#[test]
fn ingest_that_replaces() {
    if !available() {
        return;
    }
    // Under a name of its own: the CHECKSUM of the month speaks of the file that preflight found.
    let other = dump("other", "labels").with_file_name("other.xml.gz");
    let _ = std::fs::copy(dump("other", "labels"), &other);
    let arguments = ["--run-id", RUNS[0], "--threads", "1", "--replace", "--labels-dump", other.to_str().unwrap()];
    let done = |lake: &TestLake| {
        let tables = ["labels_v10", "label_urls_v1", "label_sublabels_v1"];
        let again = lake.call("ingest-labels", &arguments).run().json();
        equal(again["status"].as_str(), Some("already_done"))?;
        equal(tables.map(|table| lake.run_folder(0).join(table).is_dir()), [true; 3])
    };
    let trial = Trial { stage: Stage::Ingested, ..ingest_labels(&arguments, &done) };
    trial.at_calls("KILL");
    trial.at_calls("TERM");
}

#[test]
fn build() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| same_parts(lake, Stage::Built, "");
    let arguments = ["--run-id", RUNS[0], "--threads", "1"];
    let trial =
        Trial { name: "build-warehouse", stage: Stage::Ingested, arguments: &arguments, actives: &[None], done: &done };
    trial.at_calls("KILL");
}

#[test]
fn seal() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| equal(lake.run_folder(0).join("_manifest.json").is_file(), true);
    let arguments = ["--run-id", RUNS[0], "--threads", "1", "--environment", "sample"];
    let trial =
        Trial { name: "sanity-check", stage: Stage::Built, arguments: &arguments, actives: &[None], done: &done };
    trial.at_calls("KILL");
}

/// The verdict that report-active reuses. A task killed while it writes the verdict leaves a run that is not sealed, so no
/// manifest names half of one.
#[test]
fn verdict() {
    if !available() {
        return;
    }
    let arguments = ["--run-id", RUNS[0], "--threads", "1", "--environment", "sample"];
    let done = |lake: &TestLake| {
        let kept = invariants::sha256(&lake.run_folder(0).join("_reports/verdict.json"));
        let manifest = lake.json(&format!("_runs/{}/_manifest.json", RUNS[0]));
        equal(manifest["checks"]["verdict_sha256"].as_str(), Some(kept.as_str()))?;
        let report = lake.call("report-active", &["--report-run-id", RUNS[0], "--threads", "1"]).run().json();
        equal(report["verdict"].as_str(), Some("reused"))
    };
    let trial =
        Trial { name: "sanity-check", stage: Stage::Built, arguments: &arguments, actives: &[None], done: &done };
    // From the file under its temporary name to the flush of its folder.
    trial.at_calls_of("KILL", |calls| {
        let renames = |call: &Call| call.name.starts_with("rename");
        let placed = calls.iter().position(|call| renames(call) && call.text.contains("/verdict.json")).unwrap();
        let begun = calls[..placed].iter().rposition(renames).unwrap() + 2;
        calls[begun..placed + 3].to_vec()
    });
}

#[test]
fn publish_and_go_back() {
    if !available() {
        return;
    }
    let (old, new) = (Some(RUNS[2]), Some(RUNS[4]));
    let done = |lake: &TestLake| equal(lake.active().as_deref(), new);
    let arguments = ["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"];
    let promote =
        Trial { name: "promote", stage: Stage::Published, arguments: &arguments, actives: &[old, new], done: &done };
    promote.at_calls("KILL");
    promote.at_calls("TERM");

    // With from_run_id it goes back once, however often it is run.
    let done = |lake: &TestLake| equal(lake.active().as_deref(), Some(RUNS[1]));
    let arguments = ["--from-run-id", RUNS[2]];
    let actives = [old, Some(RUNS[1])];
    let rollback = Trial { name: "rollback", arguments: &arguments, actives: &actives, done: &done, ..promote };
    rollback.at_calls("KILL");
    rollback.at_calls("TERM");

    // Without from_run_id it goes back from the run that is active, so a kill after the rename counts as one step.
    let done = |lake: &TestLake| equal([Some(RUNS[0]), Some(RUNS[1])].contains(&lake.active().as_deref()), true);
    let actives = [old, Some(RUNS[1]), Some(RUNS[0])];
    let bare = Trial { arguments: &[], actives: &actives, done: &done, ..rollback };
    bare.at_calls("KILL");
}

#[test]
fn prune() {
    if !available() {
        return;
    }
    let done = |lake: &TestLake| {
        equal(lake.run_folder(3).exists(), false)?;
        equal(lake.path(&format!("_meta/seals/{}.sha256", RUNS[3])).exists(), false)?;
        equal([0, 1, 2, 4].map(|index| lake.run_folder(index).is_dir()), [true; 4])?;
        equal(std::fs::read_dir(lake.path("_meta/_staging")).unwrap().count(), 0)
    };
    let arguments = ["--keep", "1", "--open-hours", "0", "--dry-run=false"];
    let trial = Trial {
        name: "prune-runs",
        stage: Stage::Published,
        arguments: &arguments,
        actives: &[Some(RUNS[2])],
        done: &done,
    };
    trial.at_calls("KILL");
    trial.at_calls("TERM");
}
